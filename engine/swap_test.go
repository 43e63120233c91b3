package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// live runs the kit's pipeline in the background and returns what ends it and waits for that.
func (k *kit) live() (*Engine, func()) {
	k.t.Helper()
	e := k.engine()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return e, func() {
		k.t.Helper()
		cancel()
		if err := <-done; err != nil {
			k.t.Error(err)
		}
		k.clean(e)
	}
}

// swap swaps to what the kit describes now.
func (k *kit) swap(e *Engine, o SwapOptions) SwapReport {
	k.t.Helper()
	rep, err := e.Swap(context.Background(), k.graph(), o)
	if err != nil {
		k.t.Fatal(err)
	}
	return rep
}

// actions returns what a swap did to each node that did not stay as it was, as "retune camera/c".
func actions(rep SwapReport) []string {
	var out []string
	for _, c := range rep.Changes {
		if c.Action != graph.Keep {
			out = append(out, c.Action.String()+" "+c.ID)
		}
	}
	return out
}

// TestSwap edits a pipeline in each way while pictures come, and looks at what goes on and what does not.
func TestSwap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("m", 10, says(time.Millisecond, 1))
		k.event("e", "m.count", time.Second)
		k.sink()
		e, stop := k.live()
		defer stop()
		time.Sleep(3 * time.Second)

		// Another event, another rate, another hold: the camera and the detector go on.
		before := e.w.Load()
		k.event("f", "m.count", time.Second)
		k.spec.Detectors[0].FPS = 5
		rep := k.swap(e, SwapOptions{})
		if want := []string{"retune detector/m@c", "add event/f@c", "retune signal/m.boxes@c", "retune signal/m.count@c"}; !slices.Equal(actions(rep), want) {
			t.Errorf("%q, want %q", actions(rep), want)
		}
		if rep.Generation != 2 {
			t.Errorf("generation %d", rep.Generation)
		}
		now := e.w.Load()
		if now.cams[0] != before.cams[0] || now.lanes[0] != before.lanes[0] || now.machines[0] != before.machines[0] {
			t.Error("a node that stays was made anew")
		}
		time.Sleep(3 * time.Second)

		// A detector comes first in the order of ids: every index moves.
		k.detector("a", 10, says(time.Millisecond, 0))
		k.camera("b", 20, &fakeCamera{live: true})
		k.swap(e, SwapOptions{})
		if now := e.w.Load(); len(now.lanes) != 4 || len(now.cams) != 2 {
			t.Fatalf("%d lanes on %d cameras", len(now.lanes), len(now.cams))
		}
		time.Sleep(3 * time.Second)
		st := e.Status()
		for _, c := range st.Cameras {
			if c.State != cameraUp || c.Dropped != 0 {
				t.Errorf("%+v", c)
			}
		}
		for _, d := range st.Detectors {
			if d.Runs < 10 || d.Failed > 0 {
				t.Errorf("%+v", d)
			}
		}

		// Gone again.
		k.spec.Cameras, k.spec.Detectors = k.spec.Cameras[:1], slices.DeleteFunc(k.spec.Detectors, func(d graph.DetectorSpec) bool { return d.ID == "a" })
		k.spec.Events = k.spec.Events[:1]
		k.swap(e, SwapOptions{})
		time.Sleep(3 * time.Second)
		if k.closed["a"] != 1 {
			t.Errorf("the model of a detector that went was closed %d times", k.closed["a"])
		}
		if st := e.Status(); st.Generation != 4 || len(st.Cameras) != 1 || len(st.Reloads) != 3 || st.Reloads[2].Changes.Removed == 0 {
			t.Errorf("%+v", st)
		}
		want := []string{"e@c confirmed", "f@c confirmed", "e@b confirmed", "f@b confirmed", "e@b ended removed", "f@b ended removed", "f@c ended removed"}
		got := k.states()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant %q", got, want)
		}
	})
}

// TestSwapRefused tries edits that cannot be prepared: each says where and why, and nothing else has happened.
func TestSwapRefused(t *testing.T) {
	for _, c := range []struct {
		name       string
		edit       func(k *kit)
		node, step string
		why        string
	}{
		{"camera", func(k *kit) {
			k.camera("new", 20, &fakeCamera{live: true, open: func(int) error { return errTest }})
		}, "camera/new", StepOpen, "made to fail"},
		{"camera without pictures", func(k *kit) {
			k.camera("new", 20, &fakeCamera{live: true, next: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }})
		}, "camera/new", StepOpen, "the source gave no picture for"},
		{"warm-up", func(k *kit) {
			k.detector("new", 10, func(context.Context, uint64, *node.Run) error { return errTest })
		}, "detector/new@c", StepWarmUp, "made to fail"},
		{"warm-up panics", func(k *kit) {
			k.detector("new", 10, func(context.Context, uint64, *node.Run) error { panic("odd") })
		}, "detector/new@c", StepWarmUp, "panic: odd"},
		{"warm-up hangs", func(k *kit) {
			k.detector("new", 10, func(ctx context.Context, _ uint64, _ *node.Run) error { <-ctx.Done(); return ctx.Err() })
		}, "detector/new@c", StepWarmUp, "not ready within 20s"},
		{"threads", func(k *kit) {
			k.detector("new", 10, says(0, 1)).Threads = 99
		}, "detector/new", StepCPU, "99 threads and there are 4 CPU slots"},
		{"sink", func(k *kit) {
			k.spec.Sinks = append(k.spec.Sinks, graph.SinkSpec{ID: "other", Kind: "memory", Options: []byte(`{"name":"refuses"}`)})
		}, "sink/other", StepOpen, "made to fail"},
		{"memory", func(k *kit) {
			k.spec.Engine.Memory = 1 << 10
		}, "engine", StepMemory, "engine.memory is 1024 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.camera("c", 20, &fakeCamera{live: true})
				k.detector("a", 10, says(time.Millisecond, 1))
				k.event("e", "a.count", time.Second)
				k.sink()
				e, stop := k.live()
				defer stop()
				time.Sleep(2 * time.Second)
				w := e.w.Load()
				c.edit(k)
				_, err := e.Swap(context.Background(), k.graph(), SwapOptions{By: "test"})
				var refused *SwapError
				if !errors.As(err, &refused) || refused.Node != c.node || refused.Step != c.step || !strings.Contains(refused.Error(), c.why) {
					t.Errorf("%v, want %s: %s: %s", err, c.node, c.step, c.why)
				}
				if e.w.Load() != w {
					t.Error("another graph runs")
				}
				time.Sleep(2 * time.Second)
				st := e.Status()
				if r := st.Reloads; len(r) != 1 || r[0].Outcome != reloadRejected || r[0].Node != c.node || r[0].By != "test" {
					t.Errorf("%+v", r)
				}
				if !st.Ready() || st.Generation != 1 {
					t.Errorf("%+v", st.Reasons)
				}
				if got := k.states(); !slices.Equal(got, []string{"e@c confirmed"}) {
					t.Errorf("%q", got)
				}
			})
		})
	}
}
