package busy

import (
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

// On a clock on which computing takes no time, a look is how long a run waits, and its number: runs go on being counted.
func TestRetune(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("without a clock of the thread a run computes by the wall clock, which stands still here")
	}
	open := func(t *testing.T, options string) nodetest.Life {
		d := nodetest.OpenDetector(t, Kind(), options, nodetest.DetectorEnv(t))
		return nodetest.Life{Node: d.Model, Look: func() (said string) {
			synctest.Test(t, func(t *testing.T) {
				began, run := time.Now(), node.NewRun(d.Emits)
				if err := d.Instance.Detect(t.Context(), run); err != nil {
					t.Fatal(err)
				}
				said = fmt.Sprintf("run %s waits %s", run.Outputs()[0].Value, time.Since(began))
			})
			return said
		}}
	}
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "busy", From: `{"busy": "5ms", "sleep": true}`, To: `{"busy": "9ms", "sleep": true}`},
		nodetest.Edit{Option: "sleep", From: `{"busy": "1ms"}`, To: `{"busy": "1ms", "sleep": true}`},
	)
}
