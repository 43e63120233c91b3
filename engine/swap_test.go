package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// live runs the kit's pipeline in the background and returns what ends it and waits for that.
func (k *kit) live() (*Engine, func()) {
	k.t.Helper()
	e := k.engine()
	return e, k.start(e)
}

// start runs an engine in the background and returns what ends it and waits for that.
func (k *kit) start(e *Engine) func() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return func() {
		k.t.Helper()
		cancel()
		if err := <-done; err != nil {
			k.t.Error(err)
		}
		k.clean()
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
		if k.closes("a") != 1 {
			t.Errorf("the model of a detector that went was closed %d times", k.closes("a"))
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
		{"evidence", func(k *kit) {
			if err := os.WriteFile(filepath.Join(k.cfg.StateDir, "file"), nil, 0o600); err != nil {
				k.t.Fatal(err)
			}
			k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Quality: 80, Dir: "file"}}
		}, "evidence/clip", StepOpen, "file"},
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

// quickly is the probation of tests.
const quickly = 30 * time.Second

// TestSwapRolledBack breaks a detector, a camera and a sink some time after the swap that brought them: the graph of before runs
// again, with the nodes of before where they could be kept.
func TestSwapRolledBack(t *testing.T) {
	bad := atomic.Bool{}
	for _, c := range []struct {
		name string
		edit func(k *kit)
		node string
	}{
		{"panic", func(k *kit) {
			k.does("b", func(_ context.Context, _ uint64, run *node.Run) error {
				if bad.Load() {
					panic("after a while")
				}
				run.Set("count", signal.Int(1))
				return nil
			})
			k.spec.Detectors[0].Options = []byte(`{"name":"b"}`)
		}, "detector/a@c"},
		{"errors", func(k *kit) {
			k.detector("b", 10, func(context.Context, uint64, *node.Run) error {
				if bad.Load() {
					return errTest
				}
				return nil
			})
		}, "detector/b@c"},
		{"timeouts", func(k *kit) {
			k.detector("b", 10, func(ctx context.Context, _ uint64, _ *node.Run) error {
				if bad.Load() {
					<-ctx.Done()
					return ctx.Err()
				}
				return nil
			}).Timeout = time.Second
		}, "detector/b@c"},
		{"camera", func(k *kit) {
			k.cams["d"] = &fakeCamera{live: true, gap: 50 * time.Millisecond, next: func(ctx context.Context, _ int) error {
				if bad.Load() {
					<-ctx.Done()
				}
				return ctx.Err()
			}}
			k.spec.Cameras[0].Options = []byte(`{"name":"d"}`)
		}, "camera/c"},
		{"sink", func(k *kit) {
			k.spec.Sinks[0].Options = []byte(`{"name":"fails"}`)
			k.spec.Events[0].Updates = 100 * time.Millisecond
			k.sinkErr.Store(&errTest)
		}, "sink/memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bad.Store(false)
				k := newKit(t)
				k.camera("c", 20, &fakeCamera{live: true})
				k.detector("a", 10, says(time.Millisecond, 1))
				k.event("e", "a.count", time.Second)
				k.sink()
				e, stop := k.live()
				defer stop()
				time.Sleep(3 * time.Second)
				was := e.w.Load()
				c.edit(k)
				var got SwapOutcome
				rep := k.swap(e, SwapOptions{Probation: quickly, Ended: func(o SwapOutcome) { got = o }})
				if p := e.Status().Probation; p == nil || p.Generation != rep.Generation || len(p.Nodes) == 0 {
					t.Errorf("probation %+v", p)
				}
				time.Sleep(5 * time.Second)
				bad.Store(true)
				time.Sleep(10 * time.Second)
				k.sinkErr.Store(nil)
				time.Sleep(20 * time.Second)
				synctest.Wait()
				if got.Kept || got.Node != c.node || got.Now != 3 || got.Err != nil {
					t.Errorf("%+v, want a rollback because of %s", got, c.node)
				}
				now := e.w.Load()
				if now.g != was.g || now.lanes[0] != was.lanes[0] || now.cams[0] != was.cams[0] || now.sinks[0].out.Load() != was.sinks[0].out.Load() {
					t.Error("the graph of before does not run with its own nodes")
				}
				st := e.Status()
				if !st.Ready() || st.Probation != nil || st.Reloads[0].Outcome != reloadRolledBack || st.Reloads[1].By != "rollback" {
					t.Errorf("%+v %+v", st.Reasons, st.Reloads)
				}
				if got := k.states(); !slices.Equal(slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, "updated") }), []string{"e@c confirmed"}) {
					t.Errorf("%q", got)
				}
			})
		})
	}
}

