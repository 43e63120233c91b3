package synthetic

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

func TestDefaults(t *testing.T) {
	var o Options
	if err := o.complete(nodetest.CameraEnv(t)); err != nil {
		t.Fatal(err)
	}
	nodetest.Defaults(t, Kind(), o)
}

func TestKind(t *testing.T) {
	nodetest.Run(t, Kind(),
		nodetest.Case{},
		nodetest.Case{Name: "small", Width: 33, Height: 7, FPS: 12.5, Options: `{"noise": 5}`},
		nodetest.Case{Name: "one pixel", Width: 1, Height: 1},
		nodetest.Case{Name: "alternating", Options: `{"pattern": "alternating", "period": 2}`},
		nodetest.Case{Name: "unknown pattern", Options: `{"pattern": "plaid"}`, Refused: `pattern "plaid": must be one of`},
		nodetest.Case{Name: "size", Options: `{"size": 1.5}`, Refused: "size 1.5: must be above 0 and at most 1"},
		nodetest.Case{Name: "speed", Options: `{"speed": -1}`, Refused: "speed -1: must be above 0"},
		nodetest.Case{Name: "noise", Options: `{"noise": 33}`, Refused: "noise 33: must be from 0 to 32"},
		nodetest.Case{Name: "level", Options: `{"level": 256}`, Refused: "level 256: must be from 0"},
		nodetest.Case{Name: "period", Options: `{"period": -1}`, Refused: "period -1: must be at least 1"},
		nodetest.Case{Name: "frames", Options: `{"frames": -1}`, Refused: "frames -1: must be 0"},
		nodetest.Case{Name: "too wide", Width: frame.MaxSide + 1, Refused: "each side must be from 1"},
	)
}

func start(t testing.TB, options string, change func(*node.CameraEnv)) *nodetest.Camera {
	t.Helper()
	env := nodetest.CameraEnv(t)
	if change != nil {
		change(&env)
	}
	return nodetest.OpenCamera(t, Kind(), options, env)
}

// pictures returns copies of the pixels of the first n pictures.
func pictures(t testing.TB, c *nodetest.Camera, n int) [][]byte {
	t.Helper()
	var all [][]byte
	c.Each(n, func(f *frame.Frame) { all = append(all, bytes.Clone(f.Pix())) })
	return all
}

func TestSizeAndRate(t *testing.T) {
	c := start(t, `{}`, nil)
	if got, want := c.Stream.Info(), (node.StreamInfo{Width: 640, Height: 480, FPS: 30}); got != want {
		t.Errorf("info %+v, want %+v", got, want)
	}
	c = start(t, `{"frames": 4}`, func(e *node.CameraEnv) { e.Width, e.Height, e.FPS = 96, 54, 3 })
	if got, want := c.Stream.Info(), (node.StreamInfo{Width: 96, Height: 54, FPS: 3, Frames: 4}); got != want {
		t.Errorf("info %+v, want %+v", got, want)
	}
	var pts []time.Duration
	n := c.Each(0, func(f *frame.Frame) {
		pts = append(pts, f.PTS)
		if f.Width != 96 || f.Height != 54 || f.Format != frame.BGR {
			t.Errorf("picture is %d x %d %s", f.Width, f.Height, f.Format)
		}
	})
	if want := "[0s 333.333333ms 666.666666ms 1s]"; n != 4 || fmt.Sprint(pts) != want {
		t.Errorf("%d pictures at %v, want %s", n, pts, want)
	}
	if _, err := c.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last picture: %v, want EOF", err)
	}
}

func TestPatterns(t *testing.T) {
	solid := pictures(t, start(t, `{"pattern": "solid", "level": 0}`, nil), 2)
	if !bytes.Equal(solid[0], make([]byte, 640*480*3)) || !bytes.Equal(solid[1], solid[0]) {
		t.Error("solid at level 0 is not black")
	}
	if p := pictures(t, start(t, `{"pattern": "solid"}`, nil), 1)[0]; p[0] != 128 || p[len(p)-1] != 128 {
		t.Errorf("solid starts with %d and ends with %d, want 128", p[0], p[len(p)-1])
	}

	var levels []byte
	for _, p := range pictures(t, start(t, `{"pattern": "alternating", "period": 2}`, nil), 6) {
		if !bytes.Equal(p, bytes.Repeat(p[:1], len(p))) {
			t.Fatal("alternating has two levels in one picture")
		}
		levels = append(levels, p[0])
	}
	if want := []byte{0, 0, 255, 255, 0, 0}; !bytes.Equal(levels, want) {
		t.Errorf("alternating shows %d, want %d", levels, want)
	}

	white := 0
	for _, v := range pictures(t, start(t, `{"pattern": "rectangle", "size": 0.5}`, nil), 1)[0] {
		if v == 255 {
			white++
		}
	}
	if want := 240 * 240 * 3; white != want {
		t.Errorf("rectangle of half the height has %d white bytes, want %d", white, want)
	}
}

