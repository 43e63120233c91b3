package motion_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
	"rvo.dev/nodes/all"
	"rvo.dev/nodes/detect/motion"
)

func TestKind(t *testing.T) {
	nodetest.Run(t, motion.Kind(),
		nodetest.Case{},
		nodetest.Case{Name: "everything", Options: `{"threshold": 1, "minArea": 0, "learn": "1m", "rest": "1ms", "lightning": 1}`},
		nodetest.Case{Name: "threshold", Options: `{"threshold": 256}`, Refused: "threshold 256: must be from 1 to 255"},
		nodetest.Case{Name: "minArea", Options: `{"minArea": 1.5}`, Refused: "minArea 1.5: must be from 0 to 1"},
		nodetest.Case{Name: "lightning", Options: `{"lightning": 2}`, Refused: "lightning 2: must be above 0"},
		nodetest.Case{Name: "learn", Options: `{"learn": "61s"}`, Refused: "learn 1m1s: must be from 1ms to 1m0s"},
		nodetest.Case{Name: "rest", Options: `{"learn": "1s", "rest": "1s"}`, Refused: "rest 1s: must be shorter than learn (1s)"},
	)
}

// scene feeds drawn pictures to a detector, 10 a second.
type scene struct {
	*nodetest.Detector
	t    *testing.T
	pool *frame.Pool
	w, h int
	n    int
	step time.Duration
}

func newScene(t *testing.T, options string, masks ...signal.Polygon) *scene {
	t.Helper()
	s := &scene{
		Detector: nodetest.OpenDetector(t, motion.Kind(), options, nodetest.DetectorEnv(t), masks...),
		t:        t, pool: frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 2}),
		w: 320, h: 240, step: 100 * time.Millisecond,
	}
	t.Cleanup(s.pool.Close)
	return s
}

// show shows n pictures and returns the level of each.
func (s *scene) show(n int, v func(x, y int) byte) []float64 {
	s.t.Helper()
	var levels []float64
	for range n {
		f := nodetest.Picture(s.t, s.pool, frame.Gray, s.w, s.h, tick.Time(s.n)*tick.Time(s.step), v)
		s.n++
		levels = append(levels, s.Must(f)["level"].Number())
		f.Release()
	}
	return levels
}

// ground is a texture between 60 and 123, and square the same with a square of 80 levels more on it.
func ground(x, y int) byte { return byte(60 + (x/8*7+y/8*13)%64) }

func square(left, top, side int) func(x, y int) byte { return shaded(left, top, side, 80) }

func shaded(left, top, side int, more byte) func(x, y int) byte {
	return func(x, y int) byte {
		if x >= left && x < left+side && y >= top && y < top+side {
			return ground(x, y) + more
		}
		return ground(x, y)
	}
}

// count returns how many levels are above 0.
func count(levels []float64) int {
	n := 0
	for _, l := range levels {
		if l > 0 {
			n++
		}
	}
	return n
}

func TestAppearRestVanish(t *testing.T) {
	for _, c := range []struct {
		name, options string
		stays         int // pictures
		seen, left    int // pictures with motion after it appeared, after it vanished
	}{
		{"rests", `{}`, 50, 5, 0},
		{"longer rest", `{"rest": "2s"}`, 50, 20, 0},
		// What has been learnt leaves a hole when it goes.
		{"learnt", `{}`, 120, 5, 5},
		{"learns faster", `{"learn": "3s"}`, 50, 5, 5},
		{"too faint", `{"threshold": 81}`, 50, 0, 0},
		{"just strong enough", `{"threshold": 79}`, 50, 5, 0},
		{"too small", `{"minArea": 0.021}`, 50, 0, 0},
		{"just large enough", `{"minArea": 0.0205}`, 50, 5, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, c.options)
			if n := count(s.show(20, ground)); n != 0 {
				t.Fatalf("the empty scene moves in %d pictures", n)
			}
			levels := s.show(c.stays, square(100, 100, 40))
			if n := count(levels); n != c.seen {
				t.Errorf("a square that appears moves in %d pictures, want %d", n, c.seen)
			}
			if want := 1600.0 / (320 * 240); c.seen > 0 && levels[0] != want {
				t.Errorf("its level is %g, want %g", levels[0], want)
			}
			if n := count(s.show(20, ground)); n != c.left {
				t.Errorf("where it vanishes there is motion in %d pictures, want %d", n, c.left)
			}
		})
	}
}

