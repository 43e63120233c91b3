package nodetest

import (
	"context"
	"errors"
	"hash/maphash"
	"reflect"
	"slices"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Detector is one detector run alone on one camera. It belongs to one goroutine.
type Detector struct {
	Model    node.Model
	Instance node.Instance
	Emits    []node.Emit

	t    testing.TB
	run  *node.Run
	shut bool
}

// OpenDetector opens a detector with one instance, for the camera "front", and fails the test when that does not work.
// Masks are what its camera has of them. The test's cleanup closes both.
func OpenDetector(t testing.TB, k node.Kind, options string, env node.DetectorEnv, masks ...signal.Polygon) *Detector {
	t.Helper()
	emits, err := k.Contract.Emits([]byte(options))
	if err != nil {
		t.Fatalf("detector %s with %s: emits: %v", k.Contract.Name, options, err)
	}
	m, err := k.OpenDetector(t.Context(), env, []byte(options))
	if err != nil {
		t.Fatalf("detector %s with %s: %v", k.Contract.Name, options, err)
	}
	inst, err := m.NewInstance(t.Context(), node.InstanceEnv{Camera: "front", Seed: env.Seed + 1, Masks: masks})
	if err != nil {
		t.Fatalf("detector %s with %s: instance: %v", k.Contract.Name, options, err)
	}
	d := &Detector{Model: m, Instance: inst, Emits: emits, t: t, run: node.NewRun(emits)}
	t.Cleanup(d.Close)
	return d
}

// Detect makes one run at now on these frames and returns what it set, by name. The map is the caller's.
func (d *Detector) Detect(now tick.Time, frames ...*frame.Frame) (map[string]signal.Value, error) {
	d.run.Reset()
	d.run.Frames = append(d.run.Frames, frames...)
	d.run.Now = now
	d.run.N++
	if err := d.Instance.Detect(d.t.Context(), d.run); err != nil {
		return nil, err
	}
	got := make(map[string]signal.Value, len(d.run.Outputs()))
	for _, o := range d.run.Outputs() {
		got[d.Emits[o.Index].Name] = o.Value
	}
	return got, nil
}

// Must is Detect at the first frame's capture time; an error fails the test.
func (d *Detector) Must(f *frame.Frame) map[string]signal.Value {
	d.t.Helper()
	got, err := d.Detect(f.Capture, f)
	if err != nil {
		d.t.Fatalf("frame %d: %v", f.Seq, err)
	}
	return got
}

// Close closes instance and model. Later calls do nothing.
func (d *Detector) Close() {
	if d.shut {
		return
	}
	d.shut = true
	if err := errors.Join(d.Instance.Close(), d.Model.Close()); err != nil {
		d.t.Errorf("close: %v", err)
	}
}

// Picture returns a frame of the pool whose pixels a function gives: v(x, y) for Gray, all three channels for BGR.
func Picture(t testing.TB, p *frame.Pool, format frame.Format, w, h int, at tick.Time, v func(x, y int) byte) *frame.Frame {
	t.Helper()
	f, err := p.Get(format, w, h)
	if err != nil {
		t.Fatal(err)
	}
	f.Capture, f.PTS = at, time.Duration(at)
	pix, channels := f.Pix(), f.Format.Bytes(1, 1)
	if format == frame.I420 {
		channels = 1
	}
	for y := range h {
		for x := range w {
			px := v(x, y)
			for c := range channels {
				pix[(y*w+x)*channels+c] = px
			}
		}
	}
	return f
}

// sizes are the pictures that every detector must take, one after the other: the usual, a change of format, one that
// is not scaled, and the smallest there is.
func sizes() []struct {
	format frame.Format
	w, h   int
} {
	return []struct {
		format frame.Format
		w, h   int
	}{{frame.BGR, 640, 480}, {frame.BGR, 640, 480}, {frame.Gray, 320, 240}, {frame.I420, 642, 362}, {frame.BGR, 1, 1}}
}

func runDetector(t *testing.T, k node.Kind, c Case) {
	emits, err := k.Contract.Emits([]byte(c.options()))
	if err == nil {
		checkEmits(t, emits)
		again, err := k.Contract.Emits([]byte(c.options()))
		if err != nil || !reflect.DeepEqual(emits, again) {
			t.Errorf("Emits gives %v, then %v and %v", emits, again, err)
		}
		if k.Contract.CostOf != nil && k.Contract.CostOf([]byte(c.options())) < 0 {
			t.Error("CostOf is negative")
		}
	}
	env := DetectorEnv(t)
	if c.Env != nil {
		c.Env(t, &env.Env)
	}
	m, openErr := k.OpenDetector(t.Context(), env, []byte(c.options()))
	if openErr == nil && err != nil {
		t.Errorf("the detector opens with options that Emits refuses: %v", err)
	}
	if openErr == nil && c.Refused != "" {
		_ = m.Close()
	}
	if refused(t, c, openErr) {
		return
	}
	one, two := newInstance(t, m), newInstance(t, m)
	pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 4})
	defer pool.Close()
	a := feed(t, k, c, one, emits, pool)
	b := feed(t, k, c, two, emits, pool)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("two instances with one seed answer the same pictures differently:\n%v\n%v", a, b)
	}
	cancelled(t, k, c, one, emits, pool)
	if err := errors.Join(one.Close(), two.Close(), m.Close()); err != nil {
		t.Errorf("close: %v", err)
	}
	if held := pool.Stats().Held; held != 0 {
		t.Errorf("%d frames are held after everything was closed", held)
	}
}