func TestStill(t *testing.T) {
	seed := maphash.MakeSeed()
	hashes := map[uint64]int{}
	start(t, `{"pattern": "still", "seed": 3}`, nil).Each(300, func(f *frame.Frame) { hashes[nodetest.Hash(seed, f)]++ })
	if len(hashes) != 1 {
		t.Errorf("300 still pictures are of %d kinds, want 1", len(hashes))
	}
	noisy := pictures(t, start(t, `{"pattern": "still", "seed": 3, "noise": 4}`, nil), 2)
	clean := pictures(t, start(t, `{"pattern": "still", "seed": 3}`, nil), 1)[0]
	var most, differ int
	for i, v := range clean {
		off := int(noisy[0][i]) - int(v)
		most = max(most, off, -off)
		if noisy[0][i] != noisy[1][i] {
			differ++
		}
	}
	if most != 4 {
		t.Errorf("noise of 4 levels is off by %d", most)
	}
	if differ < len(clean)/2 {
		t.Errorf("the noise of two pictures differs in %d of %d bytes only", differ, len(clean))
	}
}

func TestSeeds(t *testing.T) {
	one := pictures(t, start(t, `{"seed": 1}`, nil), 1)[0]
	if bytes.Equal(one, pictures(t, start(t, `{"seed": 2}`, nil), 1)[0]) {
		t.Error("two seeds give the same picture")
	}
	if !bytes.Equal(one, pictures(t, start(t, `{}`, func(e *node.CameraEnv) { e.Seed = 1 }), 1)[0]) {
		t.Error("without a seed the camera's own does not decide")
	}
}

// The object moves for one second of every three, and each picture in which it moves differs from the one before.
func TestObject(t *testing.T) {
	c := start(t, `{"moving": "1s", "still": "2s", "speed": 0.5, "size": 0.3}`, func(e *node.CameraEnv) { e.FPS = 10 })
	all := pictures(t, c, 90)
	for n := 1; n < len(all); n++ {
		moved := !bytes.Equal(all[n-1], all[n])
		if phase := n % 30; moved != (phase >= 1 && phase <= 10) {
			t.Errorf("picture %d, %d00ms into the cycle: moved is %v", n, phase, moved)
		}
	}
	if bytes.Equal(all[0], all[30]) {
		t.Error("after a whole cycle the object is where it was: it does not travel")
	}
}

func TestObjectSizeAndSpeed(t *testing.T) {
	// The left edge of the bright square and its width, in the row where it is.
	find := func(p []byte) (left, side int) {
		left = 640
		for y := range 480 {
			first, last := -1, -1
			for x := range 640 {
				if p[3*(y*640+x)] > 160 {
					if first < 0 {
						first = x
					}
					last = x
				}
			}
			if first >= 0 {
				left, side = min(left, first), max(side, last-first+1)
			}
		}
		return left, side
	}
	all := pictures(t, start(t, `{"size": 0.25, "speed": 1, "moving": "1m", "seed": 5}`, nil), 40)
	fastest := 0
	before, side := find(all[0])
	if side != 120 {
		t.Errorf("the object is %d pixels wide, want a quarter of 480", side)
	}
	for _, p := range all[1:] {
		left, _ := find(p)
		fastest = max(fastest, left-before, before-left)
		before = left
	}
	// 640 pixels a second at an angle of 20 to 70 degrees is 7 to 20 pixels a picture.
	if fastest < 7 || fastest > 21 {
		t.Errorf("the object moves up to %d pixels a picture sideways, want 7 to 20", fastest)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, o := range []string{`{"pattern": "still"}`, `{}`, `{"noise": 4}`} {
		b.Run(o, func(b *testing.B) {
			c := start(b, o, nil)
			b.ReportAllocs()
			for b.Loop() {
				f, err := c.Next()
				if err != nil {
					b.Fatal(err)
				}
				f.Release()
			}
		})
	}
}
