package bench

import (
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/tick"
)

// TestBare: a scenario that asks for it gets a goroutine whose moments in the window are counted, each once and none early,
// and that ends; another one gets none.
func TestBare(t *testing.T) {
	for window := 10 * time.Millisecond; ; window *= 2 { // a busy machine may let it miss a short one
		late := newHist(3)
		stop, err := bare(&Scenario{FPS: bareShare * 1000, Timer: true}, newTally(0, tick.Time(window)), late)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(window) // the kernel's timer knows no virtual time
		stop()
		stop()
		n, most := late.count(), int64(window/time.Millisecond)
		if n > most {
			t.Fatalf("%d moments in a window of %v, at most %d", n, window, most)
		}
		if n > 0 {
			break
		}
		if window > time.Minute {
			t.Fatal("no moment in a minute")
		}
	}
	late := newHist(3)
	stop, err := bare(&Scenario{FPS: bareShare * 1000}, newTally(0, tick.Time(time.Hour)), late)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	stop()
	if n := late.count(); n != 0 {
		t.Errorf("%d moments in a scenario that asks for none", n)
	}
}

// TestPrintTimer: what the machine's own timer takes stands among the lines above the targets, where it was measured.
func TestPrintTimer(t *testing.T) {
	r := Report{}
	for _, name := range []string{"burn_two_cores", "inproc_low"} {
		r.Results = append(r.Results, made(name, Lanes, func(r *Result) { r.timer.add(33 * time.Microsecond) }))
	}
	var out strings.Builder
	if err := r.PrintTargets(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "timer_late_p50"); n != 1 || !strings.Contains(out.String(), "# burn_two_cores             timer_late_p50 33.0 us, p99 33.0 us: ") {
		t.Errorf("%d lines of timers in\n%s", n, out.String())
	}
}
