package engine

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// TestSwapMetrics: counters of what stays, and of what takes another's place, go on; series of what is gone are gone.
func TestSwapMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		reg := prometheus.NewRegistry()
		k.cfg.Registry = reg
		k.camera("c", 20, &fakeCamera{live: true})
		k.camera("d", 20, &fakeCamera{live: true})
		k.detector("a", 10, says(time.Millisecond, 1))
		k.event("e", "a.count", time.Second)
		k.sink()
		e, stop := k.live()
		defer stop()
		time.Sleep(5 * time.Second)
		frames, runs := sample(t, reg, "rvo_frames_total", "c"), sample(t, reg, "rvo_detector_runs_total", "a", "c", "ok")
		if frames < 90 || runs < 45 {
			t.Fatalf("%v pictures, %v runs", frames, runs)
		}
		k.spec.Cameras = k.spec.Cameras[:1]
		k.spec.Cameras[0].Options = []byte(`{"name":"c","rev":1}`)
		k.spec.Detectors[0].Options = []byte(`{"name":"a","rev":1}`)
		k.swap(e, SwapOptions{})
		time.Sleep(time.Second)
		if now := sample(t, reg, "rvo_frames_total", "c"); now < frames+15 {
			t.Errorf("%v pictures, before the swap %v", now, frames)
		}
		if now := sample(t, reg, "rvo_detector_runs_total", "a", "c", "ok"); now < runs+8 {
			t.Errorf("%v runs, before the swap %v", now, runs)
		}
		for _, name := range []string{"rvo_frames_total", "rvo_detector_runs_total", "rvo_frame_age_seconds", "rvo_events_total", "rvo_signal_fresh"} {
			if slices.ContainsFunc(seriesOf(t, reg, name), func(s string) bool { return strings.Contains(s, "camera=d") }) {
				t.Errorf("%s still tells of the camera that went", name)
			}
		}
		if n := sample(t, reg, "rvo_swaps_total", reloadKept); n != 1 {
			t.Errorf("%v swaps kept", n)
		}
	})
}

// seriesOf returns the labels of each series of a metric, as "camera=c detector=a".
func seriesOf(t *testing.T, reg *prometheus.Registry, name string) []string {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range all {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var l []string
			for _, p := range m.GetLabel() {
				l = append(l, p.GetName()+"="+p.GetValue())
			}
			out = append(out, strings.Join(l, " "))
		}
	}
	return out
}

// sample returns the value of the series with these label values, in any order.
func sample(t *testing.T, reg *prometheus.Registry, name string, values ...string) float64 {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			var has []string
			for _, p := range m.GetLabel() {
				has = append(has, p.GetValue())
			}
			if len(has) == len(values) && !slices.ContainsFunc(values, func(v string) bool { return !slices.Contains(has, v) }) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no %s of %q", name, values)
	return 0
}

// TestSwapFile adds a file: it waits for the swap at its first picture, so that all of it is seen, and the run goes on until
// every file is over.
func TestSwapFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{frames: 100})
		k.detector("a", 20, says(0, 1))
		e, stop := k.live()
		time.Sleep(2 * time.Second)
		k.camera("d", 20, &fakeCamera{frames: 200})
		k.detector("b", 1, func(_ context.Context, n uint64, _ *node.Run) error {
			if n == 1 { // tried out, while the file waits
				time.Sleep(time.Second)
			}
			return nil
		})
		k.swap(e, SwapOptions{})
		<-e.closed
		for _, c := range e.Status().Cameras {
			want := map[string]uint64{"c": 100, "d": 200}[c.ID]
			if c.Frames != want || c.Dropped != 0 || c.State != cameraEnded {
				t.Errorf("%+v, want %d pictures", c, want)
			}
		}
		stop()
	})
}

