package jitter

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

func TestDefaults(t *testing.T) {
	nodetest.Defaults(t, Kind(), Options{Max: node.Duration(defaultMax)})
}

func TestKind(t *testing.T) {
	nodetest.Run(t, Kind(),
		nodetest.Case{},
		nodetest.Case{Name: "seed", Options: `{"seed": 5, "max": "100us"}`},
		nodetest.Case{Name: "unit", Options: `{"max": "2 ms"}`, Refused: `duration "2 ms"`},
	)
}

// delays returns what the first runs say, and checks on a virtual clock that each took exactly that long.
func delays(t *testing.T, options string, camera frame.CameraID, n int) (got []float64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := nodetest.OpenDetector(t, Kind(), options, nodetest.DetectorEnv(t))
		i, err := d.Model.NewInstance(t.Context(), node.InstanceEnv{Camera: camera, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		d.Instance = i
		for range n {
			began := time.Now()
			out, err := d.Detect(0)
			if err != nil {
				t.Fatal(err)
			}
			ms := out["delay"].Number()
			if took := float64(time.Since(began)) / float64(time.Millisecond); took != ms {
				t.Errorf("a run took %gms and says %gms", took, ms)
			}
			got = append(got, ms)
		}
	})
	return got
}

func TestDelays(t *testing.T) {
	all := delays(t, `{"seed": 3, "max": "10ms"}`, "front", 500)
	if least, most := slices.Min(all), slices.Max(all); least < 0 || least > 0.5 || most > 10 || most < 9.5 {
		t.Errorf("500 delays are from %g to %g ms, want 0 to 10", least, most)
	}
	if !slices.Equal(all, delays(t, `{"seed": 3, "max": "10ms"}`, "front", 500)) {
		t.Error("the same seed gives other delays")
	}
	for _, other := range []struct {
		options string
		camera  frame.CameraID
	}{{`{"seed": 4, "max": "10ms"}`, "front"}, {`{"seed": 3, "max": "10ms"}`, "back"}, {`{"max": "10ms"}`, "front"}} {
		if slices.Equal(all[:5], delays(t, other.options, other.camera, 5)) {
			t.Errorf("%s on %s gives the same delays", other.options, other.camera)
		}
	}
}
