package scripted

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

const door = `{"signals": {"open": {"type": "bool"}}, "timeline": [{"at": "0s", "set": {"open": true}}]}`

func TestKind(t *testing.T) {
	with := func(signals, timeline string) string {
		return fmt.Sprintf(`{"signals": {%s}, "timeline": [%s], "loop": "10s"}`, signals, timeline)
	}
	n := `"n": {"type": "int", "min": 0, "max": 9}`
	nodetest.Run(t, Kind(),
		nodetest.Case{Name: "door", Options: door},
		nodetest.Case{Name: "everything", Options: with(n+`, "who": {"type": "label", "labels": ["ann", "bob"]}, "b": {"type": "boxes"}, "f": {"type": "float"}`,
			`{"at": "0s", "set": {"n": 9, "who": "bob", "b": [{"x": 0.1, "y": 0, "w": 0.5, "h": 1, "label": "car"}], "f": 1}}, {"at": "250ms", "set": {"n": 1, "f": null}}`)},
		nodetest.Case{Name: "failing", Failing: true, Options: with(n, `{"at": "0s", "fail": "cable cut"}`)},
		nodetest.Case{Name: "hanging", Deaf: true, Options: with(n, `{"at": "0s", "hang": "1ms"}`)},
		nodetest.Case{Name: "no signals", Options: with(``, ``), Refused: "signals: declare at least one"},
		nodetest.Case{Name: "name", Options: with(`"door open": {"type": "int"}`, ``), Refused: `signal "door open": a name is lower case letters`},
		nodetest.Case{Name: "name of digits", Options: with(`"1st": {"type": "int"}`, ``), Refused: `signal "1st": a name is`},
		nodetest.Case{Name: "type", Options: with(`"x": {"type": "text"}`, ``), Refused: `signal "x": type "text": must be one of`},
		nodetest.Case{Name: "min alone", Options: with(`"x": {"type": "int", "min": 1}`, ``), Refused: `signal "x": min and max: give both or neither`},
		nodetest.Case{Name: "min of bool", Options: with(`"x": {"type": "bool", "min": 0, "max": 1}`, ``), Refused: "min and max are for int and float, not for bool"},
		nodetest.Case{Name: "min above max", Options: with(`"x": {"type": "int", "min": 2, "max": 1}`, ``), Refused: "min 2: must be below max 1"},
		nodetest.Case{Name: "labels of int", Options: with(`"x": {"type": "int", "labels": ["a"]}`, ``), Refused: "labels are for label, not for int"},
		nodetest.Case{Name: "unknown signal", Options: with(n, `{"at": "0s", "set": {"m": 1}}`), Refused: "timeline.0: set.m: no such signal"},
		nodetest.Case{Name: "value type", Options: with(n, `{"at": "0s", "set": {"n": 1.5}}`), Refused: "timeline.0: set.n: 1.5: must be of type int"},
		nodetest.Case{Name: "value range", Options: with(n, `{"at": "0s", "set": {"n": 10}}`), Refused: "timeline.0: set.n: 10: must be from 0 to 9"},
		nodetest.Case{Name: "label word", Options: with(`"w": {"type": "label", "labels": ["a", "b"]}`, `{"at": "0s", "set": {"w": "c"}}`), Refused: `set.w: "c": must be one of ["a" "b"]`},
		nodetest.Case{Name: "order", Options: with(n, `{"at": "2s"}, {"at": "1s"}`), Refused: "timeline.1: at 1s comes after an entry at 2s"},
		nodetest.Case{Name: "past the loop", Options: with(n, `{"at": "10s"}`), Refused: "timeline.0: at 10s is never reached: the loop begins again at 10s"},
		nodetest.Case{Name: "two faults", Options: with(n, `{"at": "0s", "silent": true, "fail": "x"}`), Refused: "timeline.0: fail, panic, silent and hang exclude each other"},
	)
}

// say makes a run and writes down what came of it.
func say(d *nodetest.Detector, at time.Duration) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprint("panic: ", p)
		}
	}()
	got, err := d.Detect(tick.Time(at))
	if err != nil {
		return "error: " + err.Error()
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(got)) {
		words = append(words, name+"="+got[name].String())
	}
	return strings.Join(words, " ")
}

