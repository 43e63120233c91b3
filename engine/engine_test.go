package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
)

func TestMain(m *testing.M) {
	serveVictims()
	goleak.VerifyTestMain(m)
}

func TestEventIsConfirmedAndEndsAtTheStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, says(5*time.Millisecond, 2))
		k.event("seen", "d.count", 500*time.Millisecond)
		k.sink()
		e := k.run(3 * time.Second)
		if got, want := k.states(), []string{"seen@front confirmed", "seen@front ended shutdown"}; !slices.Equal(got, want) {
			t.Errorf("records %q, want %q", got, want)
		}
		r := k.records[0]
		if r.Schema != RecordSchema || r.ID == "" || r.Run != "run" || r.Revision != "rev" || len(r.Leaves) != 1 || r.Leaves[0].Value != int64(2) {
			t.Errorf("record %+v", r)
		}
		st := e.Status()
		if st.Events.Confirmed != 1 || st.Events.Ended != 1 || st.Cameras[0].Frames != 31 && st.Cameras[0].Frames != 30 {
			t.Errorf("status %+v", st)
		}
	})
}

// TestSlowDetectorDelaysNobody: the invariant. A detector of a second beside one of a millisecond costs the latter nothing.
func TestSlowDetectorDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 30, &fakeCamera{live: true})
		k.detector("fast", 30, says(time.Millisecond, 1))
		k.detector("slow", 30, says(time.Second, 1)).Load = graph.LoadNone
		k.sink()
		k.event("e", "fast.count", 0)
		e := k.run(10 * time.Second)
		if n := len(k.looked["fast"]); n < 299 {
			t.Errorf("the fast detector looked at %d of 300 pictures", n)
		}
		if n := len(k.looked["slow"]); n < 10 || n > 11 {
			t.Errorf("the slow detector ran %d times in 10 s, want one run after another", n)
		}
		if s := e.w.Load().cams[0].counts.superseded.Load(); s != 0 {
			t.Errorf("%d pictures were not taken by the core", s)
		}
	})
}

func TestPanicAndErrorAreContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("bad", 10, func(_ context.Context, n uint64, _ *node.Run) error {
			if n%2 == 0 {
				return errTest
			}
			panic("made to panic")
		})
		k.detector("ok", 10, says(time.Millisecond, 1))
		k.detector("alien", 10, func(_ context.Context, _ uint64, run *node.Run) error { run.Set("nothing", signal.Int(1)); return nil })
		k.event("e", "ok.count", time.Second)
		k.event("never", "bad.count", 0)
		k.sink()
		e := k.engine()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		time.Sleep(5 * time.Second)
		st := e.Status()
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if got, want := k.states(), []string{"e@front confirmed", "e@front ended shutdown"}; !slices.Equal(got, want) {
			t.Errorf("records %q, want %q", got, want)
		}
		why := fmt.Sprint(st.Reasons)
		if st.Ready() || !strings.Contains(why, "detector/bad@front") || !strings.Contains(why, "made to") || !strings.Contains(why, "detector/alien@front") {
			t.Errorf("ready %v because of %v: must name the broken detectors and why", st.Ready(), why)
		}
		k.clean()
	})
}

func TestHungDetectorIsAbandonedAndTheStopIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		k := newKit(t)
		k.spec.Engine.Cores = 1
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("stuck", 10, func(_ context.Context, n uint64, run *node.Run) error {
			if n > 3 {
				<-release // deaf to its context, as foreign code is
			}
			run.Set("count", signal.Int(1))
			return nil
		}).Timeout = 500 * time.Millisecond
		k.detector("ok", 10, says(time.Millisecond, 1))
		k.event("e", "ok.count", time.Second)
		k.sink()
		k.cfg.Drain = 3 * time.Second
		e := k.engine()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		if err := e.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begin) - 10*time.Second; d > 2*k.cfg.Drain {
			t.Errorf("the stop took %v, the drain is %v", d, k.cfg.Drain)
		}
		if n := len(k.looked["ok"]); n < 90 {
			t.Errorf("the detector beside the stuck one ran %d times of 100 on the only slot", n)
		}
		if st := e.Status(); st.Detectors[1].Failed != 2 || st.Detectors[1].Skipped["leaked"] == 0 {
			t.Errorf("stuck: %+v, want 2 abandoned runs and then skips as leaked", st.Detectors[1])
		}
		if got := k.states(); !slices.Equal(got, []string{"e@front confirmed", "e@front ended shutdown"}) {
			t.Errorf("records %q", got)
		}
		if k.closed["stuck"] != 0 || k.closed["ok"] != 1 {
			t.Errorf("models closed %v: all but the one that a run still uses", k.closed)
		}
		close(release)
		synctest.Wait()
		k.clean()
	})
}

