//go:build cgo && opencv

package accept

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/all"
	"rvo.dev/nodes/detect/onnx"
)

// beside measures a network in rvo and in a bare loop, in turns, on the same pictures, with the same session and on the same
// threads. A camera hands pictures over in lockstep; rvo takes them to the network and its boxes to the next detector. The bare
// call is made by turns right after that, and right before rvo's own: whichever is second finds the picture in the processor's
// cache, which the camera's thread filled on another core.
type beside struct {
	pictures []*frame.Frame
	rounds   int

	handed time.Time // when the camera gave its picture away
	inner  node.Instance
	emits  []node.Emit
	first  time.Duration   // what the bare call took before rvo's, 0: it comes after
	inside []time.Duration // from the camera to the next detector, without it
	bare   []time.Duration // the call alone
	adds   [2][]time.Duration
	err    error
}

// call makes the bare call on a run's picture.
func (b *beside) call(ctx context.Context, run *node.Run) time.Duration {
	again := node.NewRun(b.emits)
	again.Frames, again.Now, again.N = append(again.Frames, run.Frames...), run.Now, run.N
	began := time.Now()
	err := b.inner.Detect(ctx, again)
	took := time.Since(began)
	if err != nil {
		b.err = err
	}
	return took
}

// camera is a kind that gives the pictures over and over.
func (b *beside) camera() node.Kind {
	return node.Camera(node.Contract{Name: "shelf", Doc: "gives pictures from memory", Options: "#Options: {}"},
		func(node.CameraEnv, struct{}) (node.Source, error) { return &shelf{b: b}, nil })
}

type shelf struct {
	b *beside
	n int
}

func (s *shelf) Open(context.Context) (node.Stream, error) { return s, nil }
func (s *shelf) Close() error                              { return nil }
func (s *shelf) Info() node.StreamInfo {
	return node.StreamInfo{Width: s.b.pictures[0].Width, Height: s.b.pictures[0].Height, FPS: 10}
}

func (s *shelf) Next(_ context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if s.n == s.b.rounds*len(s.b.pictures) {
		return nil, io.EOF
	}
	from := s.b.pictures[s.n%len(s.b.pictures)]
	f, err := alloc.Get(from.Format, from.Width, from.Height)
	if err != nil {
		return nil, err
	}
	copy(f.Pix(), from.Pix())
	f.PTS = time.Duration(s.n) * 100 * time.Millisecond
	s.n++
	s.b.handed = time.Now()
	return f, nil
}

// network returns the onnx kind, whose instance is noted.
func (b *beside) network(k node.Kind) node.Kind {
	return node.Detector(k.Contract, func(ctx context.Context, env node.DetectorEnv, o onnx.Options) (node.Model, error) {
		raw, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		if b.emits, err = k.Contract.Emits(raw); err != nil {
			return nil, err
		}
		m, err := k.OpenDetector(ctx, env, raw)
		return &notedModel{b, m}, err
	})
}

type notedModel struct {
	b *beside
	node.Model
}

func (m *notedModel) NewInstance(ctx context.Context, env node.InstanceEnv) (node.Instance, error) {
	i, err := m.Model.NewInstance(ctx, env)
	m.b.inner = i
	return &notedInstance{m.b, i}, err
}

type notedInstance struct {
	b *beside
	node.Instance
}

func (i *notedInstance) Detect(ctx context.Context, run *node.Run) error {
	if i.b.first = 0; run.N%2 == 0 {
		i.b.first = i.b.call(ctx, run)
	}
	return i.Instance.Detect(ctx, run)
}

// next is a kind that needs the boxes and takes down when it has them.
func (b *beside) next() node.Kind {
	return node.Detector(node.Contract{
		Name: "next", Doc: "calls the network itself", Options: "#Options: {}", Cost: time.Millisecond,
		Emits: func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{{Name: "n", Type: signal.TypeInt, Doc: "how many boxes"}}, nil
		},
	}, func(context.Context, node.DetectorEnv, struct{}) (node.Model, error) { return (*besideNext)(b), nil })
}

type besideNext beside

func (b *besideNext) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return b, nil
}
func (b *besideNext) Close() error { return nil }

func (b *besideNext) Detect(ctx context.Context, run *node.Run) error {
	inside, bare, second := time.Since(b.handed)-b.first, b.first, 0
	if bare == 0 {
		bare, second = (*beside)(b).call(ctx, run), 1
	}
	if run.N > 6 { // before, memory is touched for the first time
		b.inside, b.bare = append(b.inside, inside), append(b.bare, bare)
		b.adds[second] = append(b.adds[second], inside-bare)
	}
	run.Set("n", signal.Int(int64(len(run.Inputs[0].Value.AsBoxes()))))
	return nil
}

// mayAdd is what rvo may add to a call that takes so long.
func mayAdd(bare time.Duration) time.Duration { return max(bare*3/100, 150*time.Microsecond) }

