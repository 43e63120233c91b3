package engine

import (
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/tick"
)

func TestFreeze(t *testing.T) {
	pool := frame.NewPool(frame.PoolOptions{Camera: "c", Slabs: 1})
	defer pool.Close()
	var z freeze
	show := func(at time.Duration, fill byte, noise int) bool {
		f, err := pool.Get(frame.BGR, 640, 480)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Release()
		for i := range f.Pix() {
			f.Pix()[i] = fill
		}
		for i := 0; noise > 0 && i < len(f.Pix()); i += 7 {
			f.Pix()[i] += byte((i * noise) % 3)
		}
		f.Capture = tick.Time(at)
		return z.look(f, time.Second)
	}
	for i := range 20 {
		if show(time.Duration(i)*100*time.Millisecond, 100, i+1) {
			t.Fatalf("picture %d with noise is frozen", i)
		}
	}
	if show(2*time.Second, 9, 0) || show(3*time.Second, 9, 0) {
		t.Error("frozen before it was unchanged for longer than the limit")
	}
	if !show(3001*time.Millisecond, 9, 0) {
		t.Error("not frozen after more than the limit")
	}
	if show(3100*time.Millisecond, 10, 0) {
		t.Error("still frozen after the picture changed")
	}
}

func BenchmarkFreeze(b *testing.B) {
	pool := frame.NewPool(frame.PoolOptions{Camera: "c", Slabs: 1})
	defer pool.Close()
	f, err := pool.Get(frame.BGR, 640, 480)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Release()
	var z freeze
	b.ReportAllocs()
	for b.Loop() {
		z.look(f, time.Second)
	}
}
