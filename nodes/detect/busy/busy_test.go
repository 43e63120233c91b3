package busy

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
)

func TestDefaults(t *testing.T) {
	nodetest.Defaults(t, Kind(), Options{Busy: node.Duration(defaultBusy)})
}

func TestKind(t *testing.T) {
	nodetest.Run(t, Kind(),
		nodetest.Case{},
		nodetest.Case{Name: "sleep", Options: `{"sleep": true, "busy": "1ms"}`},
		nodetest.Case{Name: "unit", Options: `{"busy": "3"}`, Refused: `duration "3": must be 0s or more with a unit`},
	)
}

func TestCost(t *testing.T) {
	k := Kind()
	for options, want := range map[string]time.Duration{`{}`: 3 * time.Millisecond, `{"busy": "50ms"}`: 50 * time.Millisecond, `{"busy": 3}`: 3 * time.Millisecond} {
		if got := k.Contract.CostOf([]byte(options)); got != want {
			t.Errorf("cost of %s is %s, want %s", options, got, want)
		}
	}
}

func TestTakesItsTime(t *testing.T) {
	d := nodetest.OpenDetector(t, Kind(), `{"busy": "20ms"}`, nodetest.DetectorEnv(t))
	for n := int64(1); n <= 3; n++ {
		began := time.Now()
		got, err := d.Detect(0)
		if took := time.Since(began); took < 20*time.Millisecond {
			t.Errorf("a run of 20ms took %s", took)
		}
		if err != nil || !got["runs"].Equal(signal.Int(n)) {
			t.Errorf("run %d gives %v, %v", n, got, err)
		}
	}
}

// On a virtual clock: nothing but a wait can take this long, and exactly this long.
func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := nodetest.OpenDetector(t, Kind(), `{"busy": "1h", "sleep": true}`, nodetest.DetectorEnv(t))
		began := time.Now()
		if _, err := d.Detect(0); err != nil || time.Since(began) != time.Hour {
			t.Errorf("a run took %s: %v", time.Since(began), err)
		}
	})
}

// A run that was cut short does not count.
func TestCancelled(t *testing.T) {
	for _, options := range []string{`{"busy": "1h"}`, `{"busy": "1h", "sleep": true}`} {
		d := nodetest.OpenDetector(t, Kind(), options, nodetest.DetectorEnv(t))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		run := node.NewRun(d.Emits)
		if err := d.Instance.Detect(ctx, run); !errors.Is(err, context.DeadlineExceeded) || len(run.Outputs()) != 0 {
			t.Errorf("%s: %v, %v", options, err, run.Outputs())
		}
		cancel()
		if n := d.Instance.(*instance).runs; n != 0 {
			t.Errorf("%s: %d runs were counted", options, n)
		}
	}
}
