package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
)

// begin runs the engine until the test stops it with the function returned.
func (k *kit) begin(e *Engine) (stop func()) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			k.t.Error(err)
		}
		k.clean()
	}
}

// TestTell: what is told from outside confirms an event, and nothing of such a detector is ever run.
func TestTell(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.camera("yard", 10, &fakeCamera{live: true})
		door := k.detector("door", 1, func(context.Context, uint64, *node.Run) error { panic("it was run") })
		door.Kind, door.TTL = "outside", map[string]time.Duration{"count": time.Minute}
		k.event("open", "door.count", 0)
		k.sink()
		k.cfg.Feed = true
		e := k.engine()
		stop := k.begin(e)
		time.Sleep(time.Second)
		tell := func(name, camera, value string) error { return e.Tell(name, camera, json.RawMessage(value), 0) }
		for _, tc := range []struct{ name, camera, value, field string }{
			{"door.count", "front", `"1"`, "value"},
			{"door.count", "front", `1.5`, "value"},
			{"door.count", "front", `null`, "value"},
			{"door.boxes", "front", `[]`, "value"},
			{"door.count", "attic", `1`, "camera"},
			{"door.level", "front", `1`, "signal"},
			{"camera.up", "front", `true`, "signal"},
		} {
			err := tell(tc.name, tc.camera, tc.value)
			if x, ok := errors.AsType[*TellError](err); !ok || x.Field != tc.field {
				t.Errorf("%+v: %v, want an error of %s", tc, err, tc.field)
			}
		}
		if err := tell("door.count", "front", "1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if err := e.Tell("door.count", "", json.RawMessage("0"), 500*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		v := e.View()
		for i, l := range v.Lanes {
			if l.Runs > 0 || l.Offers > 0 {
				t.Errorf("instance %d was offered %d pictures and run %d times", i, l.Offers, l.Runs)
			}
		}
		for i, c := range v.Graph.Cells {
			if c.Signal != "door.count" {
				continue
			}
			if cell := v.Cells[i]; !cell.Fresh(v.Now) || !cell.Value.Equal(signal.Int(0)) || v.Now.Sub(cell.Capture) != 1500*time.Millisecond {
				t.Errorf("%s on %d: %v, %v old", c.Signal, c.Camera, cell.Value, v.Now.Sub(cell.Capture))
			}
		}
		stop()
		if err := tell("door.count", "front", "1"); !errors.Is(err, ErrEnded) {
			t.Errorf("after the end: %v", err)
		}
		want := []string{"open@front confirmed", "open@front ended no"}
		if got := k.states(); !slices.Equal(got, want) {
			t.Errorf("records %q, want %q", got, want)
		}
		for _, state := range []string{"confirmed", "ended"} {
			line, ok := e.Record(t.Context())
			var r node.Record
			if err := json.Unmarshal(line, &r); !ok || err != nil || r.State != state {
				t.Errorf("fed %s, %t, %v, want %s", line, ok, err, state)
			}
		}
	})
}

// TestNeedsTold: a detector that needs a signal from outside runs on its camera's pictures while the signal is fresh.
func TestNeedsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		door := k.detector("door", 1, nil)
		door.Kind, door.TTL = "outside", map[string]time.Duration{"count": time.Second}
		k.detector("look", 10, says(0, 1)).Needs = []string{"door.count"}
		e := k.engine()
		stop := k.begin(e)
		time.Sleep(2 * time.Second)
		if n := len(k.looked["look"]); n != 0 {
			t.Errorf("%d runs before the signal was told", n)
		}
		if err := e.Tell("door.count", "front", json.RawMessage("1"), 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		stop()
		if n := len(k.looked["look"]); n < 9 || n > 11 {
			t.Errorf("%d runs in the second in which it was fresh, want ten", n)
		}
	})
}

// TestMute: by event, by camera, both; and taken back.
func TestMute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		for _, id := range []string{"front", "yard"} {
			k.camera(id, 10, &fakeCamera{live: true})
		}
		k.detector("d", 10, says(0, 1))
		k.event("a", "d.count", 0)
		k.event("b", "d.count", 0)
		e := k.engine()
		stop := k.begin(e)
		defer stop()
		time.Sleep(time.Second)
		muted := func() string {
			v := e.View()
			var out []string
			for i, m := range v.Machines {
				if m.Muted > v.Now {
					g := &v.Graph.Machines[i]
					out = append(out, v.Graph.Events[g.Event].ID+"@"+v.Graph.CameraID(g.Camera))
				}
			}
			return strings.Join(out, " ")
		}
		for _, tc := range []struct {
			event, camera string
			d             time.Duration
			n             int
			want          string
		}{
			{"a", "front", time.Minute, 1, "a@front"},
			{"", "yard", time.Minute, 2, "a@front a@yard b@yard"},
			{"a", "", 0, 2, "b@yard"},
			{"b", "", time.Minute, 2, "b@front b@yard"},
		} {
			got, err := e.Mute(tc.event, tc.camera, tc.d)
			if err != nil || len(got) != tc.n || muted() != tc.want {
				t.Errorf("%+v: %v, %v; muted are %s", tc, got, err, muted())
			}
		}
		for _, tc := range []struct{ event, camera, field string }{{"", "", "event"}, {"c", "", "event"}, {"a", "attic", "camera"}} {
			_, err := e.Mute(tc.event, tc.camera, time.Minute)
			if x, ok := errors.AsType[*TellError](err); !ok || x.Field != tc.field {
				t.Errorf("%+v: %v", tc, err)
			}
		}
	})
}