func TestCameraThatFailsIsRetriedAndDoesNotStopTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("bad", 10, &fakeCamera{live: true, open: func(try int) error {
			if try < 4 {
				return errors.New("connect to rtsp://admin:secret@10.0.0.1/live: refused")
			}
			return nil
		}})
		k.camera("good", 10, &fakeCamera{live: true})
		k.camera("throws", 10, &fakeCamera{live: true, next: func(_ context.Context, n int) error {
			if n == 5 {
				panic("camera code")
			}
			return nil
		}})
		k.detector("d", 10, says(time.Millisecond, 1))
		k.event("e", "d.count", time.Second)
		k.sink()
		e := k.engine()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		time.Sleep(time.Second)
		early := e.Status()
		time.Sleep(20 * time.Second)
		late := e.Status()
		cancel()
		<-done
		if s := early.Cameras[0]; s.State != "down" || !strings.Contains(s.Error, "refused") || strings.Contains(s.Error, "secret") {
			t.Errorf("early: %+v, want down, the reason and no password", s)
		}
		if early.Ready() {
			t.Error("ready with a camera down")
		}
		if s := late.Cameras[0]; s.State != "up" || s.Reconnects != 3 || s.Frames < 50 {
			t.Errorf("late: %+v, want up after 3 reconnects", s)
		}
		if late.Cameras[1].Frames < 200 {
			t.Errorf("the good camera gave %d pictures", late.Cameras[1].Frames)
		}
		if late.Cameras[2].Reconnects == 0 {
			t.Error("the camera that panicked was not opened again")
		}
		k.clean()
	})
}

func TestStalledCameraIsSeenAndReopened(t *testing.T) {
	for _, deaf := range []bool{false, true} {
		t.Run(fmt.Sprintf("deaf=%v", deaf), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				var opened atomic.Int64
				k := newKit(t)
				k.camera("front", 10, &fakeCamera{live: true, open: func(int) error { opened.Add(1); return nil }, next: func(ctx context.Context, n int) error {
					if n < 20 || opened.Load() > 1 {
						return nil
					}
					if deaf { // as a blocking call into foreign code
						<-release
						return errTest
					}
					<-ctx.Done()
					return ctx.Err()
				}})
				k.detector("d", 10, says(time.Millisecond, 1)).TTL = map[string]time.Duration{"count": time.Second}
				k.event("e", "d.count", 0).UnknownGrace = 2 * time.Second
				k.sink()
				e := k.engine()
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- e.Run(ctx) }()
				time.Sleep(30 * time.Second)
				st := e.Status()
				if s := st.Cameras[0]; s.State != "up" || s.Reconnects != 1 || e.w.Load().cams[0].counts.stalls.Load() != 1 {
					t.Errorf("%+v, stalls %d: want one stall, one reconnect and up", s, e.w.Load().cams[0].counts.stalls.Load())
				}
				if want := map[bool]int64{true: 1}[deaf]; e.w.Load().cams[0].counts.leaked.Load() != want {
					t.Errorf("%d readers leaked, want %d", e.w.Load().cams[0].counts.leaked.Load(), want)
				}
				if got := k.states(); len(got) < 3 || got[1] != "e@front ended unknown" || got[2] != "e@front confirmed" {
					t.Errorf("records %q: want the event to end as unknown and to come back", got)
				}
				close(release)
				cancel()
				<-done
				synctest.Wait()
				k.clean()
			})
		})
	}
}

func TestFileEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("clip", 10, &fakeCamera{frames: 50})
		k.detector("d", 10, says(time.Millisecond, 1))
		k.event("e", "d.count", time.Second)
		k.sink()
		begin := time.Now()
		e := k.run(time.Hour)
		if d := time.Since(begin); d < 4900*time.Millisecond || d > 6*time.Second {
			t.Errorf("5 s of file took %v", d)
		}
		if st := e.Status(); st.Cameras[0].State != "ended" || st.Cameras[0].Frames != 50 {
			t.Errorf("%+v", st.Cameras[0])
		}
	})
}