func TestBoxes(t *testing.T) {
	s := newScene(t, `{}`)
	s.show(3, ground)
	two := func(x, y int) byte {
		if x >= 201 && x < 231 && y >= 33 && y < 52 {
			return 250
		}
		return square(10, 150, 50)(x, y)
	}
	f := nodetest.Picture(t, s.pool, frame.Gray, 320, 240, tick.Time(time.Second), two)
	defer f.Release()
	got := s.Must(f)["boxes"].AsBoxes()
	want := []signal.Box{
		{X: 10. / 320, Y: 150. / 240, W: 50. / 320, H: 50. / 240, Score: 1},
		{X: 201. / 320, Y: 33. / 240, W: 30. / 320, H: 19. / 240, Score: 1},
	}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("boxes %+v\nwant %+v, to the pixel", got, want)
	}
}

func TestBoxesAreBounded(t *testing.T) {
	s := newScene(t, `{"minArea": 0}`)
	s.show(3, ground)
	f := nodetest.Picture(t, s.pool, frame.Gray, 320, 240, tick.Time(time.Second), func(x, y int) byte {
		if x%16 < 4 && y%16 < 4 {
			return 255
		}
		return ground(x, y)
	})
	defer f.Release()
	out := s.Must(f)
	if n := len(out["boxes"].AsBoxes()); n != 64 {
		t.Errorf("300 dots give %d boxes, want the bound of 64", n)
	}
	if got, want := out["level"].Number(), 300*16/(320*240.); got != want {
		t.Errorf("level %g, want %g: the bound is on boxes only", got, want)
	}
}

func TestLight(t *testing.T) {
	brighter := func(by int) func(x, y int) byte {
		return func(x, y int) byte { return byte(min(255, int(ground(x, y))+by)) }
	}
	// A lamp that lights the left 90 % in different strength: nothing to even out, most of the picture changed.
	lamp := func(x, y int) byte { return byte(min(255, int(ground(x, y))+max(0, 288-x)/2)) }
	for _, c := range []struct {
		name    string
		options string
		light   func(x, y int) byte
		moves   bool
	}{
		{"all brighter by 60", `{}`, brighter(60), false},
		{"all darker by 55", `{}`, brighter(-55), false},
		{"all brighter by 60, off", `{"lightning": 1}`, brighter(60), true},
		{"lamp", `{"lightning": 0.6}`, lamp, false},
		{"lamp, tolerant", `{"lightning": 0.99}`, lamp, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, c.options)
			s.show(10, ground)
			if n := count(s.show(10, c.light)); (n > 0) != c.moves {
				t.Errorf("on: motion in %d of 10 pictures", n)
			}
			if n := count(s.show(10, ground)); n > 0 && !c.moves {
				t.Errorf("off: motion in %d of 10 pictures", n)
			}
		})
	}

	// Something that comes with the light is still seen.
	s := newScene(t, `{}`)
	s.show(10, ground)
	both := s.show(1, func(x, y int) byte { return square(50, 50, 40)(x, y) + 40 })
	if want := 1600.0 / (320 * 240); both[0] != want {
		t.Errorf("a square in a brighter picture has the level %g, want %g", both[0], want)
	}
}

// Brightness that doubles within a minute, as at dawn, is no motion at any time.
func TestDawn(t *testing.T) {
	s := newScene(t, `{"lightning": 1}`) // without its help
	for n := range 600 {
		if l := s.show(1, func(x, y int) byte { return byte(int(ground(x, y)) * (600 + n) / 600) }); l[0] > 0 {
			t.Fatalf("picture %d: level %g", n, l[0])
		}
	}
}

