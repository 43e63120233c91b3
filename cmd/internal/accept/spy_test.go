package accept

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
)

// spies are the kinds of this program, each node of which is watched: what opened it, what it gave and what it was told.
type spies struct {
	mu    sync.Mutex
	lives map[string]*life // "camera/gate", "detector/motion", "sink/log"
}

// life is what is known of the nodes of one id, one after the other.
type life struct {
	opened  []string // options of each
	closed  int
	retuned []string // options that were applied
	seen    []sight
}

// sight is one picture, run or record.
type sight struct {
	at     time.Time
	nth    int // of the node that gave it, from 1
	camera string
	what   string
	took   time.Duration // of a run
}

// spiedKinds returns the kinds and who watches them.
func spiedKinds(t testing.TB) (*node.Set, *spies) {
	t.Helper()
	s := &spies{lives: map[string]*life{}}
	var kinds []node.Kind
	for _, k := range all.Kinds() {
		if !k.Built() {
			kinds = append(kinds, k)
			continue
		}
		switch k.Contract.Role {
		case node.RoleCamera:
			kinds = append(kinds, s.camera(k))
		case node.RoleDetector:
			kinds = append(kinds, s.detector(k))
		case node.RoleSink:
			kinds = append(kinds, s.sink(k))
		}
	}
	set, err := node.NewSet(kinds...)
	if err != nil {
		t.Fatal(err)
	}
	return set, s
}

// of returns what is known of a node, as a copy.
func (s *spies) of(id string) life {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lives[id]
	if l == nil {
		return life{}
	}
	out := *l
	out.opened, out.retuned, out.seen = slices.Clone(l.opened), slices.Clone(l.retuned), slices.Clone(l.seen)
	return out
}

