package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// TestSwapLaw edits a pipeline of cameras at 60 pictures a second, eight detectors and evidence at random, again and again, and
// compares what happens with a model that knows the edits by name: no picture is lost to a swap, every result is that of the
// detector whose run it was, and there are exactly the events that the signals ask for. RVO_SWAPS says how many edits, and
// RVO_SEED which.
func TestSwapLaw(t *testing.T) {
	edits, seed := 200, rand.Uint64()
	if testing.Short() {
		edits = 40
	}
	if n, err := strconv.Atoi(os.Getenv("RVO_SWAPS")); err == nil {
		edits = n
	}
	if n, err := strconv.ParseUint(os.Getenv("RVO_SEED"), 10, 64); err == nil {
		seed = n
	}
	t.Logf("RVO_SEED=%d", seed)
	synctest.Test(t, func(t *testing.T) {
		l := newLaw(t, seed)
		e := l.k.engine()
		l.e = e
		stop := l.k.start(e)
		time.Sleep(calm)
		l.look("the start")
		begin := l.weigh()
		first := clone(l.k.spec)
		for n := 0; n < edits; {
			before := l.model()
			touched := map[string]bool{}
			burst := 1
			if l.r.IntN(3) == 0 {
				burst += l.r.IntN(4)
			}
			var what []string
			for range burst {
				what = append(what, l.edit(touched))
				l.swap(l.k.graph(), fmt.Sprint(what))
				n++
				if burst > 1 {
					time.Sleep(time.Duration(l.r.IntN(200)) * time.Millisecond)
				}
			}
			time.Sleep(calm)
			l.hold(before, touched, burst == 1, fmt.Sprintf("edit %d: %q", n, what))
			if t.Failed() {
				break
			}
		}
		l.k.spec = first
		l.swap(l.k.graph(), "the way back")
		time.Sleep(time.Minute)
		if end := l.weigh(); end.goroutines > begin.goroutines+1 || end.heap > begin.heap+4<<20 {
			t.Errorf("after %d edits and the way back %+v, at the start %+v", edits, end, begin)
		}
		if e.left.Load() != 0 || e.strays.Load() != 0 {
			t.Errorf("%d nodes and %d calls were left behind", e.left.Load(), e.strays.Load())
		}
		stop()
		if clips := e.evidence.rec.Status(); len(clips) > 0 && clips[0].Dropped != nil {
			for cause, n := range clips[0].Dropped {
				t.Errorf("%d clips dropped: %s", n, cause)
			}
		}
	})
}

// calm is after how long everything has settled: holds are up to a second, and a detector runs ten times a second at least.
const calm = 3 * time.Second

type law struct {
	t *testing.T
	r *rand.Rand
	k *kit
	e *Engine

	next map[string]int // by role: for ids
	seq  map[string]uint64
	runs map[uint64]asked
	told int // records that were looked at

	state map[string]bool // by event@camera: confirmed, as the records have it
	real  bool            // on the real clock: a busy machine may lose pictures
}

// asked is a run that is out: what its detector may say.
type asked struct {
	name  string
	level int64
	now   func() int64
}

func newLaw(t *testing.T, seed uint64) *law {
	l := &law{
		t: t, r: rand.New(rand.NewPCG(seed, 1)), k: newKit(t), next: map[string]int{}, seq: map[string]uint64{},
		runs: map[uint64]asked{}, state: map[string]bool{},
	}
	l.k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: time.Second, FPS: 5, Quality: 50, MaxBytes: 1 << 20}}
	l.k.spec.Engine.Cores = 16 // for 40 detectors of up to 8 ms, 30 times a second: nothing grows stale for want of one
	l.k.cfg.Observe = l.observe
	for range 2 {
		l.addCamera()
	}
	for range 8 {
		l.addDetector()
	}
	for range 4 {
		l.addEvent()
	}
	l.k.spec.Sinks = []graph.SinkSpec{{ID: "memory", Kind: "memory", Options: []byte(`{}`)}}
	return l
}

