package dummy

import (
	"testing"

	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
)

func TestKind(t *testing.T) { nodetest.Run(t, Kind()) }

func TestAlwaysOne(t *testing.T) {
	d := nodetest.OpenDetector(t, Kind(), `{}`, nodetest.DetectorEnv(t))
	for n := range 3 {
		got, err := d.Detect(0)
		if err != nil || len(got) != 1 || !got["value"].Equal(signal.Int(1)) {
			t.Errorf("run %d: %v, %v, want value 1", n, got, err)
		}
	}
}