// TestLockstepSeesEveryPicture: also with a detector that is slower than the camera, and twice the same.
func TestLockstepSeesEveryPicture(t *testing.T) {
	play := func(took time.Duration) (records []node.Record, looked map[string][]uint64, spent time.Duration) {
		k := newKit(t)
		k.camera("clip", 10, &fakeCamera{frames: 200}).Pace = graph.PaceLockstep
		k.camera("other", 4, &fakeCamera{frames: 80}).Pace = graph.PaceLockstep
		k.detector("slow", 10, func(_ context.Context, _ uint64, run *node.Run) error {
			time.Sleep(took)
			run.Set("count", signal.Int(int64(run.Frames[0].Seq/20%2)))
			return nil
		})
		k.detector("next", 10, says(0, 1)).Needs = []string{"slow.count"}
		k.event("e", "slow.count", 500*time.Millisecond).Grace = 200 * time.Millisecond
		k.sink()
		k.cfg.Wall = func() time.Time { return time.Unix(1_700_000_000, 0) }
		begin := time.Now()
		k.run(time.Hour)
		return k.records, k.looked, time.Since(begin)
	}
	synctest.Test(t, func(t *testing.T) {
		slow, looked, spent := play(time.Second)
		fast, _, _ := play(time.Microsecond)
		if len(slow) == 0 || !reflect.DeepEqual(slow, fast) {
			t.Errorf("records depend on the detector's speed: %d and %d of them", len(slow), len(fast))
		}
		if n := len(looked["slow"]); n < 278 {
			t.Errorf("the slow detector looked at %d of 280 pictures", n)
		}
		if len(looked["next"]) != len(looked["slow"]) {
			t.Errorf("the chained detector looked at %d pictures, its producer at %d", len(looked["next"]), len(looked["slow"]))
		}
		if spent < 100*time.Second {
			t.Errorf("280 runs of a second took %v: they did not run", spent)
		}
	})
}

func TestSinkThatFailsIsRetriedThenCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, says(time.Millisecond, 1))
		k.event("e", "d.count", 0)
		k.sink()
		full := errTest
		k.sinkErr.Store(&full)
		e := k.engine()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		time.Sleep(3 * time.Second)
		if st := e.Status(); st.Ready() || !strings.Contains(fmt.Sprint(st.Reasons), "sink/memory") {
			t.Errorf("reasons %v: must name the sink", st.Reasons)
		}
		k.sinkErr.Store(nil)
		time.Sleep(10 * time.Second)
		if st := e.Status(); !st.Ready() || st.Sinks[0].Written != 1 {
			t.Errorf("after the disk came back: %+v %v", st.Sinks, st.Reasons)
		}
		k.sinkErr.Store(&full)
		cancel()
		<-done
		if st := e.Status(); st.Sinks[0].Dropped != 1 {
			t.Errorf("at the end %+v: want the last record counted as dropped", st.Sinks)
		}
	})
}

func TestEvidenceIsWrittenAndNamedInTheRecord(t *testing.T) {
	for _, pace := range []graph.Pace{graph.PaceLive, graph.PaceLockstep} {
		t.Run(map[graph.Pace]string{graph.PaceLive: "live", graph.PaceLockstep: "lockstep"}[pace], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.camera("front", 10, &fakeCamera{frames: 100}).Pace = pace
				k.detector("d", 10, func(_ context.Context, _ uint64, run *node.Run) error {
					run.Set("boxes", signal.Boxes([]signal.Box{{X: 0.2, Y: 0.2, W: 0.4, H: 0.4, Score: 1}}))
					n := int64(0)
					if s := run.Frames[0].Seq; s >= 30 && s < 50 {
						n = 1
					}
					run.Set("count", signal.Int(n))
					return nil
				})
				k.event("seen", "d.count", 500*time.Millisecond).Evidence = "clip"
				k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: time.Second, Quality: 80, MinFree: 1}}
				k.sink()
				k.cfg.StateDir = t.TempDir()
				e := k.run(time.Hour)
				if len(k.records) != 2 || k.records[0].Evidence == "" {
					t.Fatalf("records %+v", k.records)
				}
				dir := filepath.Join(k.cfg.StateDir, "evidence", k.records[0].Evidence)
				raw, err := os.ReadFile(filepath.Join(dir, "meta.json"))
				if err != nil {
					t.Fatal(err)
				}
				var meta map[string]any
				if err := json.Unmarshal(raw, &meta); err != nil {
					t.Fatal(err)
				}
				jpegs, err := filepath.Glob(filepath.Join(dir, "frame_*.jpg"))
				if err != nil || len(jpegs) < 20 {
					t.Errorf("%d pictures in the clip (%v)\n%s", len(jpegs), err, raw)
				}
				if _, err := os.Stat(filepath.Join(dir, "snapshot.jpg")); err != nil {
					t.Error(err)
				}
				if st := e.Status(); st.Evidence[0].Clips != 1 || st.Evidence[0].Error != "" {
					t.Errorf("%+v", st.Evidence)
				}
			})
		})
	}
}

