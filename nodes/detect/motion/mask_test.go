package motion_test

import (
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// right is the right half of the picture, as two masks that overlap.
func right() []signal.Polygon {
	return []signal.Polygon{
		{{X: 0.5, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 0.6}, {X: 0.5, Y: 0.6}},
		{{X: 0.5, Y: 0.4}, {X: 1, Y: 0.4}, {X: 1, Y: 1}, {X: 0.5, Y: 1}},
	}
}

// boxes shows a picture and returns what it gives.
func boxes(s *scene, v func(x, y int) byte) (float64, []signal.Box) {
	s.t.Helper()
	f := nodetest.Picture(s.t, s.pool, frame.Gray, s.w, s.h, tick.Time(s.n)*tick.Time(s.step), v)
	defer f.Release()
	s.n++
	got := s.Must(f)
	return got["level"].Number(), got["boxes"].AsBoxes()
}

// TestMask: what moves under a mask is neither level nor box, a thing on its edge is what is outside of it, and the rest is as
// it is without.
func TestMask(t *testing.T) {
	for name, c := range map[string]struct {
		left int
		part float64 // of the square that is outside
	}{"outside": {40, 1}, "on the edge": {140, 0.5}, "inside": {200, 0}} {
		t.Run(name, func(t *testing.T) {
			plain, masked := newScene(t, "{}"), newScene(t, "{}", right()...)
			plain.show(20, ground)
			masked.show(20, ground)
			level, all := boxes(plain, square(c.left, 100, 40))
			got, found := boxes(masked, square(c.left, 100, 40))
			if len(all) != 1 || level == 0 {
				t.Fatalf("without a mask the level is %v and boxes %v", level, all)
			}
			if want := level * c.part; got < want*0.99 || got > want*1.01 {
				t.Errorf("level %v, want %v: %v of %v", got, want, c.part, level)
			}
			switch {
			case c.part == 0 && len(found) != 0:
				t.Errorf("boxes %v under the mask", found)
			case c.part > 0 && (len(found) != 1 || found[0].X != all[0].X || found[0].X+found[0].W > max(0.5, all[0].X+all[0].W*float32(c.part))+0.001):
				t.Errorf("boxes %v, want what is outside of %v", found, all)
			}
		})
	}
}

// TestMaskedLight: a bright screen under a mask is no change of light, so what moves beside it is seen.
func TestMaskedLight(t *testing.T) {
	mask := signal.Polygon{{X: 0.1, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0.1, Y: 1}}
	flash := func(x, y int) byte {
		switch {
		case x >= 32:
			return 250
		case y >= 100 && y < 120:
			return ground(x, y) + 80
		}
		return ground(x, y)
	}
	s := newScene(t, "{}", mask)
	s.show(20, ground)
	if level, _ := boxes(s, flash); level < 0.005 || level > 0.01 {
		t.Errorf("level %v, want that of the bar beside the screen: 32 x 20 of 320 x 240 pixels", level)
	}
}
