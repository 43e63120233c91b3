package track

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

func TestKind(t *testing.T) {
	// The suite gives no inputs: a run without boxes is an error, which says what to do.
	nodetest.Run(t, Kind(),
		nodetest.Case{Failing: true},
		nodetest.Case{Name: "line", Options: `{"lines": {"door": {"from": [0, 0.5], "to": [1, 0.5]}}}`, Failing: true},
		nodetest.Case{Name: "point", Options: `{"lines": {"door": {"from": [0.5, 0.5], "to": [0.5, 0.5]}}}`, Refused: "its ends are one point"},
		nodetest.Case{Name: "name", Options: `{"lines": {"Front Door": {"from": [0, 0.5], "to": [1, 0.5]}}}`, Refused: "lower case"},
		nodetest.Case{Name: "zone twice", Options: `{"zones": ["a", "a"]}`, Refused: "twice"},
	)
}

// stage runs a tracker on a picture of 640 x 480 that has these zones.
type stage struct {
	t    *testing.T
	m    node.Model
	in   node.Instance
	run  *node.Run
	e    []node.Emit
	f    *frame.Frame
	now  time.Duration
	pool *frame.Pool
}

func newStage(t *testing.T, options string, zones map[string]signal.Polygon) *stage {
	t.Helper()
	k := Kind()
	e, err := k.Contract.Emits(json.RawMessage(options))
	if err != nil {
		t.Fatal(err)
	}
	m, err := k.OpenDetector(t.Context(), nodetest.DetectorEnv(t), json.RawMessage(options))
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.NewInstance(t.Context(), node.InstanceEnv{Camera: "front", Zones: zones})
	if err != nil {
		t.Fatal(err)
	}
	pool := frame.NewPool(frame.PoolOptions{Slabs: 1})
	s := &stage{t: t, m: m, in: in, e: e, run: node.NewRun(e), pool: pool, f: nodetest.Picture(t, pool, frame.Gray, 640, 480, 0, func(int, int) byte { return 0 })}
	t.Cleanup(func() { s.f.Release(); pool.Close() })
	return s
}

// see moves the time on and shows boxes; it returns the signals as text without those that are 0.
func (s *stage) see(dt time.Duration, boxes ...signal.Box) string {
	s.t.Helper()
	s.now += dt
	s.f.Capture = tick.Time(s.now)
	s.run.Reset()
	s.run.Frames = append(s.run.Frames, s.f)
	s.run.Inputs = append(s.run.Inputs, node.Input{Signal: "people.boxes", Value: signal.Boxes(boxes), Capture: s.f.Capture})
	if err := s.in.Detect(s.t.Context(), s.run); err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, o := range s.run.Outputs() {
		name := s.e[o.Index].Name
		if o.Value.Type() == signal.TypeBoxes {
			var ids []string
			for _, b := range o.Value.AsBoxes() {
				ids = append(ids, strconv.FormatInt(b.Track, 10))
			}
			out = append(out, "ids "+strings.Join(ids, ","))
		} else if o.Value.Number() != 0 {
			out = append(out, fmt.Sprintf("%s %.3g", name, o.Value.Number()))
		}
	}
	return strings.Join(out, "; ")
}

// person is a box a tenth wide and a fifth high whose feet are at (x, y).
func person(x, y float32) signal.Box {
	return signal.Box{X: x - 0.05, Y: y - 0.2, W: 0.1, H: 0.2, Score: 0.9, Label: "person"}
}

func TestIdentitiesLast(t *testing.T) {
	s := newStage(t, `{}`, nil)
	const dt = 100 * time.Millisecond
	last := ""
	for i := range 20 { // two walk past each other
		x := 0.2 + 0.03*float32(i)
		last = s.see(dt, person(x, 0.5), person(1-x, 0.9))
	}
	if last != "ids 1,2; count 2" {
		t.Errorf("two who pass: %q", last)
	}
	// The first is hidden for less than keep: still number 1. Then for longer: somebody new.
	for range 8 {
		s.see(dt, person(0.2, 0.9))
	}
	if got := s.see(dt, person(0.77+0.03*9, 0.5)); !strings.Contains(got, "ids 1") {
		t.Errorf("after 0.9 s behind a tree: %q", got)
	}
	for range 15 {
		s.see(dt)
	}
	s.see(dt, person(0.8, 0.5))
	if got := s.see(dt, person(0.8, 0.5)); strings.Contains(got, "ids 1;") {
		t.Errorf("after 1.5 s: %q", got)
	}
}