func newInstance(t *testing.T, m node.Model) node.Instance {
	t.Helper()
	i, err := m.NewInstance(t.Context(), node.InstanceEnv{Camera: "front", Seed: 7})
	if err != nil {
		t.Fatalf("instance: %v", err)
	}
	return i
}

func checkEmits(t *testing.T, emits []node.Emit) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range emits {
		switch {
		case e.Name == "" || seen[e.Name]:
			t.Errorf("signal name %q is empty or there twice", e.Name)
		case e.Type == signal.TypeNone:
			t.Errorf("signal %q has no type", e.Name)
		case e.Doc == "":
			t.Errorf("signal %q has no doc", e.Name)
		case e.Max < e.Min:
			t.Errorf("signal %q is bounded by %g to %g", e.Name, e.Min, e.Max)
		}
		seen[e.Name] = true
	}
}

// feed runs the instance over a moving pattern in every size and returns what it answered.
func feed(t *testing.T, k node.Kind, c Case, inst node.Instance, emits []node.Emit, pool *frame.Pool) [][]node.Output {
	t.Helper()
	var all [][]node.Output
	seed := maphash.MakeSeed()
	run := node.NewRun(emits)
	for n, size := range sizes() {
		at := tick.Time(n) * tick.Time(100*time.Millisecond)
		f := Picture(t, pool, size.format, size.w, size.h, at, func(x, y int) byte { return byte(x*3 + y*5 + 40*n) })
		f.Seq = uint64(n) + 1
		before := Hash(seed, f)
		run.Reset()
		if !k.Contract.NoFrame {
			run.Frames = append(run.Frames, f)
		}
		run.Now, run.N = at, uint64(n)+1
		err := inst.Detect(t.Context(), run)
		if err != nil && !c.Failing {
			t.Fatalf("run %d on %d x %d %s: %v", n+1, size.w, size.h, size.format, err)
		}
		if err == nil {
			checkOutputs(t, run.Outputs(), emits)
			all = append(all, slices.Clone(run.Outputs()))
		}
		if Hash(seed, f) != before {
			t.Fatalf("run %d changed the picture", n+1)
		}
		f.Release()
	}
	return all
}

func checkOutputs(t *testing.T, outs []node.Output, emits []node.Emit) {
	t.Helper()
	for _, o := range outs {
		e := emits[o.Index]
		if e.Type != o.Value.Type() {
			t.Errorf("signal %q is %s, the contract says %s", e.Name, o.Value.Type(), e.Type)
		}
		if n := o.Value.Number(); e.Max > e.Min && (n < e.Min || n > e.Max) {
			t.Errorf("signal %q is %s, the contract says %g to %g", e.Name, o.Value, e.Min, e.Max)
		}
		if e.Type == signal.TypeLabel && len(e.Labels) > 0 && !slices.Contains(e.Labels, o.Value.AsLabel()) {
			t.Errorf("signal %q is %s, the contract says one of %q", e.Name, o.Value, e.Labels)
		}
		for _, b := range o.Value.AsBoxes() {
			if len(e.Labels) > 0 && !slices.Contains(e.Labels, b.Label) {
				t.Errorf("signal %q has a box of %q, the contract says one of %q", e.Name, b.Label, e.Labels)
			}
			if b.X < 0 || b.Y < 0 || b.W <= 0 || b.H <= 0 || b.X+b.W > 1.001 || b.Y+b.H > 1.001 || b.Score < 0 || b.Score > 1 {
				t.Errorf("signal %q has the box %+v, which is not in fractions of the picture", e.Name, b)
			}
		}
	}
}

// cancelled checks that a run ends soon when its context is done, with or without an error.
func cancelled(t *testing.T, k node.Kind, c Case, inst node.Instance, emits []node.Emit, pool *frame.Pool) {
	t.Helper()
	if c.Deaf {
		return
	}
	f := Picture(t, pool, frame.BGR, 64, 48, tick.Time(time.Second), func(x, y int) byte { return byte(x ^ y) })
	defer f.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	run := node.NewRun(emits)
	if !k.Contract.NoFrame {
		run.Frames = append(run.Frames, f)
	}
	run.Now, run.N = f.Capture, uint64(len(sizes()))+1
	within(t, "Detect", func() { _ = inst.Detect(ctx, run) })
}
