package motion

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/tick"
)

// A look is at twenty pictures, a tenth of a second apart: a bright thing crosses and stays, a faint one and a small one flicker
// beside it, and towards the end a lamp lights a part of the picture.
func TestRetune(t *testing.T) {
	const w, h = 64, 48
	open := func(t *testing.T, options string) nodetest.Life {
		d := nodetest.OpenDetector(t, Kind(), options, nodetest.DetectorEnv(t))
		pool := frame.NewPool(frame.PoolOptions{Slabs: 1})
		t.Cleanup(pool.Close)
		at := time.Duration(0)
		return nodetest.Life{Node: d.Model, Look: func() string {
			var b strings.Builder
			for n := range 20 {
				left := min(4*n, 24)
				f := nodetest.Picture(t, pool, frame.Gray, w, h, tick.Time(at), func(x, y int) byte {
					switch {
					case x >= left && x < left+12 && y >= 8 && y < 20:
						return 200
					case n%2 == 0 && x >= 44 && x < 60 && y >= 32:
						return 100 // 40 above the rest
					case n%4 == 0 && x >= 4 && x < 8 && y >= 40 && y < 44:
						return 180
					case n == 18 && y >= 24:
						return 140
					}
					return 60
				})
				at += 100 * time.Millisecond
				got := d.Must(f)
				f.Release()
				fmt.Fprintf(&b, "%2d level %s in %d\n", n, got["level"], len(got["boxes"].AsBoxes()))
			}
			return b.String()
		}}
	}
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "threshold", From: `{"threshold": 25}`, To: `{"threshold": 60}`},
		nodetest.Edit{Option: "minArea", From: `{"minArea": 0.001}`, To: `{"minArea": 0.03}`},
		nodetest.Edit{Option: "learn", From: `{"learn": "10s"}`, To: `{"learn": "600ms"}`},
		nodetest.Edit{Option: "rest", From: `{"rest": "500ms"}`, To: `{"rest": "200ms"}`},
		nodetest.Edit{Option: "lightning", From: `{"lightning": 1}`, To: `{"lightning": 0.3}`},
	)
}

// The background is the same after an edit: what was there all the time does not begin to move.
func TestRetuneKeepsBackground(t *testing.T) {
	d := nodetest.OpenDetector(t, Kind(), `{}`, nodetest.DetectorEnv(t))
	pool := frame.NewPool(frame.PoolOptions{Slabs: 1})
	defer pool.Close()
	m, ok := d.Model.(model)
	if !ok {
		t.Fatal("the model is of another type")
	}
	level := func(n, left int) float64 {
		f := nodetest.Picture(t, pool, frame.Gray, 64, 48, tick.Time(n)*tick.Time(100*time.Millisecond), func(x, y int) byte {
			if x >= left && x < left+12 && y >= 8 && y < 20 {
				return 200
			}
			return 60
		})
		defer f.Release()
		return d.Must(f)["level"].Number()
	}
	for n := range 5 {
		if v := level(n, 0); v != 0 {
			t.Fatalf("level %v at first", v)
		}
	}
	apply, err := m.Retune([]byte(`{"threshold": 50, "rest": "300ms"}`))
	if err != nil {
		t.Fatal(err)
	}
	apply()
	if v := level(5, 0); v != 0 {
		t.Errorf("after an edit level %v where nothing moves: the background is another", v)
	}
	if v := level(6, 30); v == 0 {
		t.Error("after an edit a thing that jumps is not seen: the background began anew")
	}
}
