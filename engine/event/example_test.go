package event_test

import (
	"fmt"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// A camera sees somebody; the detector then falls silent, and nobody can say whether the person left.
func Example() {
	cond := &event.Cond{
		Op: event.OpCompare, Signal: "hog.count", Path: "when",
		Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}},
	}
	prog, err := event.Compile(cond, event.Resolver{Cell: func(_, name string) (event.CellRef, bool) {
		return event.CellRef{Cell: 0, Type: signal.TypeInt}, name == "hog.count"
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	cells := []signal.Cell{{TTL: time.Second}}
	state := prog.NewState()
	config := event.Config{Hold: 500 * time.Millisecond, UnknownGrace: 10 * time.Second}
	var machine event.Machine

	now := tick.Time(1100 * time.Millisecond)
	cells[0].Set(signal.Int(2), now.Add(-100*time.Millisecond), now, 25)
	for now != tick.Never {
		answer, wake := prog.Eval(cells, state, now)
		for _, t := range machine.Step(&config, answer, now, nil) {
			fmt.Println("at", t.At, t.Kind, "with the answer", answer)
		}
		now = min(wake, machine.Wake(&config))
	}
	// Output:
	// at 1.1s potential with the answer yes
	// at 1.6s confirmed with the answer yes
	// at 12.000000001s ended with the answer unknown
}