func TestWallClockJumpChangesOnlyWhatRecordsSay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, func(_ context.Context, n uint64, run *node.Run) error {
			run.Set("count", signal.Int(int64(n/20%2)))
			return nil
		})
		k.event("e", "d.count", 500*time.Millisecond)
		k.sink()
		begin := time.Now()
		k.cfg.Wall = func() time.Time {
			now := time.Now()
			if now.Sub(begin) > 5*time.Second {
				now = now.Add(-time.Hour)
			}
			return now
		}
		k.run(12 * time.Second)
		if len(k.records) != 6 {
			t.Fatalf("%d records, want 3 occurrences of 2", len(k.records))
		}
		at := func(i int) time.Time {
			x, err := time.Parse(time.RFC3339Nano, k.records[i].Time)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		if d := at(2).Sub(at(0)); d > -50*time.Minute {
			t.Errorf("the second record is %v after the first: the jump of -1h is not in it", d)
		}
		if k.records[3].Duration != "1.6s" && k.records[3].Duration != "1.5s" {
			t.Errorf("an occurrence across the jump lasted %s", k.records[3].Duration)
		}
	})
}

// TestMetricsAreComplete: every series of the table is there, and a scrape while running costs no race.
func TestMetricsAreComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		good := says(time.Millisecond, 1)
		k.detector("d", 10, func(ctx context.Context, n uint64, run *node.Run) error {
			if n == 3 {
				return &node.Failure{Hop: "server", Cause: "busy", Err: errors.New("too much to do")}
			}
			return good(ctx, n, run)
		})
		k.event("e", "d.count", 0).Evidence = "clip"
		k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: time.Second, Quality: 80, MinFree: 1}}
		k.sink()
		reg := prometheus.NewRegistry()
		k.cfg.Registry = reg
		k.cfg.StateDir = t.TempDir()
		e := k.engine()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		time.Sleep(5 * time.Second)
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		<-done
		seen := map[string]bool{}
		for _, f := range families {
			seen[f.GetName()] = true
			if f.GetHelp() == "" {
				t.Errorf("%s has no help", f.GetName())
			}
		}
		for _, s := range e.metrics.table() {
			if !seen[s.name] && s.name != "rvo_clips_short_total" {
				t.Errorf("metric %s is missing", s.name)
			}
		}
		if _, err := reg.Gather(); err != nil {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestModelThatDoesNotOpenRefusesTheRun(t *testing.T) {
	k := newKit(t)
	k.camera("front", 10, &fakeCamera{live: true})
	k.detector("d", 10, says(0, 1))
	e := k.engine()
	e.w.Load().g.Detectors[0].Kind = brokenKind(t)
	if err := e.Run(t.Context()); err == nil || !strings.Contains(err.Error(), `detector "d"`) || !strings.Contains(err.Error(), "made to fail") {
		t.Errorf("Run gave %v, want the detector and the reason", err)
	}
}

func brokenKind(t *testing.T) *node.Kind {
	set, err := node.NewSet(node.Detector(node.Contract{
		Name: "broken", Doc: "does not open", Options: "#Options: {}", Emits: func(json.RawMessage) ([]node.Emit, error) { return nil, nil },
	}, func(context.Context, node.DetectorEnv, options) (node.Model, error) { return nil, errTest }))
	if err != nil {
		t.Fatal(err)
	}
	k, _ := set.Kind(node.RoleDetector, "broken")
	return k
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"open rtsp://admin:pw@10.0.0.1:554/s": "open rtsp://***@10.0.0.1:554/s",
		"rtsp://user:p@ss@host/x failed":      "rtsp://***@host/x failed",
		"http://host/a?b=c@d":                 "http://host/a?b=c@d",
		"no uri a@b":                          "no uri a@b",
	} {
		if got := redact(in); got != want {
			t.Errorf("redact(%q) = %q, want %q", in, got, want)
		}
	}
}

