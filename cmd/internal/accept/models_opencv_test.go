//go:build cgo && opencv

package accept

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/all"
)

// look is what a tap was given with one picture.
type look struct {
	frame  int // of the clip, from 1
	inputs []node.Input
}

// taps is a kind of detector that notes what it needs, by the detector's id.
type taps struct {
	mu   sync.Mutex
	seen map[string][]look
}

func (t *taps) kind() node.Kind {
	return node.Detector(node.Contract{
		Name: "tap", Doc: "notes what it needs", Options: "#Options: {}", Cost: 10 * time.Microsecond,
		Emits: func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{{Name: "n", Type: signal.TypeInt, Doc: "how many looks"}}, nil
		},
	}, func(_ context.Context, env node.DetectorEnv, _ struct{}) (node.Model, error) {
		return &tap{t, env.ID}, nil
	})
}

// tap is a detector of one id, model and instance in one: there is one camera.
type tap struct {
	t  *taps
	id string
}

func (p *tap) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) { return p, nil }
func (p *tap) Close() error                                                         { return nil }

func (p *tap) Detect(_ context.Context, run *node.Run) error {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	p.t.seen[p.id] = append(p.t.seen[p.id], look{int(math.Round(run.Frames[0].PTS.Seconds()*clipFPS)) + 1, slices.Clone(run.Inputs)})
	run.Set("n", signal.Int(int64(run.N)))
	return nil
}

// tapped runs the files of a pipeline in lockstep to its end and returns what its taps saw.
func tapped(t *testing.T, dir string, paths, tags []string, files map[string]string) map[string][]look {
	t.Helper()
	tp := &taps{seen: map[string][]look{}}
	list := all.Kinds()
	at := slices.IndexFunc(list, func(k node.Kind) bool { return k.Contract.Role == node.RoleCamera && k.Contract.Name == "file" })
	kinds, err := node.NewSet(append(list, tp.kind(), thirds(list[at]))...)
	if err != nil {
		t.Fatal(err)
	}
	text := map[string][]byte{}
	for name, s := range files {
		text[name] = []byte(s)
	}
	res, err := vet.Vet(t.Context(), paths, vet.Options{Kinds: kinds, Dir: dir, Files: text, Tags: tags})
	if err != nil {
		t.Fatal(err)
	}
	if res.Graph == nil {
		t.Fatalf("vet: %v", res.Findings)
	}
	e, err := engine.New(engine.Config{Graph: res.Graph, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return tp.seen
}

// network is a network of the shared folder, and how well it is known to do on vtest.avi.
type network struct {
	model, options    string
	ort               bool // OpenCV cannot read it
	threshold         float64
	precision, recall float64
}

func networks() []network {
	coco := `, labelsFile: "coco80.names", keep: ["person"]`
	return []network{
		{"yolox_nano_hw.onnx", `inputSize: "320x256"` + coco, false, 0.5, 0.91, 0.88},
		{"yolox_nano_hw.onnx", `inputSize: "416x320"` + coco, false, 0.6, 0.90, 0.88},
		{"yolox_nano.onnx", `inputSize: "416x416"` + coco, false, 0.6, 0.90, 0.89},
		{"light_person_hw.onnx", `inputSize: "256x192"`, false, 0.5, 0.90, 0.86},
		{"light_person_192.onnx", `inputSize: "192x192"`, false, 0.5, 0.82, 0.71},
		{"nanodet_g_416_fp16.onnx", `inputSize: "416x416"` + coco, true, 0.5, 0.91, 0.89},
		{"object_detection_nanodet_2022nov.onnx", `inputSize: "416x416"` + coco, false, 0.5, 0.88, 0.87},
		{"picodet_s_320_coco.onnx", `inputSize: "320x320"` + coco, true, 0.5, 0.87, 0.84},
		{"fastestdet_352.onnx", `inputSize: "352x352"` + coco, false, 0.7, 0.86, 0.75},
		{"yolo-fastest-1.1_body.weights", `config: "yolo-fastest-1.1_body.cfg"`, false, 0.55, 0.86, 0.83},
	}
}

// cheap reports whether a run takes at most 20 ms with OpenCV on one thread.
func (n *network) cheap() bool {
	return strings.Contains(n.options, "320x256") || strings.Contains(n.options, "256x192") || strings.Contains(n.options, ".cfg")
}

func (n *network) source(camera, clip string, threads int) string {
	return fmt.Sprintf(`
apiVersion: "rvo/v1"
cameras: square: {%s: path: %q, pace: "lockstep"}
detectors: {
	people: {onnx: {model: %q, threshold: %g, %s}, fps: 10, cost: "5ms", threads: %d}
	boxes: {tap: {}, needs: ["people.boxes"], fps: 10}
}
events: any: when: {signal: "boxes.n", gte: 1}
`, camera, clip, n.model, n.threshold, n.options, threads)
}

// TestNetworksAgainstTruth runs every network over every third picture of a clip in lockstep and compares its boxes with the
// truth at half overlap: precision and recall are within two points of what is known of it. That takes
// minutes: without RVO_NETWORKS=all it is done with the three that cost least.
func TestNetworksAgainstTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs networks over a clip of 80 s")
	}
	every := os.Getenv("RVO_NETWORKS") == "all"
	clip, dir := shared(t, "media", "vtest.avi"), shared(t, "models")
	people := boxesOf(t, shared(t, "media", "vtest.gt.txt"))
	for _, n := range networks() {
		if !every && !n.cheap() {
			continue
		}
		t.Run(n.model, func(t *testing.T) {
			n.readable(t, dir)
			seen := tapped(t, dir, []string{"p.cue"}, nil, map[string]string{"p.cue": n.source("thirds", clip, 1)})
			hits, found, asked := 0, 0, 0
			for _, l := range seen["boxes"] {
				got := l.inputs[0].Value.AsBoxes()
				hits, found, asked = hits+matches(got, people[l.frame]), found+len(got), asked+len(people[l.frame])
			}
			precision, recall := float64(hits)/float64(max(found, 1)), float64(hits)/float64(max(asked, 1))
			t.Logf("%s %s: %d pictures, %d boxes for %d people: precision %.3f (known %.2f), recall %.3f (known %.2f)",
				n.model, n.options, len(seen["boxes"]), found, asked, precision, n.precision, recall, n.recall)
			const within = 0.02
			if asked < 1480 || precision < n.precision-within || recall < n.recall-within {
				t.Errorf("%s: precision %.3f and recall %.3f over %d people, want within %g of %.2f and %.2f", n.model, precision, recall, asked, within, n.precision, n.recall)
			}
		})
	}
}