func TestTimeline(t *testing.T) {
	const options = `{
		"signals": {"open": {"type": "bool"}, "n": {"type": "int"}},
		"timeline": [
			{"at": "1s", "set": {"open": false}},
			{"at": "2s", "set": {"open": true, "n": 3}},
			{"at": "3s", "fail": "cable cut"},
			{"at": "4s", "set": {"n": 4}},
			{"at": "5s", "silent": true},
			{"at": "6s", "panic": "out of range"},
			{"at": "7s", "set": {"open": null}},
			{"at": "8s", "set": {"n": 5}},
			{"at": "8s", "set": {"n": 6}}
		]%s}`
	rows := []struct {
		at   time.Duration
		want string
	}{
		{0, ""},
		{time.Second - 1, ""},
		{time.Second, "open=false"},
		{2 * time.Second, "n=3 open=true"},
		{3*time.Second - 1, "n=3 open=true"},
		{3 * time.Second, "error: cable cut"},
		{3500 * time.Millisecond, "error: cable cut"},
		{4 * time.Second, "n=4 open=true"},
		{5 * time.Second, ""},
		{6 * time.Second, "panic: out of range"},
		{7 * time.Second, "n=4"},
		{8 * time.Second, "n=6"},
	}
	d := nodetest.OpenDetector(t, Kind(), fmt.Sprintf(options, ""), nodetest.DetectorEnv(t))
	looped := nodetest.OpenDetector(t, Kind(), fmt.Sprintf(options, `, "loop": "10s"`), nodetest.DetectorEnv(t))
	const start = 123 * time.Millisecond // the first run counts, not the origin of core time
	for _, r := range rows {
		if got := say(d, start+r.at); got != r.want {
			t.Errorf("at %s: %q, want %q", r.at, got, r.want)
		}
	}
	if got := say(d, start+time.Hour); got != "n=6" {
		t.Errorf("an hour later: %q, want the last values", got)
	}
	for round := range 3 {
		for _, r := range rows {
			at := r.at + time.Duration(round)*10*time.Second
			if got := say(looped, start+at); got != r.want {
				t.Errorf("round %d, at %s: %q, want %q", round, at, got, r.want)
			}
		}
	}
}

// A hang is deaf to its context: on a virtual clock the run takes exactly that long.
func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := nodetest.OpenDetector(t, Kind(), `{"signals": {"n": {"type": "int"}},
			"timeline": [{"at": "0s", "set": {"n": 1}, "hang": "1m"}, {"at": "1s"}]}`, nodetest.DetectorEnv(t))
		began := time.Now()
		if got := say(d, 0); got != "n=1" || time.Since(began) != time.Minute {
			t.Errorf("the run took %s and gave %q, want a minute and n=1", time.Since(began), got)
		}
		if got := say(d, time.Second); got != "n=1" || time.Since(began) != time.Minute {
			t.Errorf("the next run gave %q and is at %s", got, time.Since(began))
		}
	})
}

func TestEmits(t *testing.T) {
	k := Kind()
	got, err := k.Contract.Emits([]byte(`{"signals": {"z": {"type": "int", "min": -1, "max": 5}, "a": {"type": "label", "labels": ["x"]}}, "timeline": []}`))
	if err != nil || len(got) != 2 {
		t.Fatalf("emits %v, %v", got, err)
	}
	if a := got[0]; a.Name != "a" || a.Type != signal.TypeLabel || !slices.Equal(a.Labels, []string{"x"}) {
		t.Errorf("the first signal is %+v", a)
	}
	if z := got[1]; z.Name != "z" || z.Type != signal.TypeInt || z.Min != -1 || z.Max != 5 {
		t.Errorf("the second signal is %+v", z)
	}
	if _, err := k.Contract.Emits([]byte(`{"signals": 1}`)); err == nil {
		t.Error("signals that are a number are accepted")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	d := nodetest.OpenDetector(t, Kind(), door, nodetest.DetectorEnv(t))
	run := node.NewRun(d.Emits)
	if n := testing.AllocsPerRun(100, func() {
		run.Reset()
		run.Now = run.Now.Add(time.Second)
		if err := d.Instance.Detect(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("a run allocates %g times", n)
	}
}