// blocked is a log that nobody reads.
type blocked struct{ release chan struct{} }

func (b blocked) Write(p []byte) (int, error) { <-b.release; return len(p), nil }

// TestLogThatBlocksStopsNobody: standard error is a pipe, and nobody reads it.
func TestLogThatBlocksStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		b := blocked{make(chan struct{})}
		k.cfg.Log = slog.New(slog.NewTextHandler(b, nil))
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("bad", 10, func(context.Context, uint64, *node.Run) error { return errTest })
		k.detector("ok", 10, says(time.Millisecond, 1))
		k.event("e", "ok.count", time.Second)
		k.sink()
		k.run(10 * time.Second)
		if n := len(k.looked["ok"]); n < 98 {
			t.Errorf("the good detector ran %d times of 100 while the log was blocked", n)
		}
		if got := k.states(); !slices.Equal(got, []string{"e@front confirmed", "e@front ended shutdown"}) {
			t.Errorf("records %q", got)
		}
		close(b.release)
		synctest.Wait()
	})
}

// TestPicturesAreSharedNotCopied is the seed's fault 3: every detector gets the one picture, and a view of it is made once.
func TestPicturesAreSharedNotCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		seen := map[string]map[uint64]*byte{"a": {}, "b": {}}
		look := func(id string) func(context.Context, uint64, *node.Run) error {
			return func(_ context.Context, _ uint64, run *node.Run) error {
				k.mu.Lock()
				defer k.mu.Unlock()
				f := run.Frames[0]
				seen[id][f.Seq] = &f.Luma().Pix[0]
				run.Set("count", signal.Int(1))
				return nil
			}
		}
		k.detector("a", 10, look("a"))
		k.detector("b", 10, look("b"))
		k.sink()
		k.run(2 * time.Second)
		both := 0
		for seq, p := range seen["a"] {
			if q := seen["b"][seq]; q != nil {
				both++
				if p != q {
					t.Errorf("picture %d: two detectors got two copies", seq)
				}
			}
		}
		if both < 15 {
			t.Errorf("%d pictures were looked at by both", both)
		}
	})
}

// TestFrozenPictureIsSeen: a camera that repeats one picture is up and frozen; nothing looks at it, what was known of it is
// unknown, readiness says so, and all of it is over when it moves.
func TestFrozenPictureIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var still atomic.Bool
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true, still: &still}).FreezeAfter = 2 * time.Second
		k.detector("d", 10, says(time.Millisecond, 1)).TTL = map[string]time.Duration{"count": time.Hour}
		k.event("seen", "d.count", 0).UnknownGrace = time.Second
		ev := k.event("frozen", "camera.frozen", 0)
		ev.When = &event.Cond{Signal: "camera.frozen", Path: "when"}
		slow := k.event("slow", "camera.fps", 0)
		slow.When = &event.Cond{Op: event.OpNot, Path: "when", Of: []*event.Cond{{Signal: "camera.up", Path: "when.not"}}}
		k.sink()
		e := k.engine()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		time.Sleep(3 * time.Second)
		still.Store(true)
		time.Sleep(7 * time.Second)
		st := e.Status()
		ran := st.Detectors[0].Runs
		time.Sleep(time.Second)
		if more := e.Status().Detectors[0].Runs; more != ran {
			t.Errorf("%d runs on a frozen picture", more-ran)
		}
		if st.Cameras[0].State != "frozen" || st.Ready() || !strings.Contains(fmt.Sprint(st.Reasons), "camera/front frozen") {
			t.Errorf("state %q, reasons %v", st.Cameras[0].State, st.Reasons)
		}
		still.Store(false)
		time.Sleep(3 * time.Second)
		if st := e.Status(); st.Cameras[0].State != "up" || !st.Ready() {
			t.Errorf("after it moves again: %+v %v", st.Cameras[0], st.Reasons)
		}
		cancel()
		<-done
		want := []string{
			"seen@front confirmed", "frozen@front confirmed", "seen@front ended unknown",
			"frozen@front ended no", "seen@front confirmed", "seen@front ended shutdown",
		}
		if got := k.states(); !slices.Equal(got, want) {
			t.Errorf("records %q\nwant %q", got, want)
		}
	})
}

