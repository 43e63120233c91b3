package jitter

import (
	"testing"
	"testing/synctest"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

// A look is how long a run waits.
func TestRetune(t *testing.T) {
	open := func(t *testing.T, options string) nodetest.Life {
		d := nodetest.OpenDetector(t, Kind(), options, nodetest.DetectorEnv(t))
		n := uint64(0)
		return nodetest.Life{Node: d.Model, Look: func() (said string) {
			synctest.Test(t, func(t *testing.T) {
				n++
				run := node.NewRun(d.Emits)
				run.N = n
				if err := d.Instance.Detect(t.Context(), run); err != nil {
					t.Fatal(err)
				}
				said = run.Outputs()[0].Value.String()
			})
			return said
		}}
	}
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "max", From: `{"max": "10ms"}`, To: `{"max": "20ms"}`},
		nodetest.Edit{Option: "seed", From: `{"seed": 1}`, To: `{"seed": 2}`},
	)
}
