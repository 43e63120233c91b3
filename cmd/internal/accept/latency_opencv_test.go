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
// threads. A camera hands pictures over in lockstep; rvo takes them to the network and its boxes to the next detector, which
// makes the same call itself before it returns.
type beside struct {
	pictures []*frame.Frame
	rounds   int

	handed time.Time     // when the camera gave its picture away
	inner  node.Instance // the network's
	emits  []node.Emit
	inside []time.Duration // from the camera to the next detector
	bare   []time.Duration // the call alone
	err    error
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
	return i, err
}

// next is a kind that needs the boxes, takes down when it has them, and calls the network again.
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
	inside := time.Since(b.handed)
	again := node.NewRun(b.emits)
	again.Frames, again.Now, again.N = append(again.Frames, run.Frames...), run.Now, run.N
	began := time.Now()
	err := b.inner.Detect(ctx, again)
	bare := time.Since(began)
	if err != nil {
		b.err = err
	}
	b.inside, b.bare = append(b.inside, inside), append(b.bare, bare)
	run.Set("n", signal.Int(int64(len(run.Inputs[0].Value.AsBoxes()))))
	return nil
}

// TestNetworksBesideABareLoop prints what each network takes from the camera to the detector that needs its boxes, beside a bare
// loop around the same call, picture by picture in turns, with one thread and with two. What rvo adds should be at most 3 % or 150 us,
// whichever is more. Times are for people to read, on a machine that does nothing else. Without RVO_NETWORKS=all two of them are
// measured briefly, which holds that both sides see the same. With it, -update writes the table into docs/models.md.
func TestNetworksBesideABareLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs networks")
	}
	every := os.Getenv("RVO_NETWORKS") == "all"
	clip, dir := shared(t, "media", "vtest.avi"), shared(t, "models")
	pictures, rounds := fromClip(t, clip, 40), 1
	if every {
		rounds = 4
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| network\t| input\t| library\t| threads\t| bare p50 ms\t| rvo p50 ms\t| bare p99 ms\t| rvo p99 ms\t| rvo adds us\t| may add us\t|")
	fmt.Fprintln(w, "| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|")
	for _, n := range networks() {
		if !every && !n.cheap() {
			continue
		}
		for _, library := range []string{"ort", "opencv"} {
			if library == "opencv" && n.ort || library == "ort" && strings.Contains(n.options, ".cfg") {
				continue
			}
			for _, threads := range []int{1, 2} {
				b := &beside{pictures: pictures, rounds: rounds}
				if err := b.run(t, &n, dir, library, threads); err != nil {
					if library == "ort" && strings.Contains(err.Error(), "ONNX Runtime is not") {
						continue
					}
					t.Fatalf("%s with %s: %v", n.model, library, err)
				}
				if most := rounds * len(pictures); b.err != nil || len(b.inside) < most-2 {
					t.Fatalf("%s with %s: %d pictures of %d: %v", n.model, library, len(b.inside), most, b.err)
				}
				b.inside, b.bare = b.inside[5:], b.bare[5:] // when memory was touched for the first time
				_, size, _ := strings.Cut(n.options, `"`)
				size, _, _ = strings.Cut(size, `"`)
				if !strings.Contains(size, "x") {
					size = "320x320"
				}
				in, bare := percentiles(b.inside), percentiles(b.bare)
				fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %d\t| %.2f\t| %.2f\t| %.2f\t| %.2f\t| %d\t| %d\t|\n", n.model, size, library, threads,
					ms(bare.p50), ms(in.p50), ms(bare.p99), ms(in.p99), b.adds().Microseconds(), max(bare.p50*3/100, 150*time.Microsecond).Microseconds())
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("from the camera to the next detector, beside the call alone:\n%s", text.String())
	if every && *update {
		write(t, "latency", text.String())
	}
}

// run measures a network with one library.
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
	e, err := engine.New(engine.Config{Graph: res.Graph, StateDir: t.TempDir()})
	if err != nil {
		return err
	}
	return e.Run(t.Context())
}

// adds is the median of what a picture took longer in rvo than in the loop right after it: what else the machine did falls on both.
func (b *beside) adds() time.Duration {
	var d []time.Duration
	for i := range b.inside {
		d = append(d, b.inside[i]-b.bare[i])
	}
	return percentiles(d).p50
}

type percentile struct{ p50, p99 time.Duration }

func percentiles(d []time.Duration) percentile {
	d = slices.Sorted(slices.Values(d))
	return percentile{d[len(d)/2], d[len(d)*99/100]}
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }
