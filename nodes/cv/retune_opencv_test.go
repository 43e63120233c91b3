//go:build cgo && opencv

package cv

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/tick"
)

// A look is at forty pictures, a tenth of a second apart: an empty room, then a bright thing that comes and rests, one that
// is a little brighter than the wall, one that is small, and a shadow.
func TestRetuneMOG2(t *testing.T) {
	open := func(t *testing.T, options string) nodetest.Life {
		d := nodetest.OpenDetector(t, kind(t, "mog2"), options, nodetest.DetectorEnv(t))
		pool := newPool(t, 1)
		at, noise := time.Duration(0), uint32(1)
		return nodetest.Life{Node: d.Model, Look: func() string {
			var b strings.Builder
			for n := range 40 {
				f := nodetest.Picture(t, pool, frame.Gray, 96, 64, tick.Time(at), func(x, y int) byte {
					noise = noise*1664525 + 1013904223
					v := byte(120 + noise>>29)
					switch {
					case n < 15:
					case x >= 8 && x < 28 && y >= 8 && y < 28:
						v += 100
					case x >= 40 && x < 60 && y >= 8 && y < 28 && n%5 == 0:
						v += 25
					case x >= 70 && x < 76 && y >= 8 && y < 14 && n%5 == 1:
						v += 100
					case x >= 40 && x < 80 && y >= 36 && y < 60 && n%5 == 2:
						v = byte(float64(v) * 0.7)
					}
					return v
				})
				at += 100 * time.Millisecond
				got := d.Must(f)
				f.Release()
				fmt.Fprintf(&b, "%2d level %.3f in %d\n", n, got["level"].Number(), len(got["boxes"].AsBoxes()))
			}
			return b.String()
		}}
	}
	nodetest.Retune(t, kind(t, "mog2"), open,
		nodetest.Edit{Option: "history", From: `{"history": "10s"}`, To: `{"history": "1s"}`},
		nodetest.Edit{Option: "varThreshold", From: `{"varThreshold": 16}`, To: `{"varThreshold": 200}`},
		nodetest.Edit{Option: "shadows", From: `{"shadows": true}`, To: `{"shadows": false}`},
		nodetest.Edit{Option: "minArea", From: `{"minArea": 0.001}`, To: `{"minArea": 0.02}`},
	)
}

// clipLife looks at one picture of a clip after the other, three apart, from one that has something to see.
func clipLife(kindName, clip string, first int) func(t *testing.T, options string) nodetest.Life {
	return func(t *testing.T, options string) nodetest.Life {
		s, err := openClip(t, media(t, clip), false)
		if err != nil {
			t.Fatal(err)
		}
		d := nodetest.OpenDetector(t, kind(t, kindName), options, nodetest.DetectorEnv(t))
		pool := newPool(t, 1)
		next := 0
		return nodetest.Life{Node: d.Model, Look: func() string {
			var b strings.Builder
			for looked := false; !looked; next++ {
				f, err := s.Next(t.Context(), pool)
				if err != nil {
					t.Fatal(err)
				}
				if looked = next >= first && next%3 == 0; looked {
					for _, box := range d.Must(f)["boxes"].AsBoxes() {
						fmt.Fprintf(&b, "%+v\n", box)
					}
				}
				f.Release()
			}
			return b.String()
		}}
	}
}

func TestRetuneHOG(t *testing.T) {
	nodetest.Retune(t, kind(t, "hog"), clipLife("hog", "vtest.avi", 0),
		nodetest.Edit{Option: "enlarge", From: `{"step": 1.2}`, To: `{"step": 1.2, "enlarge": 1.2}`},
		nodetest.Edit{Option: "step", From: `{"step": 1.2}`, To: `{"step": 1.3}`},
		nodetest.Edit{Option: "threshold", From: `{"step": 1.2}`, To: `{"step": 1.2, "threshold": 0.6}`},
		nodetest.Edit{Option: "trimWidth", From: `{"step": 1.2}`, To: `{"step": 1.2, "trimWidth": 0.1}`},
		nodetest.Edit{Option: "trimHeight", From: `{"step": 1.2}`, To: `{"step": 1.2, "trimHeight": 0.2}`},
		nodetest.Edit{Option: "minNeighbors", From: `{"step": 1.2}`, To: `{"step": 1.2, "minNeighbors": 1}`},
		nodetest.Edit{Option: "overlap", From: `{"step": 1.2, "minNeighbors": 1, "trimWidth": 0}`, To: `{"step": 1.2, "minNeighbors": 1, "trimWidth": 0, "overlap": 0}`},
	)
}

func TestRetuneHaar(t *testing.T) {
	needCascades(t)
	nodetest.Retune(t, kind(t, "haar"), clipLife("haar", "face-demographics-walking.mp4", 20),
		nodetest.Edit{Option: "label", From: `{"step": 1.2}`, To: `{"step": 1.2, "label": "visitor"}`},
		nodetest.Edit{Option: "step", From: `{"step": 1.2}`, To: `{"step": 1.4}`},
		nodetest.Edit{Option: "minNeighbors", From: `{"step": 1.2}`, To: `{"step": 1.2, "minNeighbors": 1}`},
		nodetest.Edit{Option: "minSize", From: `{"step": 1.2, "minNeighbors": 1}`, To: `{"step": 1.2, "minNeighbors": 1, "minSize": 0.4}`},
	)
}
