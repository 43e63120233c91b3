package engine

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// TestSignalsOfLimitedDetectors: a detector that runs on some cameras has no series of its signals on the others, where they would
// look like those of one that died.
func TestSignalsOfLimitedDetectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		reg := prometheus.NewRegistry()
		k.cfg.Registry = reg
		k.camera("c", 20, &fakeCamera{live: true})
		k.camera("d", 20, &fakeCamera{live: true})
		k.detector("a", 10, says(time.Millisecond, 1))
		k.spec.Detectors[0].Cameras = []string{"c"}
		k.event("e", "a.count", time.Second) // asks on both
		_, stop := k.live()
		defer stop()
		time.Sleep(2 * time.Second)
		if n := sample(t, reg, "rvo_signal_fresh", "a.count", "c"); n != 1 {
			t.Errorf("the signal where the detector runs is %v", n)
		}
		got := seriesOf(t, reg, "rvo_signal_fresh")
		if slices.Contains(got, "camera=d signal=a.count") || !slices.Contains(got, "camera=d signal=camera.up") {
			t.Errorf("series %q", got)
		}
	})
}