// TestNetworksBesideABareLoop prints what each network takes from the camera to the detector that needs its boxes, beside a bare
// loop around the same call, picture by picture in turns, with one thread and with two. What rvo adds is at most 3 % or 150 us,
// whichever is more: with RVO_NETWORKS=all, on a machine that does nothing else, it fails otherwise, when that is so three
// times in a row. Then -update writes the table into docs/models.md. Without it three of them are measured briefly, which holds
// that both sides see the same, whatever it takes.
func TestNetworksBesideABareLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs networks")
	}
	every := os.Getenv("RVO_NETWORKS") == "all"
	clip, dir := shared(t, "media", "vtest.avi"), shared(t, "models")
	pictures, rounds, tries := fromClip(t, clip, 40), 1, 1
	if every {
		rounds, tries = 4, 3
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| network\t| input\t| library\t| threads\t| bare p50 ms\t| rvo p50 ms\t| bare p99 ms\t| rvo p99 ms\t| rvo adds us\t| may add us\t|")
	fmt.Fprintln(w, "| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|")
	all := every
	for _, n := range networks() {
		if !every && !n.cheap() {
			continue
		}
		_, size, _ := strings.Cut(n.options, `"`)
		size, _, _ = strings.Cut(size, `"`)
		if !strings.Contains(size, "x") {
			size = "320x320"
		}
		for _, library := range []string{"ort", "opencv"} {
			if library == "opencv" && n.ort || library == "ort" && strings.Contains(n.options, ".cfg") {
				continue
			}
			for _, threads := range []int{1, 2} {
				ran := false
				t.Run(fmt.Sprintf("%s %s %s %d", n.model, size, library, threads), func(t *testing.T) {
					for try := 1; ; try++ {
						b := &beside{pictures: pictures, rounds: rounds}
						b.measure(t, &n, dir, library, threads)
						in, bare, adds := percentiles(b.inside), percentiles(b.bare), b.added()
						if every && adds > mayAdd(bare.p50) {
							t.Logf("rvo adds %v to %v, which may be %v at most", adds, bare.p50, mayAdd(bare.p50))
							if try < tries {
								continue
							}
							t.Fail()
						}
						fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %d\t| %.2f\t| %.2f\t| %.2f\t| %.2f\t| %d\t| %d\t|\n", n.model, size, library, threads,
							ms(bare.p50), ms(in.p50), ms(bare.p99), ms(in.p99), adds.Microseconds(), mayAdd(bare.p50).Microseconds())
						ran = true
						return
					}
				})
				all = all && ran
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("from the camera to the next detector, beside the call alone:\n%s", text.String())
	if all && *update {
		write(t, "latency", text.String())
	}
}

// measure takes a network's times with one library.
func (b *beside) measure(t *testing.T, n *network, dir, library string, threads int) {
	t.Helper()
	if err := b.run(t, n, dir, library, threads); err != nil {
		if library == "ort" && strings.Contains(err.Error(), "ONNX Runtime is not") {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	if most := b.rounds * len(b.pictures); b.err != nil || len(b.inside) < most-8 {
		t.Fatalf("%d pictures of %d: %v", len(b.inside), most, b.err)
	}
}

// run takes the pictures through rvo, as `rvo run` sets it up.
func (b *beside) run(t *testing.T, n *network, dir, library string, threads int) error {
	t.Helper()
	list := append(all.Kinds(), b.camera(), b.next())
	for i := range list {
		if list[i].Contract.Name == "onnx" {
			list[i] = b.network(list[i])
		}
	}
	kinds, err := node.NewSet(list...)
	if err != nil {
		return err
	}
	source := strings.NewReplacer(`shelf: path: ""`, `shelf: {}`, "tap: {}", "next: {}",
		"onnx: {", `onnx: {runtime: "`+library+`", `).Replace(n.source("shelf", "", threads))
	if strings.Contains(source, ".cfg") {
		source = strings.Replace(source, `runtime: "opencv", `, "", 1)
	}
	res, err := vet.Vet(t.Context(), []string{"p.cue"}, vet.Options{Kinds: kinds, Dir: dir, Files: map[string][]byte{"p.cue": []byte(source)}})
	if err != nil {
		return err
	}
	if res.Graph == nil {
		return fmt.Errorf("vet: %v", res.Findings)
	}
	e, err := engine.New(engine.Config{Graph: res.Graph, StateDir: t.TempDir(), Precise: true})
	if err != nil {
		return err
	}
	return e.Run(t.Context())
}

// added is the median of what a picture took longer in rvo than in the bare call beside it, for what else the machine did falls on
// both: the mean of those where the one came first and the other.
func (b *beside) added() time.Duration {
	return (percentiles(b.adds[0]).p50 + percentiles(b.adds[1]).p50) / 2
}

type percentile struct{ p50, p99 time.Duration }

func percentiles(d []time.Duration) percentile {
	d = slices.Sorted(slices.Values(d))
	return percentile{d[len(d)/2], d[len(d)*99/100]}
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