// TestSwapDeviceRolledBack replaces a device by one that fails after a while: the first is opened again.
func TestSwapDeviceRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true}).Kind = "device"
		k.detector("a", 10, says(time.Millisecond, 1))
		k.event("e", "a.count", time.Second)
		k.sink()
		e, stop := k.live()
		defer stop()
		time.Sleep(3 * time.Second)
		k.cams["d"] = &fakeCamera{live: true, gap: 50 * time.Millisecond, next: func(ctx context.Context, n int) error {
			if n > 100 {
				<-ctx.Done()
			}
			return ctx.Err()
		}}
		k.spec.Cameras[0].Options = []byte(`{"name":"d"}`)
		k.swap(e, SwapOptions{Probation: quickly})
		time.Sleep(20 * time.Second)
		st := e.Status()
		if !st.Ready() || st.Generation != 3 || st.Reloads[0].Outcome != reloadRolledBack || k.cams["c"].tries.Load() != 2 {
			t.Errorf("%+v %+v, the first was opened %d times", st.Reasons, st.Reloads, k.cams["c"].tries.Load())
		}
		if got := k.states(); !slices.Equal(got, []string{"e@c confirmed"}) {
			t.Errorf("%q", got)
		}
	})
}

// TestSwapUnparks keeps no nodes for a rollback where the next edit needs their memory.
func TestSwapUnparks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		c := k.camera("c", 20, &fakeCamera{live: true})
		c.Width, c.Height = 64, 48
		k.detector("a", 10, says(time.Millisecond, 1))
		camera := int64(k.graph().Cameras[0].Buffers() * frame.SlabBytes(frame.BGR, 64, 48))
		k.spec.Engine.Memory = 5 * camera / 2
		e, stop := k.live()
		defer stop()
		time.Sleep(time.Second)
		for n := range 3 {
			k.spec.Cameras[0].Options = []byte(`{"name":"c","rev":` + string(rune('1'+n)) + `}`)
			k.swap(e, SwapOptions{Probation: quickly})
			time.Sleep(time.Second)
			if used := e.memory.use(); used > k.spec.Engine.Memory {
				t.Errorf("%d bytes of %d", used, k.spec.Engine.Memory)
			}
		}
		k.spec.Engine.Memory = 3 * camera / 2
		k.spec.Cameras[0].Options = []byte(`{"name":"c","rev":9}`)
		if _, err := e.Swap(t.Context(), k.graph(), SwapOptions{}); err == nil || !strings.Contains(err.Error(), "engine: memory: old and new side by side need") {
			t.Errorf("%v", err)
		}
		if st := e.Status(); !st.Ready() || st.Generation != 4 {
			t.Errorf("%+v", st.Reasons)
		}
	})
}

// TestSwapSurvives swaps nodes that panic where they are opened, retuned and closed: the run goes on.
func TestSwapSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 10, nil).Kind = "tuned"
		k.spec.Detectors[0].Options = []byte(`{"name":"panics"}`)
		k.event("e", "a.count", time.Second)
		k.sink()
		e, stop := k.live()
		time.Sleep(time.Second)
		for _, c := range []struct{ camera, detector, why string }{
			{`{"name":"c"}`, `{"name":"panics","level":13}`, "detector/a: open: panic: unlucky"},
			{`{"name":"panics"}`, `{"name":"panics"}`, "camera/c: open: panic: odd"},
			{`{"name":"c"}`, `{"name":"a","rev":1,"level":1}`, ""}, // the one that goes panics at its end
		} {
			k.spec.Cameras[0].Options, k.spec.Detectors[0].Options = []byte(c.camera), []byte(c.detector)
			_, err := e.Swap(t.Context(), k.graph(), SwapOptions{})
			if err == nil && c.why != "" || err != nil && (c.why == "" || !strings.Contains(err.Error(), c.why)) {
				t.Errorf("%v, want %q", err, c.why)
			}
		}
		time.Sleep(3 * time.Second)
		stop()
		if got := k.states(); len(got) != 2 || got[0] != "e@c confirmed" {
			t.Errorf("%q", got)
		}
	})
}
