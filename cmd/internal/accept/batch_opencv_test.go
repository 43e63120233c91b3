//go:build cgo && opencv

package accept

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
	"rvo.dev/nodes/detect/onnx"
)

// eight measures one network on eight cameras that give the same picture at a steady rate.
type eight struct {
	picture *frame.Frame

	long   time.Duration // of the measurement, from a second after the first run on
	cancel context.CancelFunc

	mu    sync.Mutex
	began time.Time
	took  time.Duration   // of the measurement
	ages  []time.Duration // of the picture, when its boxes are known
}

// camera is a kind of live camera that costs next to nothing.
func (b *eight) camera() node.Kind {
	return node.Camera(node.Contract{Name: "steady", Doc: "gives one picture at a steady rate", Options: "#Options: {}", Live: true},
		func(env node.CameraEnv, _ struct{}) (node.Source, error) { return &steady{b, env, time.Time{}}, nil })
}

type steady struct {
	b    *eight
	env  node.CameraEnv
	next time.Time
}

func (s *steady) Open(context.Context) (node.Stream, error) { s.next = time.Now(); return s, nil }
func (s *steady) Close() error                              { return nil }
func (s *steady) Info() node.StreamInfo {
	return node.StreamInfo{Width: s.b.picture.Width, Height: s.b.picture.Height, FPS: s.env.FPS}
}

func (s *steady) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	s.next = s.next.Add(time.Duration(float64(time.Second) / s.env.FPS))
	select {
	case <-time.After(time.Until(s.next)):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f, err := alloc.Get(s.b.picture.Format, s.b.picture.Width, s.b.picture.Height)
	if err != nil {
		return nil, err
	}
	copy(f.Pix(), s.b.picture.Pix())
	return f, nil
}

// network returns the onnx kind, whose runs are counted.
func (b *eight) network(k node.Kind) node.Kind {
	return node.Detector(k.Contract, func(ctx context.Context, env node.DetectorEnv, o onnx.Options) (node.Model, error) {
		raw, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		m, err := k.OpenDetector(ctx, env, raw)
		return &countedModel{b, env, m}, err
	})
}

type countedModel struct {
	b   *eight
	env node.DetectorEnv
	node.Model
}

func (m *countedModel) NewInstance(ctx context.Context, env node.InstanceEnv) (node.Instance, error) {
	i, err := m.Model.NewInstance(ctx, env)
	return &countedInstance{m, i}, err
}

type countedInstance struct {
	m *countedModel
	node.Instance
}

func (i *countedInstance) Detect(ctx context.Context, run *node.Run) error {
	err := i.Instance.Detect(ctx, run)
	age := i.m.env.Now().Sub(run.Frames[0].Capture)
	b := i.m.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.began.IsZero() {
		b.began = time.Now()
	}
	if since := time.Since(b.began) - time.Second; since > 0 && err == nil && b.took == 0 {
		if b.ages = append(b.ages, age); since > b.long && len(b.ages) >= fewest {
			b.took = since
			b.cancel()
		}
	}
	return err
}

// fewest is from how many pictures a percentile says something.
const fewest = 40

// run measures.
func (b *eight) run(t *testing.T, dir, onnxOptions string, threads int, fps float64) error {
	t.Helper()
	list := append(all.Kinds(), b.camera())
	for i := range list {
		if list[i].Contract.Name == "onnx" {
			list[i] = b.network(list[i])
		}
	}
	kinds, err := node.NewSet(list...)
	if err != nil {
		return err
	}
	source := "apiVersion: \"rvo/v1\"\n"
	for i := range 8 {
		source += fmt.Sprintf("cameras: c%d: {steady: {}, fps: %g}\n", i, fps)
	}
	source += fmt.Sprintf("detectors: people: {onnx: {%s}, fps: %g, timeout: \"20s\", load: \"none\", cost: \"5ms\", threads: %d}\n", onnxOptions, fps, threads)
	source += "events: any: {when: {signal: \"people.count\", gte: 200}, hold: \"1s\"}\n"
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b.cancel = cancel
	return e.Run(ctx)
}

// TestBatchOfEightCameras prints what computing the pictures of eight cameras together gains and costs: how many pictures a second
// are looked at where there are more than can be, and how old a picture is when its boxes are known, at that load and at 40 pictures
// a second. Figures are for people to read, on a machine that does nothing else; -update writes them into docs/models.md.
func TestBatchOfEightCameras(t *testing.T) {
	if os.Getenv("RVO_NETWORKS") != "all" && !*update {
		t.Skip("it measures for two minutes, and only on a machine that does nothing else: with RVO_NETWORKS=all")
	}
	clip, dir := shared(t, "media", "vtest.avi"), shared(t, "models")
	picture := fromClip(t, clip, 1)[0]
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| network\t| library\t| pictures together\t| pictures/s\t| of alone\t| age p50\t| p99\t| age at 40/s p50\t| p99\t|")
	fmt.Fprintln(w, "| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|")
	for _, n := range []struct{ name, options string }{
		{"yolox-nano 320x256", `model: "yolox_nano_hw.onnx", inputSize: "320x256", labelsFile: "coco80.names"`},
		{"light-person 256x192", `model: "light_person_hw.onnx", inputSize: "256x192"`},
	} {
		for _, library := range []string{"ort", "opencv"} {
			alone := 0.0
			for _, batch := range []struct {
				name, options string
				threads       int
			}{
				{"alone", "", 1}, {"4", `, batch: max: 4`, 1}, {"8", `, batch: max: 8`, 1}, {"8, 2 threads", `, batch: max: 8`, 2},
			} {
				options := n.options + `, runtime: "` + library + `"` + batch.options
				const long = 4 * time.Second
				full, part := &eight{picture: picture, long: long}, &eight{picture: picture, long: long}
				if err := full.run(t, dir, options, batch.threads, 100); err != nil {
					if strings.Contains(err.Error(), "ONNX Runtime is not") {
						break
					}
					t.Fatalf("%s with %s: %v", n.name, library, err)
				}
				if err := part.run(t, dir, options, batch.threads, 5); err != nil {
					t.Fatal(err)
				}
				if full.took == 0 || part.took == 0 {
					t.Fatalf("%s with %s, %s: hardly anything was looked at within a minute", n.name, library, batch.name)
				}
				rate := float64(len(full.ages)) / full.took.Seconds()
				if alone == 0 {
					alone = rate
				}
				f, p := percentiles(full.ages), percentiles(part.ages)
				fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %.0f\t| %.2f\t| %.0f ms\t| %.0f ms\t| %.1f ms\t| %.1f ms\t|\n", n.name, library, batch.name,
					rate, rate/alone, ms(f.p50), ms(f.p99), ms(p.p50), ms(p.p99))
			}
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("eight cameras, one network:\n%s", text.String())
	if *update {
		write(t, "batch", text.String())
	}
}

// write puts a table into docs/models.md, between the lines that name it.
func write(t *testing.T, name, table string) {
	t.Helper()
	file := filepath.Join("..", "..", "..", "docs", "models.md")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+name+": measured -->\n", "<!-- end of "+name+" -->\n"
	head, rest, ok1 := strings.Cut(string(b), begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s lacks the line %q or %q", file, begin, end)
	}
	if err := os.WriteFile(file, []byte(head+begin+table+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