// ids are the nodes that were ever opened.
func (s *spies) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for id := range s.lives {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// badge is one node under watch.
type badge struct {
	s   *spies
	id  string
	nth int
	r   node.Retuner
}

func (s *spies) open(role, id, options string, v any) badge {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := badge{s: s, id: role + "/" + id}
	b.r, _ = v.(node.Retuner)
	l := s.lives[b.id]
	if l == nil {
		l = &life{}
		s.lives[b.id] = l
	}
	l.opened = append(l.opened, options)
	b.nth = len(l.opened)
	return b
}

// visitor is the badge of somebody outside: a service that nodes ask.
func (s *spies) visitor(id string) badge { return s.open("service", id, "", nil) }

func (b badge) note(camera, what string, took time.Duration) {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	l := b.s.lives[b.id]
	l.seen = append(l.seen, sight{at: time.Now(), nth: b.nth, camera: camera, what: what, took: took})
}

func (b badge) close() {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	b.s.lives[b.id].closed++
}

// tunable is the badge of a node.Retuner, which its wrapper then is too.
type tunable struct{ badge }

// Retune implements node.Retuner.
func (b tunable) Retune(options json.RawMessage) (func(), error) {
	apply, err := b.r.Retune(options)
	if err != nil {
		return nil, err
	}
	return func() {
		apply()
		b.s.mu.Lock()
		defer b.s.mu.Unlock()
		l := b.s.lives[b.id]
		l.retuned = append(l.retuned, string(options))
	}, nil
}

func (s *spies) camera(k node.Kind) node.Kind {
	return node.Camera(k.Contract, func(env node.CameraEnv, raw json.RawMessage) (node.Source, error) {
		src, err := k.OpenCamera(env, raw)
		if err != nil {
			return nil, err
		}
		b := s.open("camera", env.ID, string(raw), src)
		w := watchedSource{src, b}
		if b.r != nil {
			return struct {
				watchedSource
				tunable
			}{w, tunable{b}}, nil
		}
		return w, nil
	})
}

type watchedSource struct {
	node.Source
	b badge
}

// Open implements node.Source.
func (w watchedSource) Open(ctx context.Context) (node.Stream, error) {
	st, err := w.Source.Open(ctx)
	if err != nil {
		return nil, err
	}
	return watchedStream{st, w.b}, nil
}

type watchedStream struct {
	node.Stream
	b badge
}

// Next implements node.Stream.
func (w watchedStream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	f, err := w.Stream.Next(ctx, alloc)
	if err == nil {
		w.b.note("", fmt.Sprintf("%dx%d %08x", f.Width, f.Height, crc32.ChecksumIEEE(f.Pix())), 0)
	}
	return f, err
}

// Close implements node.Stream.
func (w watchedStream) Close() error {
	w.b.close()
	return w.Stream.Close()
}

func (s *spies) detector(k node.Kind) node.Kind {
	return node.Detector(k.Contract, func(ctx context.Context, env node.DetectorEnv, raw json.RawMessage) (node.Model, error) {
		m, err := k.OpenDetector(ctx, env, raw)
		if err != nil {
			return nil, err
		}
		emits, err := k.Contract.Emits(raw)
		if err != nil {
			return nil, err
		}
		b := s.open("detector", env.ID, string(raw), m)
		w := watchedModel{m, b, emits, env.Threads}
		if b.r != nil {
			return struct {
				watchedModel
				tunable
			}{w, tunable{b}}, nil
		}
		return w, nil
	})
}

type watchedModel struct {
	node.Model
	b       badge
	emits   []node.Emit
	threads int
}

// NewInstance implements node.Model.
func (w watchedModel) NewInstance(ctx context.Context, env node.InstanceEnv) (node.Instance, error) {
	i, err := w.Model.NewInstance(ctx, env)
	if err != nil {
		return nil, err
	}
	return watchedInstance{i, w, string(env.Camera)}, nil
}

// Close implements node.Model.
func (w watchedModel) Close() error {
	w.b.close()
	return w.Model.Close()
}

type watchedInstance struct {
	node.Instance
	m      watchedModel
	camera string
}

// Detect implements node.Instance.
func (w watchedInstance) Detect(ctx context.Context, run *node.Run) error {
	began := time.Now()
	err := w.Instance.Detect(ctx, run)
	var said []string
	for _, o := range run.Outputs() {
		text := o.Value.String()
		if boxes := o.Value.AsBoxes(); boxes != nil {
			var labels []string
			for _, b := range boxes {
				labels = append(labels, b.Label)
			}
			slices.Sort(labels)
			text = strings.TrimSpace(fmt.Sprintf("%d boxes %s", len(boxes), strings.Join(slices.Compact(labels), " ")))
		}
		said = append(said, w.m.emits[o.Index].Name+" "+text)
	}
	if err != nil {
		said = []string{"failed"}
	}
	w.m.b.note(w.camera, strings.Join(append(said, fmt.Sprint("threads ", w.m.threads)), ", "), time.Since(began))
	return err
}

func (s *spies) sink(k node.Kind) node.Kind {
	return node.SinkKind(k.Contract, func(ctx context.Context, env node.Env, raw json.RawMessage) (node.Sink, error) {
		v, err := k.OpenSink(ctx, env, raw)
		if err != nil {
			return nil, err
		}
		b := s.open("sink", env.ID, string(raw), v)
		w := watchedSink{v, b}
		if b.r != nil {
			return struct {
				watchedSink
				tunable
			}{w, tunable{b}}, nil
		}
		return w, nil
	})
}

type watchedSink struct {
	node.Sink
	b badge
}

// Write implements node.Sink.
func (w watchedSink) Write(ctx context.Context, r *node.Record, line []byte) error {
	err := w.Sink.Write(ctx, r, line)
	what := fmt.Sprintf("%s %s %s %s %s labels %v evidence %t", r.Event, r.Camera, r.State, r.Reason, r.Severity, r.Labels, r.Evidence != "")
	if err != nil {
		what = "failed"
	}
	w.b.note(r.Camera, what, 0)
	return err
}

// Close implements node.Sink.
func (w watchedSink) Close() error {
	w.b.close()
	return w.Sink.Close()
}