func TestWeakBoxesContinueAndDoNotBegin(t *testing.T) {
	s := newStage(t, `{}`, nil)
	weak := person(0.5, 0.5)
	weak.Score = 0.2
	for range 5 {
		if got := s.see(100*time.Millisecond, weak); got != "ids " {
			t.Fatalf("a weak box began a track: %q", got)
		}
	}
	s.see(100*time.Millisecond, person(0.5, 0.5))
	s.see(100*time.Millisecond, person(0.5, 0.5))
	if got := s.see(100*time.Millisecond, weak); got != "ids 1; count 1" {
		t.Errorf("a weak box did not continue its track: %q", got)
	}
	other := person(0.5, 0.5)
	other.Label = "dog"
	if got := s.see(100*time.Millisecond, other); got != "ids " {
		t.Errorf("a dog continued a person: %q", got)
	}
}

func TestLines(t *testing.T) {
	// A line downwards through the middle: who looks along it has the picture's right on the left hand.
	s := newStage(t, `{"lines": {"door": {"from": [0.5, 0.2], "to": [0.5, 0.8]}}}`, nil)
	walk := func(from, to, y float32) string {
		var seen []string
		for i := range 21 {
			_, crossed, ok := strings.Cut(s.see(100*time.Millisecond, person(from+(to-from)*float32(i)/20, y)), "door")
			if ok {
				seen = append(seen, "door"+crossed)
			}
		}
		for range 20 {
			s.see(100 * time.Millisecond)
		}
		return strings.Join(seen, "; ")
	}
	for _, c := range []struct {
		from, to, y float32
		want        string
	}{
		{0.3, 0.7, 0.5, "door_left 1"},
		{0.7, 0.3, 0.5, "door_right 1"},
		{0.3, 0.495, 0.5, ""}, // comes near it
		{0.3, 0.7, 0.95, ""},  // passes below its end
	} {
		if got := walk(c.from, c.to, c.y); got != c.want {
			t.Errorf("from %v to %v at %v: %q, want %q", c.from, c.to, c.y, got, c.want)
		}
	}
	// One who trembles on the line crosses it once.
	s.see(100*time.Millisecond, person(0.46, 0.5))
	s.see(100*time.Millisecond, person(0.47, 0.5))
	n := 0
	for i := range 40 {
		if strings.Contains(s.see(100*time.Millisecond, person(0.5+0.01*float32(1-2*(i%2)), 0.5)), "door") {
			n++
		}
	}
	if strings.Contains(s.see(100*time.Millisecond, person(0.53, 0.5)), "door") {
		n++
	}
	if n != 1 {
		t.Errorf("crossed %d times, want once", n)
	}
}

func TestZones(t *testing.T) {
	zone := signal.Polygon{{X: 0.4, Y: 0.4}, {X: 0.6, Y: 0.4}, {X: 0.6, Y: 0.6}, {X: 0.4, Y: 0.6}}
	s := newStage(t, `{"zones": ["yard"], "still": "2s"}`, map[string]signal.Polygon{"yard": zone})
	var all []string
	for _, x := range []float32{0.30, 0.32, 0.36, 0.38, 0.41, 0.44, 0.47, 0.5, 0.5, 0.5, 0.5, 0.54, 0.58, 0.62, 0.66, 0.70} {
		all = append(all, s.see(200*time.Millisecond, person(x, 0.5)))
	}
	want := []string{
		"ids ", "ids 1; count 1", "ids 1; count 1", "ids 1; count 1", "ids 1; count 1",
		"ids 1; count 1; yard_count 1; yard_dwell 0.2; yard_enter 1",
		"ids 1; count 1; yard_count 1; yard_dwell 0.4", "ids 1; count 1; yard_count 1; yard_dwell 0.6",
		"ids 1; count 1; yard_count 1; yard_dwell 0.8", "ids 1; count 1; yard_count 1; yard_dwell 1",
		"ids 1; count 1; yard_count 1; yard_dwell 1.2", "ids 1; count 1; yard_count 1; yard_dwell 1.4",
		"ids 1; count 1; yard_count 1; yard_dwell 1.6", "ids 1; count 1; yard_count 1; yard_dwell 1.8",
		"ids 1; count 1; yard_exit 1", "ids 1; count 1",
	}
	if got := strings.Join(all, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("a walk through the yard:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	// Who is there when first seen has not come in, and stands still in the end.
	last := ""
	for range 20 {
		last = s.see(200*time.Millisecond, person(0.45, 0.55))
		if strings.Contains(last, "enter") {
			t.Errorf("came in without having been outside: %q", last)
		}
	}
	if !strings.Contains(last, "stationary 1") || !strings.Contains(last, "yard_count 1") {
		t.Errorf("after 4 s on one spot: %q", last)
	}
}

func TestZoneThatTheCameraDoesNotHave(t *testing.T) {
	k := Kind()
	m, err := k.OpenDetector(t.Context(), nodetest.DetectorEnv(t), json.RawMessage(`{"zones": ["yard"]}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.NewInstance(t.Context(), node.InstanceEnv{Camera: "front"}); err == nil || !strings.Contains(err.Error(), `camera front has no zone "yard"`) {
		t.Errorf("opened: %v", err)
	}
}