// TestInputLogReplays: what a run was given, read back and given to another core turn by turn, decides the same.
func TestInputLogReplays(t *testing.T) {
	for _, pace := range []graph.Pace{graph.PaceLive, graph.PaceLockstep} {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t)
			var log bytes.Buffer
			k.cfg.Record = &log
			k.camera("front", 10, &fakeCamera{frames: 100}).Pace = pace
			k.camera("back", 10, &fakeCamera{frames: 100}).Pace = pace
			k.detector("d", 10, func(_ context.Context, n uint64, run *node.Run) error {
				if n%17 == 0 {
					return errTest
				}
				run.Set("count", signal.Int(int64(n/20%2)))
				run.Set("boxes", signal.Boxes([]signal.Box{{X: 0.1, W: 0.3, H: 0.2, Score: float32(n) / 300}}))
				return nil
			})
			k.detector("w", 5, says(3*time.Millisecond, 1)).Kind = "waiting"
			k.event("e", "d.count", 500*time.Millisecond)
			k.sink()
			var decided []string
			k.cfg.Observe = func(_ []sched.Input, _ time.Duration, out []sched.Decision) {
				decided = append(decided, decisions(out))
			}
			e := k.run(time.Hour)
			h, inputs, err := sched.ReadLog(&log)
			if err != nil {
				t.Fatal(err)
			}
			core := sched.New(e.w.Load().g, sched.Options{Slots: h.Slots, Reserve: h.Reserve, Blocking: h.Blocking})
			var got []string
			var out []sched.Decision
			turns := 0
			for ins := range sched.Turns(inputs) {
				out = core.Turn(ins, out[:0])
				if text := decisions(out); turns < len(decided) && text != decided[turns] {
					t.Fatalf("pace %d: turn %d of the replay decides %s, the run decided %s", pace, turns, text, decided[turns])
				}
				turns++
				for _, d := range out {
					if d.Kind == sched.DecisionEvent && d.Occurrence != "" {
						got = append(got, d.Occurrence+" "+d.Transition.Kind.String())
					}
				}
			}
			if turns != len(decided) {
				t.Errorf("pace %d: %d turns in the log, %d in the run", pace, turns, len(decided))
			}
			var want []string
			for _, r := range k.records {
				want = append(want, r.ID+" "+r.State)
			}
			if len(want) < 4 || !slices.Equal(got, want) {
				t.Errorf("pace %d: the replay of %d inputs gives %q, the run gave %q", pace, len(inputs), got, want)
			}
		})
	}
}

// decisions writes out what a turn decided.
func decisions(out []sched.Decision) string {
	var b strings.Builder
	for i := range out {
		d := out[i]
		d.EventDetail = nil
		fmt.Fprintf(&b, "%s %+v; ", d.Kind, d)
	}
	return b.String()
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errTest }

// TestInputLogOnAFullDisk: the log ends, the run does not.
func TestInputLogOnAFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.cfg.Record = full{}
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, says(time.Millisecond, 1))
		k.event("e", "d.count", time.Second)
		k.sink()
		k.run(30 * time.Second)
		if got := k.states(); !slices.Equal(got, []string{"e@front confirmed", "e@front ended shutdown"}) {
			t.Errorf("records %q", got)
		}
	})
}

// TestStatusAtAnyTime asks for the state before, during and after runs that work and that are refused, from several
// goroutines: the race detector looks on, and nobody waits for ever.
func TestStatusAtAnyTime(t *testing.T) {
	for _, refused := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			k := newKit(t)
			k.camera("front", 10, &fakeCamera{live: true})
			k.detector("d", 10, says(time.Millisecond, 1))
			k.sink()
			e := k.engine()
			if refused {
				e.w.Load().g.Detectors[0].Kind = brokenKind(t)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for range 200 {
						if st := e.Status(); st.Run != "run" {
							t.Errorf("status of run %q", st.Run)
						}
						time.Sleep(5 * time.Millisecond)
					}
				})
			}
			wg.Go(func() {
				time.Sleep(50 * time.Millisecond)
				if err := e.Run(ctx); (err != nil) != refused {
					t.Errorf("Run gave %v", err)
				}
			})
			time.Sleep(500 * time.Millisecond)
			cancel()
			wg.Wait()
			if st := e.Status(); st.Started && refused || !st.Stopping {
				t.Errorf("after the end: started %v, stopping %v", st.Started, st.Stopping)
			}
		})
	}
}