func TestNewBackground(t *testing.T) {
	t.Run("size", func(t *testing.T) {
		s := newScene(t, `{}`)
		s.show(5, ground)
		s.w, s.h = 160, 120
		if n := count(s.show(5, square(0, 0, 80))); n != 0 {
			t.Errorf("another size is motion in %d pictures", n)
		}
		if n := count(s.show(5, ground)); n == 0 {
			t.Error("nothing moves in the new size")
		}
	})
	t.Run("gap", func(t *testing.T) {
		s := newScene(t, `{}`)
		s.show(5, ground)
		s.n += 101 // a camera that was away for 10.1 s
		if n := count(s.show(5, square(50, 50, 80))); n != 0 {
			t.Errorf("what changed in a gap is motion in %d pictures", n)
		}
		s.n += 99
		if n := count(s.show(1, ground)); n != 1 {
			t.Error("what changed in less than learn is no motion")
		}
	})
	t.Run("seldom", func(t *testing.T) {
		s := newScene(t, `{"learn": "2s"}`)
		s.step = 3 * time.Second
		s.show(3, ground)
		if n := count(s.show(1, square(50, 50, 80))); n != 1 {
			t.Error("a detector that runs every 3 s sees nothing with learn 2s")
		}
	})
}

func TestCancelledRunChangesNothing(t *testing.T) {
	s := newScene(t, `{}`)
	s.show(5, ground)
	f := nodetest.Picture(t, s.pool, frame.Gray, 320, 240, tick.Time(time.Second), square(50, 50, 80))
	defer f.Release()
	run := node.NewRun(s.Emits)
	run.Frames = append(run.Frames, f)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Instance.Detect(ctx, run); !errors.Is(err, context.Canceled) {
		t.Errorf("run with a cancelled context: %v", err)
	}
	if got := s.Must(f)["level"].Number(); got != 6400./(320*240) {
		t.Errorf("level %g after it, want %g", got, 6400./(320*240))
	}
}

func TestSeveralFrames(t *testing.T) {
	s := newScene(t, `{}`)
	s.show(5, ground)
	one := nodetest.Picture(t, s.pool, frame.Gray, 320, 240, tick.Time(time.Second), square(50, 50, 80))
	two := nodetest.Picture(t, s.pool, frame.Gray, 320, 240, tick.Time(time.Second+time.Millisecond), square(50, 50, 40))
	defer one.Release()
	defer two.Release()
	out, err := s.Detect(two.Capture, one, two)
	if got, want := out["level"].Number(), 1600./(320*240); err != nil || got != want {
		t.Errorf("two frames give %g and %v, want the last one's %g", got, err, want)
	}
}

func camera(t testing.TB, options string, change func(*node.CameraEnv)) *nodetest.Camera {
	t.Helper()
	set, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	k, _ := set.Kind(node.RoleCamera, "synthetic")
	env := nodetest.CameraEnv(t)
	env.FPS = 15
	change(&env)
	return nodetest.OpenCamera(t, *k, options, env)
}

func TestNoiseIsNoMotion(t *testing.T) {
	for _, c := range []struct {
		options       string
		width, height int
	}{
		{`{"pattern": "still", "seed": 1}`, 240, 180},
		{`{"pattern": "still", "seed": 2, "noise": 20}`, 480, 360},
		{`{"pattern": "still", "seed": 3, "noise": 20}`, 240, 180}, // not shrunk: nothing averages the noise
	} {
		d := nodetest.OpenDetector(t, motion.Kind(), `{}`, nodetest.DetectorEnv(t))
		cam := camera(t, c.options, func(e *node.CameraEnv) { e.Width, e.Height = c.width, c.height })
		cam.Each(300, func(f *frame.Frame) {
			if out := d.Must(f); out["level"].Number() != 0 || len(out["boxes"].AsBoxes()) != 0 {
				t.Fatalf("%s: picture %d at %d x %d moves: %v", c.options, f.Seq, c.width, c.height, out)
			}
		})
	}
}