// TestReason: why an event is where it is, part by part, before it fires, while it has and with a signal that is missing.
func TestReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, func(_ context.Context, n uint64, run *node.Run) error {
			run.Set("count", signal.Int(int64(n/10))) // more each second
			return nil
		})
		k.event("e", "d.count", time.Second).When = &event.Cond{Op: event.OpAll, Path: "when", Of: []*event.Cond{
			{Signal: "d.count", Path: "when.all.0", Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}}, For: 500 * time.Millisecond},
			{Op: event.OpNot, Path: "when.all.1", Of: []*event.Cond{{Op: event.OpAbsent, Signal: "d.boxes", Path: "when.all.1.not"}}, Unknown: event.Yes},
		}}
		e := k.engine()
		stop := k.begin(e)
		defer stop()
		look := func() (string, sched.MachineLook) {
			r := e.Reason("e", "front", 10)
			if len(r.Machines) != 1 || r.More {
				t.Fatalf("%d machines", len(r.Machines))
			}
			var words []string
			for _, a := range r.Machines[0].Answers {
				words = append(words, a.String())
			}
			return strings.Join(words, " "), r.Machines[0].MachineLook
		}
		for _, tc := range []struct {
			wait time.Duration
			want string // the whole, its first part, its second, what that turns round
		}{
			{50 * time.Millisecond, "unknown unknown yes unknown"},
			{300 * time.Millisecond, "no no no yes"}, // no boxes for a time to live
			{1500 * time.Millisecond, "no yes no yes"},
		} {
			time.Sleep(tc.wait)
			if got, m := look(); got != tc.want || m.State != event.Idle {
				t.Errorf("after %v more: %s in state %v, want %s", tc.wait, got, m.State, tc.want)
			}
		}
		if r := e.Reason("nothing", "", 10); len(r.Machines) != 0 {
			t.Errorf("%d machines of an event that is not there", len(r.Machines))
		}
		if r := e.Reason("", "", 0); len(r.Machines) != 0 || !r.More {
			t.Errorf("%d machines, more %t", len(r.Machines), r.More)
		}
	})
}

// TestPicture: one who waits gets the next picture, at most one waits, and nobody holds a buffer after he has given up.
func TestPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		e := k.engine()
		stop := k.begin(e)
		time.Sleep(time.Second)
		for range 3 {
			f, err := e.Picture(t.Context(), "front")
			if err != nil || f.Width != 64 {
				t.Fatalf("%v, %v", f, err)
			}
			f.Release()
		}
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		first := make(chan error)
		go func() {
			_, err := e.Picture(short, "front")
			first <- err
		}()
		synctest.Wait()
		if _, err := e.Picture(t.Context(), "front"); !errors.Is(err, ErrWatched) {
			t.Errorf("a second who waits: %v", err)
		}
		if err := <-first; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("given up: %v", err)
		}
		if _, err := e.Picture(t.Context(), "attic"); !errors.Is(err, ErrNoCamera) {
			t.Errorf("no camera: %v", err)
		}
		stop()
	})
}

// TestView: before, during and after the run, and it is one moment.
func TestView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 5, says(10*time.Millisecond, 1))
		k.event("e", "d.count", 0)
		k.sink()
		e := k.engine()
		if v := e.View(); v.Started || len(v.Cams) != 1 || v.Cams[0].Captured >= 0 {
			t.Errorf("before: %+v", v.Cams)
		}
		stop := k.begin(e)
		time.Sleep(3*time.Second + 50*time.Millisecond)
		v := e.View()
		l := v.Lanes[0]
		if !v.Ready() || l.Offers != l.Runs+sum(l.Skips[:]) || l.Runs < 14 || v.Machines[0].State != event.Confirmed || v.Outputs[0].Retried != 0 {
			t.Errorf("during: ready %t, %+v, %+v", v.Ready(), l, v.Machines[0])
		}
		if d := v.Doing(0); d != "hindered rate" && d != "waiting" {
			t.Errorf("the detector is %s", d)
		}
		if want := e.cfg.Wall().UTC(); v.Wall.Sub(want).Abs() > time.Millisecond || v.At(v.Now.Add(-time.Second)).Sub(want.Add(-time.Second)).Abs() > time.Millisecond {
			t.Errorf("wall %v, want %v", v.Wall, want)
		}
		names := map[string]bool{}
		for _, q := range v.Queues {
			if q.Depth > q.Capacity || q.Policy == "" || names[q.Name] {
				t.Errorf("queue %+v", q)
			}
			names[q.Name] = true
		}
		for _, n := range []string{"frame/front", "sink/memory", "log", "jobs"} {
			if !names[n] {
				t.Errorf("no queue %s in %v", n, names)
			}
		}
		stop()
		if v := e.View(); !v.Stopping || v.Lanes[0].Runs < 14 {
			t.Errorf("after: %+v", v.Lanes[0])
		}
	})
}

func sum(all []uint64) (n uint64) {
	for _, x := range all {
		n += x
	}
	return n
}