// TestSwapKept lets a probation end well: what was kept for a rollback is closed.
func TestSwapKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 10, says(time.Millisecond, 1))
		k.event("e", "a.count", time.Second)
		k.sink()
		e, stop := k.live()
		defer stop()
		time.Sleep(3 * time.Second)
		var ended []SwapOutcome
		o := SwapOptions{Probation: quickly, Ended: func(o SwapOutcome) { ended = append(ended, o) }}
		k.spec.Detectors[0].Options = []byte(`{"name":"a","rev":1}`)
		k.swap(e, o)
		if k.closes("a") != 0 {
			t.Error("a model on which a rollback rests is closed")
		}
		time.Sleep(10 * time.Second)
		k.spec.Detectors[0].Options = []byte(`{"name":"a","rev":2}`)
		k.swap(e, o) // the first is superseded, not rolled back
		time.Sleep(time.Second)
		if k.closes("a") != 1 {
			t.Errorf("%d models are closed, want that of the first graph", k.closes("a"))
		}
		time.Sleep(quickly)
		synctest.Wait()
		want := []SwapOutcome{{Generation: 2, Kept: true, Now: 2}, {Generation: 3, Kept: true, Now: 3}}
		if !slices.Equal(ended, want) || k.closes("a") != 2 {
			t.Errorf("%+v, %d models closed", ended, k.closes("a"))
		}
		if got := []string{e.Status().Reloads[0].Outcome, e.Status().Reloads[1].Outcome}; !slices.Equal(got, []string{reloadSuperseded, reloadKept}) {
			t.Errorf("%q", got)
		}
	})
}

// TestSwapExclusive replaces a camera and a sink that cannot be open twice, once by others that open and once by others that do
// not.
func TestSwapExclusive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true}).Kind = "device"
		k.detector("a", 10, says(time.Millisecond, 1))
		k.event("e", "a.count", time.Second)
		k.spec.Sinks = []graph.SinkSpec{{ID: "s", Kind: "only", Options: []byte(`{"name":"s"}`)}}
		e, stop := k.live()
		defer stop()
		time.Sleep(3 * time.Second)

		k.spec.Sinks[0].Options = []byte(`{"name":"refuses"}`)
		k.cams["d"] = &fakeCamera{live: true, gap: 50 * time.Millisecond}
		k.spec.Cameras[0].Options = []byte(`{"name":"d"}`)
		_, err := e.Swap(t.Context(), k.graph(), SwapOptions{})
		if refused := new(SwapError); !errors.As(err, &refused) || refused.Node != "sink/s" || refused.Step != StepExclusive {
			t.Errorf("%v, want sink/s to be refused", err)
		}
		time.Sleep(2 * time.Second)
		if st := e.Status(); !st.Ready() || st.Generation != 1 || k.opened.Load() != 1 {
			t.Errorf("%+v, %d sinks open", st.Reasons, k.opened.Load())
		}

		k.spec.Sinks[0].Options = []byte(`{"name":"t"}`)
		k.spec.Events[0].Updates = time.Second
		k.swap(e, SwapOptions{Probation: quickly})
		time.Sleep(2 * time.Second)
		if st := e.Status(); !st.Ready() || st.Generation != 2 || k.opened.Load() != 1 || k.cams["d"].tries.Load() != 2 {
			t.Errorf("%+v, %d sinks open", st.Reasons, k.opened.Load())
		}
		if got := k.states(); len(got) < 3 || got[0] != "e@c confirmed" || got[1] != "e@c updated" {
			t.Errorf("%q", got)
		}
	})
}