// The synthetic object moves for 4 s and rests for 6 s. There must be motion, with a box around the object, as long as
// it moves and until `rest` after, and none from then on; several times over.
func TestObject(t *testing.T) {
	const slack = 150 * time.Millisecond // two pictures
	for _, c := range []struct {
		options       string
		width, height int
		pictures      int
	}{
		{`{"seed": 1}`, 240, 180, 900},
		{`{"seed": 2, "noise": 6}`, 480, 360, 600},
		{`{"seed": 3, "size": 0.08, "speed": 0.1, "noise": 3}`, 240, 180, 600},
	} {
		d := nodetest.OpenDetector(t, motion.Kind(), `{}`, nodetest.DetectorEnv(t))
		cam := camera(t, c.options, func(e *node.CameraEnv) { e.Width, e.Height = c.width, c.height })
		var moving, hit int
		cam.Each(c.pictures, func(f *frame.Frame) {
			phase := f.PTS % (10 * time.Second)
			out := d.Must(f)
			level, boxes := out["level"].Number(), out["boxes"].AsBoxes()
			if phase > slack && phase <= 4*time.Second {
				moving++
				if level == 0 {
					t.Fatalf("%s: nothing moves %s into the motion, picture %d", c.options, phase, f.Seq)
				}
				if overlap(boxes, bright(f)) > 0.7 {
					hit++
				}
			}
			if phase > 4500*time.Millisecond+slack && level != 0 {
				t.Fatalf("%s: level %g %s into the rest, picture %d", c.options, level, phase-4*time.Second, f.Seq)
			}
		})
		if moving < c.pictures*35/100 || hit < moving*90/100 {
			t.Errorf("%s: of %d pictures with motion %d have a box that fits the object", c.options, moving, hit)
		}
	}
}

// bright returns the box around what is brighter than any background.
func bright(f *frame.Frame) signal.Box {
	p := f.SmallLuma()
	l, t, r, b := p.Width, p.Height, 0, 0
	for y := range p.Height {
		for x := range p.Width {
			if p.Pix[y*p.Stride+x] > 145 {
				l, t, r, b = min(l, x), min(t, y), max(r, x+1), max(b, y+1)
			}
		}
	}
	w, h := float32(p.Width), float32(p.Height)
	return signal.Box{X: float32(l) / w, Y: float32(t) / h, W: float32(r-l) / w, H: float32(b-t) / h}
}

// overlap returns the largest intersection over union of a box with want.
func overlap(boxes []signal.Box, want signal.Box) float32 {
	var best float32
	for _, b := range boxes {
		w := min(b.X+b.W, want.X+want.W) - max(b.X, want.X)
		h := min(b.Y+b.H, want.Y+want.H) - max(b.Y, want.Y)
		if both := w * h; w > 0 && h > 0 {
			best = max(best, both/(b.W*b.H+want.W*want.H-both))
		}
	}
	return best
}

func TestNothingIsAllocatedWhileNothingMoves(t *testing.T) {
	s := newScene(t, `{}`)
	f := nodetest.Picture(t, s.pool, frame.Gray, 320, 240, 0, ground)
	defer f.Release()
	run := node.NewRun(s.Emits)
	n := testing.AllocsPerRun(100, func() {
		run.Reset()
		run.Frames = append(run.Frames, f)
		f.Capture = f.Capture.Add(time.Second / 15)
		if err := s.Instance.Detect(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("a run allocates %g times", n)
	}
}

func BenchmarkDetect(b *testing.B) {
	for _, c := range []struct {
		name, options string
		w, h          int
	}{
		{"still 320x240", `{"pattern": "still", "noise": 4}`, 320, 240},
		{"still 640x480", `{"pattern": "still", "noise": 4}`, 640, 480},
		{"object 640x480", `{"still": "1ns", "size": 0.5}`, 640, 480},
		{"still 1920x1080", `{"pattern": "still"}`, 1920, 1080},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := nodetest.OpenDetector(b, motion.Kind(), `{}`, nodetest.DetectorEnv(b))
			cam := camera(b, c.options, func(e *node.CameraEnv) { e.Width, e.Height = c.w, c.h })
			run := node.NewRun(d.Emits)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				f, err := cam.Next()
				if err != nil {
					b.Fatal(err)
				}
				run.Reset()
				run.Frames = append(run.Frames, f)
				b.StartTimer()
				if err := d.Instance.Detect(b.Context(), run); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				f.Release()
				b.StartTimer()
			}
		})
	}
}