// readable skips the test where the library that is here cannot read the network.
func (n *network) readable(t *testing.T, dir string) {
	t.Helper()
	m, err := n.open(t, dir, 1)
	switch {
	case err == nil:
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	case n.ort && strings.Contains(err.Error(), "opencv"):
		t.Skipf("OpenCV computes, for ONNX Runtime is not here, and cannot read it: %v", err)
	default:
		t.Fatal(err)
	}
}

// open opens the network's detector as the pipeline has it, with so many threads.
func (n *network) open(t *testing.T, dir string, threads int) (node.Model, error) {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	res, err := vet.Vet(t.Context(), []string{"p.cue"}, vet.Options{Kinds: kinds, Dir: dir, Files: map[string][]byte{
		"p.cue": []byte(strings.NewReplacer("boxes: {tap: {}, needs: [\"people.boxes\"], fps: 10}", "", "boxes.n", "people.count").Replace(n.source("file", "x.avi", threads))),
	}})
	if err != nil || res.Graph == nil {
		t.Fatal(err, res)
	}
	d := &res.Graph.Detectors[0]
	env := nodetest.DetectorEnv(t)
	env.Dir, env.Threads = dir, threads
	return d.Kind.OpenDetector(t.Context(), env, d.Options)
}

// fromClip returns n pictures of a clip, every third.
func fromClip(t *testing.T, clip string, n int) []*frame.Frame {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	k, _ := kinds.Kind(node.RoleCamera, "file")
	src, err := k.OpenCamera(node.CameraEnv{Env: nodetest.Env(t)}, fmt.Appendf(nil, `{"path": %q}`, clip))
	if err != nil {
		t.Fatal(err)
	}
	s, err := src.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	pool := frame.NewPool(frame.PoolOptions{Slabs: n + 2})
	var out []*frame.Frame
	for i := 0; len(out) < n; i++ {
		f, err := s.Next(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			out = append(out, f)
		} else {
			f.Release()
		}
	}
	t.Cleanup(func() {
		for _, f := range out {
			f.Release()
		}
		pool.Close()
	})
	return out
}

// boxesOf returns the people of each picture, in fractions of it.
func boxesOf(t *testing.T, file string) map[int][]signal.Box {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int][]signal.Box{}
	for line := range strings.Lines(string(text)) {
		var v [7]float64
		for i, s := range strings.Split(strings.TrimSpace(line), ",")[:7] {
			if v[i], err = strconv.ParseFloat(s, 64); err != nil {
				t.Fatalf("%s: %q: %v", file, line, err)
			}
		}
		if v[6] == 1 {
			out[int(v[0])] = append(out[int(v[0])], signal.Box{
				X: float32(v[2] / 768), Y: float32(v[3] / 576), W: float32(v[4] / 768), H: float32(v[5] / 576),
			})
		}
	}
	return out
}

// matches counts the boxes that overlap one of truth by half, each of which is taken once, the best boxes first.
func matches(got, truth []signal.Box) int {
	taken := make([]bool, len(truth))
	n := 0
	for _, b := range got {
		best, at := float32(0.5), -1
		for i := range truth {
			if v := overlap(b, truth[i]); !taken[i] && v >= best {
				best, at = v, i
			}
		}
		if at >= 0 {
			taken[at] = true
			n++
		}
	}
	return n
}

func overlap(a, b signal.Box) float32 {
	w := min(a.X+a.W, b.X+b.W) - max(a.X, b.X)
	h := min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (a.W*a.H + b.W*b.H - w*h)
}