func (l *law) id(role string) string {
	l.next[role]++
	return fmt.Sprintf("%s%d", role, l.next[role])
}

func (l *law) addCamera() string {
	id := l.id("c")
	l.k.camera(id, 60, &fakeCamera{live: true})
	return id
}

// level is what a detector counts: nothing, or what tells it and its revision from every other.
func (l *law) level(o *options, on bool) {
	o.Level = 0
	if n, _ := strconv.Atoi(o.Name[1:]); on {
		o.Level = int64(1000*n + o.Rev + 1)
	}
}

func (l *law) addDetector() string {
	id := l.id("d")
	d := l.k.detector(id, float64(10+l.r.IntN(20)), nil)
	d.Kind = "tuned"
	o := options{Name: id, Took: time.Duration(l.r.IntN(8)) * time.Millisecond}
	l.level(&o, l.r.IntN(2) == 0)
	d.Options, _ = json.Marshal(o)
	return id
}

func (l *law) addEvent() string {
	id := l.id("e")
	l.k.event(id, l.anyDetector().ID+".count", time.Duration(l.r.IntN(10))*100*time.Millisecond)
	if l.r.IntN(2) == 0 {
		l.k.spec.Events[len(l.k.spec.Events)-1].Evidence = "clip"
	}
	return id
}

func (l *law) anyDetector() *graph.DetectorSpec {
	return &l.k.spec.Detectors[l.r.IntN(len(l.k.spec.Detectors))]
}

func (l *law) anyEvent() *graph.EventSpec { return &l.k.spec.Events[l.r.IntN(len(l.k.spec.Events))] }

// reads returns the detector that an event asks.
func reads(e *graph.EventSpec) string { return e.When.Signal[:len(e.When.Signal)-len(".count")] }

// edit changes the pipeline, notes which detectors, events and cameras have another meaning now, and says what it did.
func (l *law) edit(touched map[string]bool) string {
	s := &l.k.spec
	tune := func(d *graph.DetectorSpec, f func(o *options)) {
		var o options
		_ = json.Unmarshal(d.Options, &o)
		f(&o)
		d.Options, _ = json.Marshal(o)
	}
	for {
		switch l.r.IntN(14) {
		case 0:
			if len(s.Cameras) < 4 {
				id := l.addCamera()
				touched[id] = true
				return "add " + id
			}
		case 1:
			if i := l.r.IntN(len(s.Cameras)); len(s.Cameras) > 1 {
				id := s.Cameras[i].ID
				s.Cameras = slices.Delete(slices.Clone(s.Cameras), i, i+1)
				touched[id] = true
				return "remove " + id
			}
		case 2: // another source: what detectors say of it is the same
			c := &s.Cameras[l.r.IntN(len(s.Cameras))]
			o := options{Name: c.ID, Rev: l.r.IntN(1000)}
			c.Options, _ = json.Marshal(o)
			return "replace " + c.ID
		case 3:
			if len(s.Detectors) < 10 {
				return "add " + l.addDetector()
			}
		case 4:
			i := l.r.IntN(len(s.Detectors))
			id := s.Detectors[i].ID
			if len(s.Detectors) > 6 && !slices.ContainsFunc(s.Events, func(e graph.EventSpec) bool { return reads(&e) == id }) {
				s.Detectors = slices.Delete(slices.Clone(s.Detectors), i, i+1)
				return "remove " + id
			}
		case 5:
			d := l.anyDetector()
			d.FPS = float64(10 + l.r.IntN(20))
			return "rate of " + d.ID
		case 6, 7: // in place
			d := l.anyDetector()
			tune(d, func(o *options) { l.level(o, o.Level == 0) })
			touched[d.ID] = true
			return "retune " + d.ID
		case 8: // anew
			d := l.anyDetector()
			tune(d, func(o *options) { o.Rev++; l.level(o, o.Level > 0) })
			return "replace " + d.ID
		case 9:
			if len(s.Events) < 8 {
				id := l.addEvent()
				touched[id] = true
				return "add " + id
			}
		case 10:
			if i := l.r.IntN(len(s.Events)); len(s.Events) > 2 {
				id := s.Events[i].ID
				s.Events = slices.Delete(slices.Clone(s.Events), i, i+1)
				touched[id] = true
				return "remove " + id
			}
		case 11:
			e := l.anyEvent()
			e.Hold = time.Duration(l.r.IntN(10)) * 100 * time.Millisecond
			return "hold of " + e.ID
		case 12: // another condition
			e := l.anyEvent()
			when := *e.When
			when.Signal = l.anyDetector().ID + ".count"
			e.When = &when
			touched[e.ID] = true
			return "rewire " + e.ID
		case 13:
			switch l.r.IntN(3) {
			case 0:
				p := &s.Evidence[0]
				p.Pre, p.Quality = time.Duration(500+l.r.IntN(1500))*time.Millisecond, 40+l.r.IntN(40)
				return "retune clip"
			case 1:
				s.Sinks[0].Options = fmt.Appendf(nil, `{"rev":%d}`, l.r.IntN(1000))
				return "replace sink"
			default:
				s.Sinks[0].Queue = 16 + l.r.IntN(100)
				return "queue of sink"
			}
		}
	}
}

// swap makes the swap, with a probation now and then.
func (l *law) swap(g *graph.Graph, what string) {
	o := SwapOptions{}
	if l.r.IntN(2) == 0 {
		o.Probation = 5 * time.Second
	}
	if _, err := l.e.Swap(context.Background(), g, o); err != nil {
		l.t.Errorf("%s: %v", what, err)
	}
}

// model is which events are to be confirmed, by event@camera, as the pipeline is now.
func (l *law) model() map[string]bool {
	on := map[string]bool{}
	for i := range l.k.spec.Detectors {
		var o options
		_ = json.Unmarshal(l.k.spec.Detectors[i].Options, &o)
		on[l.k.spec.Detectors[i].ID] = o.Level > 0
	}
	out := map[string]bool{}
	for i := range l.k.spec.Events {
		e := &l.k.spec.Events[i]
		for _, c := range l.k.spec.Cameras {
			out[e.ID+"@"+c.ID] = on[reads(e)]
		}
	}
	return out
}

// hold compares the records since the last look with the model. After one edit they are exactly the differences; after several
// in a row each event that no edit was about says nothing, and the others are where they should be.
func (l *law) hold(before map[string]bool, touched map[string]bool, exact bool, what string) {
	l.t.Helper()
	now := l.model()
	got := map[string][]string{}
	for _, r := range l.fresh() {
		key := r.Event + "@" + r.Camera
		got[key] = append(got[key], r.State)
	}
	reading := map[string]string{}
	for i := range l.k.spec.Events {
		reading[l.k.spec.Events[i].ID] = reads(&l.k.spec.Events[i])
	}
	for key := range union(before, now, got) {
		ev, cam := split(key)
		want := []string{}
		switch {
		case !before[key] && now[key]:
			want = []string{"confirmed"}
		case before[key] && !now[key]:
			want = []string{"ended"}
		}
		about := touched[ev] || touched[cam] || touched[reading[ev]]
		switch {
		case exact || !about:
			if !slices.Equal(got[key], want) {
				l.t.Errorf("%s: %s said %q, want %q", what, key, got[key], want)
			}
		case l.state[key] != now[key]:
			l.t.Errorf("%s: %s is confirmed: %v, want %v (it said %q)", what, key, l.state[key], now[key], got[key])
		}
	}
	l.look(what)
}

// fresh returns the records that were not looked at, and notes what they say.
func (l *law) fresh() []record {
	l.k.mu.Lock()
	defer l.k.mu.Unlock()
	var out []record
	for _, r := range l.k.records[l.told:] {
		l.state[r.Event+"@"+r.Camera] = r.State != "ended"
		out = append(out, record{r.Event, r.Camera, r.State})
	}
	l.told = len(l.k.records)
	return out
}