// TestSwapRetunes changes an option in place, refuses one that the node refuses, and replaces a node that does not know how.
func TestSwapRetunes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 10, nil).Kind = "tuned"
		k.event("e", "a.count", time.Second)
		k.sink()
		e, stop := k.live()
		defer stop()
		time.Sleep(3 * time.Second)
		was := e.w.Load()
		k.spec.Detectors[0].Options = []byte(`{"name":"a","level":-1}`)
		if _, err := e.Swap(t.Context(), k.graph(), SwapOptions{}); err == nil || !strings.Contains(err.Error(), "detector/a: open: made to fail") {
			t.Errorf("%v", err)
		}
		k.spec.Detectors[0].Options = []byte(`{"name":"a","level":1}`)
		k.swap(e, SwapOptions{})
		if now := e.w.Load(); now.models[0] != was.models[0] || now.lanes[0] != was.lanes[0] {
			t.Error("a node that is retuned was replaced")
		}
		time.Sleep(3 * time.Second)
		if got := k.states(); !slices.Equal(got, []string{"e@c confirmed"}) {
			t.Errorf("%q", got)
		}
	})
}

// TestSwapOrphans replaces a detector in the middle of a long run, and removes another: both runs end in their old models, which
// are closed after them.
func TestSwapOrphans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 1, says(4*time.Second, 1)).Timeout = 8 * time.Second
		k.detector("b", 1, func(context.Context, uint64, *node.Run) error { time.Sleep(20 * time.Second); return nil }).Timeout = 6 * time.Second
		k.event("e", "a.count", 0)
		k.sink()
		e, stop := k.live()
		defer stop()
		time.Sleep(2 * time.Second) // both are in their first run
		k.does("a2", says(time.Millisecond, 0))
		k.spec.Detectors[0].Options = []byte(`{"name":"a2"}`)
		k.spec.Detectors = k.spec.Detectors[:1]
		k.swap(e, SwapOptions{})
		time.Sleep(time.Second)
		out := 0
		e.do(func() { out = len(e.orphans) })
		if out != 2 || k.closes("a") != 0 {
			t.Errorf("%d runs are out in what is gone, want 2", out)
		}
		time.Sleep(15 * time.Second)
		e.do(func() { out = len(e.orphans) })
		if k.closes("a") != 1 || k.closes("b") != 0 || e.left.Load() != 1 || out != 0 {
			t.Errorf("closed %d and %d, %d nodes left behind, %d runs out", k.closes("a"), k.closes("b"), e.left.Load(), out)
		}
		_, snap := e.snapshot()
		if snap.stats.Gone != 1 || len(k.states()) != 0 {
			t.Errorf("%d results of what is gone, records %q", snap.stats.Gone, k.states())
		}
		time.Sleep(10 * time.Second)
	})
}

// TestSwapStops ends the run in the middle of a preparation, and swaps where nothing runs.
func TestSwapStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 10, says(time.Millisecond, 1))
		e, stop := k.live()
		time.Sleep(time.Second)
		k.camera("d", 20, &fakeCamera{live: true, next: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }})
		g := k.graph()
		ended := make(chan error, 2)
		for range 2 { // one prepares, one waits
			go func() {
				_, err := e.Swap(context.Background(), g, SwapOptions{})
				ended <- err
			}()
		}
		time.Sleep(time.Second)
		stop()
		for range 2 {
			if err := <-ended; !errors.Is(err, ErrStopped) {
				t.Errorf("%v, want %v", err, ErrStopped)
			}
		}
		if _, err := e.Swap(context.Background(), g, SwapOptions{}); !errors.Is(err, ErrStopped) {
			t.Errorf("%v, want %v", err, ErrStopped)
		}
	})
}

// TestSwapGivesWay cancels a preparation, as a newer edit does: the next one is made at once.
func TestSwapGivesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 10, says(time.Millisecond, 1))
		e, stop := k.live()
		defer stop()
		time.Sleep(time.Second)
		k.camera("d", 20, &fakeCamera{live: true, next: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if _, err := e.Swap(ctx, k.graph(), SwapOptions{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want %v", err, context.Canceled)
		}
		k.spec.Cameras = k.spec.Cameras[:1]
		k.spec.Detectors[0].FPS = 5
		k.swap(e, SwapOptions{})
		if st := e.Status(); len(st.Reloads) != 1 || st.Reloads[0].Outcome != reloadKept {
			t.Errorf("%+v", st.Reloads)
		}
	})
}

// TestSwapInLockstep is refused: it says why.
func TestSwapInLockstep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 10, says(time.Millisecond, 1))
		e, stop := k.live()
		defer stop()
		time.Sleep(time.Second)
		k.spec.Cameras[0].Kind, k.spec.Cameras[0].Pace = "file", graph.PaceLockstep
		if _, err := e.Swap(t.Context(), k.graph(), SwapOptions{}); err == nil || !strings.Contains(err.Error(), "lockstep") {
			t.Errorf("%v", err)
		}
	})
}

// TestSwapInTheMiddle edits while an event is pending, confirmed and cooling down, while its clip is cut, and twice within 10 ms:
// it goes on where it stood, and the clip is that of the policy with which it began.
func TestSwapInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("a", 10, nil).Kind = "tuned"
		k.spec.Detectors[0].Options = []byte(`{"name":"a","level":1}`)
		ev := k.event("e", "a.count", 2*time.Second)
		ev.Cooldown, ev.Evidence = 5*time.Second, "clip"
		k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: 2 * time.Second, Quality: 80, MinFree: 1, Dir: "first"}}
		k.sink()
		k.cfg.StateDir = t.TempDir()
		e, stop := k.live()
		time.Sleep(time.Second)

		ev.Hold = 1500 * time.Millisecond // pending since about a second: two edits within 10 ms
		k.swap(e, SwapOptions{})
		time.Sleep(10 * time.Millisecond)
		ev.Hold = 3 * time.Second
		k.swap(e, SwapOptions{})
		time.Sleep(1500 * time.Millisecond)
		if got := k.states(); len(got) != 0 {
			t.Errorf("%q before its hold is over", got)
		}
		time.Sleep(time.Second)
		if got := k.states(); !slices.Equal(got, []string{"e@c confirmed"}) {
			t.Errorf("%q", got)
		}

		// Confirmed, and its clip open: another folder from now on, and another camera behind the same id.
		k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: time.Second, Quality: 60, MinFree: 1, Dir: "second"}}
		k.cams["d"] = &fakeCamera{live: true, gap: 50 * time.Millisecond}
		k.spec.Cameras[0].Options = []byte(`{"name":"d"}`)
		k.swap(e, SwapOptions{})
		time.Sleep(5 * time.Second)
		// It ends, cools down, and comes again no sooner for an edit in between.
		k.spec.Detectors[0].Options = []byte(`{"name":"a","level":0}`)
		k.swap(e, SwapOptions{})
		time.Sleep(time.Second)
		k.spec.Detectors[0].Options = []byte(`{"name":"a","level":1}`)
		k.spec.Events[0].Hold = 0
		k.swap(e, SwapOptions{})
		time.Sleep(3 * time.Second)
		if got := k.states(); !slices.Equal(got, []string{"e@c confirmed", "e@c ended no"}) {
			t.Errorf("%q while it cools down", got)
		}
		time.Sleep(5 * time.Second)
		if got := k.states(); !slices.Equal(got, []string{"e@c confirmed", "e@c ended no", "e@c confirmed"}) {
			t.Errorf("%q", got)
		}
		stop()
		first, second := clips(t, filepath.Join(k.cfg.StateDir, "first")), clips(t, filepath.Join(k.cfg.StateDir, "second"))
		if len(first) != 1 || len(second) != 1 {
			t.Fatalf("clips %q and %q, want the one that had begun in the folder of before, and the other in that of now", first, second)
		}
		// From a second before the confirmation at 3 s to two seconds after the end at 8.5 s, across three swaps.
		if m := manifest(t, first[0]); m.Events[0].Generation != 3 || m.Quality != 80 || m.Delivered.Frames < 160 || len(m.Short) > 0 {
			t.Errorf("%+v", m)
		}
		if m := manifest(t, second[0]); m.Events[0].Generation != 6 {
			t.Errorf("%+v", m)
		}
	})
}