type record struct{ Event, Camera, State string }

// look holds the counters of cameras and lanes against one another.
func (l *law) look(what string) {
	l.t.Helper()
	l.fresh()
	l.e.do(func() {
		w, stats := l.e.w.Load(), &l.e.core.Stats
		for i, c := range w.cams {
			frames, lost := c.counts.frames.Load(), c.counts.superseded.Load()
			if got := stats.Frames[i] + lost; got != frames && got+1 != frames {
				l.t.Errorf("%s: camera %s: %d pictures, of which the core had %d and %d were superseded", what, c.id, frames, stats.Frames[i], lost)
			}
			if c.counts.noBuffer.Load() > 0 && !l.real || len(c.held) > 16 {
				l.t.Errorf("%s: camera %s: %d pictures without a buffer, %d held", what, c.id, c.counts.noBuffer.Load(), len(c.held))
			}
		}
		for i := range w.lanes {
			s := &stats.Lanes[i]
			n := s.Runs
			for _, skips := range s.Skips {
				n += skips
			}
			if s.Offers != n && s.Offers != n+1 || s.Failed+s.Panics+s.Timeouts > 0 {
				l.t.Errorf("%s: detector %s: %+v", what, w.lanes[i].name(), *s)
			}
		}
	})
}

// observe follows pictures and runs by name, as the core is told of them.
func (l *law) observe(ins []sched.Input, _ time.Duration, decided []sched.Decision) {
	w := l.e.w.Load()
	for i := range ins {
		in := &ins[i]
		switch in.Kind {
		case sched.InputFrame:
			id := w.cams[in.Camera].id
			if last := l.seq[id]; in.Seq != last+1 {
				// Only a camera whose source was replaced may leave pictures out: those of the old source, which it counts.
				if c := w.cams[in.Camera]; last > 0 && in.Seq > last && in.Seq-last-1 <= c.counts.superseded.Load()+c.counts.noBuffer.Load() {
					l.seq[id] = in.Seq
					continue
				}
				l.t.Errorf("camera %s: picture %d after %d", id, in.Seq, last)
			}
			l.seq[id] = in.Seq
		case sched.InputFinished:
			a, ok := l.runs[in.Job]
			if !ok {
				l.t.Errorf("a run ended that nobody began: %d", in.Job)
				continue
			}
			delete(l.runs, in.Job)
			if v := in.Outputs; len(v) != 1 || v[0].Value.AsInt() != a.level && v[0].Value.AsInt() != a.now() {
				l.t.Errorf("a run of %s said %v, want %d or %d", a.name, v, a.level, a.now())
			}
		default:
		}
	}
	for i := range decided {
		switch d := &decided[i]; d.Kind {
		case sched.DecisionSwap:
			w = l.e.edit.new
			for id := range l.seq {
				if w.g.CameraIndex(id) < 0 {
					delete(l.seq, id)
				}
			}
		case sched.DecisionRun:
			lane := w.lanes[d.Instance]
			m, _ := lane.model.node.(*levelModel)
			l.runs[d.Job] = asked{lane.name(), m.Now().Level, func() int64 { return m.Now().Level }}
		default:
		}
	}
}

func (l *law) weigh() weight {
	synctest.Wait()
	return footprint()
}

func clone(s graph.Spec) graph.Spec {
	s.Cameras, s.Detectors, s.Events = slices.Clone(s.Cameras), slices.Clone(s.Detectors), slices.Clone(s.Events)
	s.Evidence, s.Sinks = slices.Clone(s.Evidence), slices.Clone(s.Sinks)
	return s
}

func union(a, b map[string]bool, c map[string][]string) map[string]bool {
	out := map[string]bool{}
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	for k := range c {
		out[k] = true
	}
	return out
}

func split(key string) (event, camera string) {
	i := slices.Index([]byte(key), '@')
	return key[:i], key[i+1:]
}