// clips returns the folders of clips in an evidence folder.
func clips(t *testing.T, dir string) []string {
	t.Helper()
	out, err := filepath.Glob(filepath.Join(dir, "e_*"))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func manifest(t *testing.T, dir string) evidence.Manifest {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, evidence.ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	var m evidence.Manifest
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSwapLeavesNoTrace runs one pipeline with edits that are refused, or rolled back, and once without them: the events are the
// same to the byte, but for the generation where a rollback counted on.
func TestSwapLeavesNoTrace(t *testing.T) {
	lines := func(edit func(k *kit)) (out []string) {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t)
			k.camera("c", 20, &fakeCamera{live: true})
			k.detector("a", 10, func(_ context.Context, _ uint64, run *node.Run) error {
				run.Set("count", signal.Int(int64(run.Now/tick.Time(4*time.Second))%2))
				return nil
			})
			k.event("e", "a.count", time.Second).Updates = 700 * time.Millisecond
			k.sink()
			e, stop := k.live()
			for i := range 12 {
				time.Sleep(5 * time.Second)
				if edit != nil && i%3 == 1 {
					was := clone(k.spec)
					edit(k)
					_, err := e.Swap(t.Context(), k.graph(), SwapOptions{Probation: quickly})
					if err == nil && len(k.spec.Detectors) == len(was.Detectors) {
						t.Error("an edit that is to be refused was not")
					}
					k.spec = was
				}
			}
			stop()
			for _, r := range k.records {
				r.Generation = 0
				b, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, string(b))
			}
		})
		return out
	}
	want := lines(nil)
	if len(want) < 20 {
		t.Fatalf("%d records", len(want))
	}
	for name, edit := range map[string]func(k *kit){
		"camera": func(k *kit) {
			k.camera("new", 20, &fakeCamera{live: true, open: func(int) error { return errTest }})
		},
		"model": func(k *kit) {
			k.spec.Detectors[0].Options = []byte(`{"name":"missing"}`)
		},
		"warm-up": func(k *kit) {
			k.does("b", func(context.Context, uint64, *node.Run) error { panic("odd") })
			k.spec.Detectors[0].Options = []byte(`{"name":"b"}`)
		},
		"sink": func(k *kit) {
			k.spec.Sinks[0].Options = []byte(`{"name":"refuses"}`)
		},
		"memory": func(k *kit) {
			k.spec.Engine.Memory = 1 << 10
		},
		"rolled back": func(k *kit) {
			k.detector("b", 10, func(_ context.Context, n uint64, _ *node.Run) error {
				if n > 50 { // 5 s after the swap
					panic("after a while")
				}
				return nil
			})
		},
	} {
		if got := lines(edit); !slices.Equal(got, want) {
			t.Errorf("%s: %d records, want %d", name, len(got), len(want))
			for i := range min(len(got), len(want)) {
				if got[i] != want[i] {
					t.Errorf("%s\nwant %s", got[i], want[i])
					break
				}
			}
		}
	}
}

// TestSwapReplays records a run with swaps and gives its log to another core: with the graphs of their revisions it decides the
// same.
func TestSwapReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		var log bytes.Buffer
		k.cfg.Record = &log
		k.camera("c", 20, &fakeCamera{live: true})
		k.detector("m", 10, says(7*time.Millisecond, 1))
		k.event("e", "m.count", time.Second)
		k.sink()
		graphs := map[string]*graph.Graph{}
		var decided []string
		k.cfg.Observe = func(_ []sched.Input, _ time.Duration, out []sched.Decision) {
			decided = append(decided, decisions(out))
		}
		e, stop := k.live()
		first := e.w.Load().g
		for i, edit := range []func(){
			func() { k.detector("a", 5, says(time.Millisecond, 1)) },
			func() { k.event("f", "a.count", time.Second) },
			func() { k.spec.Detectors[1].Options = []byte(`{"name":"m","rev":1}`) },
			func() { k.spec.Engine.Cores = 2 },
			func() { k.spec.Events = k.spec.Events[1:] },
		} {
			time.Sleep(2500 * time.Millisecond)
			edit()
			k.spec.Revision = strconv.Itoa(i)
			g := k.graph()
			graphs[g.Revision] = g
			if _, err := e.Swap(t.Context(), g, SwapOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2500 * time.Millisecond)
		stop()
		h, inputs, err := sched.ReadLog(&log)
		if err != nil {
			t.Fatal(err)
		}
		if err := sched.Resolve(inputs, first, func(revision string) (*graph.Graph, error) { return graphs[revision], nil }); err != nil {
			t.Fatal(err)
		}
		core := sched.New(first, sched.Options{Slots: h.Slots, Reserve: h.Reserve, Blocking: h.Blocking})
		var out []sched.Decision
		turns := 0
		for ins := range sched.Turns(inputs) {
			out = core.Turn(ins, out[:0])
			if text := decisions(out); turns < len(decided) && text != decided[turns] {
				t.Fatalf("turn %d of the replay decides %s, the run decided %s", turns, text, decided[turns])
			}
			turns++
		}
		if turns != len(decided) || core.Generation() != 6 {
			t.Errorf("%d turns in the log, %d in the run; generation %d", turns, len(decided), core.Generation())
		}
	})
}
