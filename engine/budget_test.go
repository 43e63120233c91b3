package engine

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
)

// shown returns what shows a picture to a core that runs, which then has seen it, and what ends the run.
func shown(tb testing.TB) (show func() error, seen func() uint64, stop func()) {
	tb.Helper()
	k := newKit(tb)
	k.camera("front", 30, &fakeCamera{live: true})
	k.detector("d", 1, func(context.Context, uint64, *node.Run) error { return nil })
	k.event("e", "d.count", time.Second)
	e := k.engine()
	if err := e.open(tb.Context(), e.w.Load()); err != nil {
		tb.Fatal(err)
	}
	e.begin = time.Now()
	e.pool.start(tb.Context())
	e.turn.claim()
	e.alarm = newRuntimeAlarm(e.now, func() {})
	e.step(sched.Input{Kind: sched.InputStart, Run: "run"})
	e.turn.release()
	e.state.Store(int32(phaseRunning))
	c := e.w.Load().cams[0]
	show = func() error {
		f, err := c.pool.Get(frame.Gray, 64, 48)
		if err == nil {
			f.Seq, f.Capture = c.counts.seq.Add(1), e.now()
			c.publish(f)
		}
		return err
	}
	return show, func() uint64 { return e.core.Stats.Frames[0] }, func() {
		e.alarm.Stop()
		e.turn.claim()
		e.pool.stop()
		e.wg.Wait()
		e.closeAll()
	}
}

// BenchmarkShow is the way of a picture from a reader's hands through slot, turn and core, detectors' skips included.
func BenchmarkShow(b *testing.B) {
	show, seen, stop := shown(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := show(); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if seen() == 0 {
		b.Fatal("the core saw nothing")
	}
	stop()
}

// TestFrameBudget: from a picture in a reader's hands to the core having seen it nothing is allocated. An allocation here is one
// for each picture of each camera; the picture itself, which its pool makes, is the only one there is.
func TestFrameBudget(t *testing.T) {
	show, seen, stop := shown(t)
	var err error
	for range 100 {
		err = show()
	}
	if a := testing.AllocsPerRun(1000, func() { err = show() }); a > 1 || err != nil {
		t.Errorf("%v allocations a picture, must be the picture's own (%v)", a, err)
	}
	if n := seen(); n < 1000 {
		t.Errorf("the core saw %d pictures of 1000", n)
	}
	stop()
}

// cameraBytes and cameraGoroutines bound what a camera with a detector and an event costs while it runs, graph included: 8 KiB
// were measured when it was set, a quarter of that is headroom. What it was made for: a library's histograms took 26
// KiB for each camera of four detectors, and nobody had looked. When it trips, take a heap profile of this test
// (-memprofile, -memprofilerate 512) and look for what there is one of for each camera.
const (
	cameraBytes      = 10 << 10
	cameraGoroutines = 2
)

// TestCameraBudget: a hundred cameras more with a detector and an event each stay within it.
func TestCameraBudget(t *testing.T) {
	few, many := running(t, 10), running(t, 110)
	bytes, goroutines := (many.heap-few.heap)/100, float64(many.goroutines-few.goroutines)/100
	t.Logf("%.1f KiB and %.2f goroutines a camera", float64(bytes)/1024, goroutines)
	if bytes > cameraBytes {
		t.Errorf("%.1f KiB a camera, must be at most %d", float64(bytes)/1024, cameraBytes>>10)
	}
	if goroutines > cameraGoroutines+0.1 { // runs come and go
		t.Errorf("%.2f goroutines a camera, must be %d", goroutines, cameraGoroutines)
	}
}

// running is what n cameras weigh while they run.
func running(t *testing.T, n int) weight {
	t.Helper()
	k := newKit(t)
	for i := range n {
		k.camera(fmt.Sprintf("c%03d", i), 10, &fakeCamera{live: true})
	}
	k.detector("d", 5, func(context.Context, uint64, *node.Run) error { return nil })
	k.event("e", "d.count", time.Second)
	before := footprint()
	e := k.engine()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	for slow := true; slow && ctx.Err() == nil; {
		time.Sleep(50 * time.Millisecond)
		slow = false
		st := e.Status()
		for i := range st.Detectors {
			slow = slow || st.Detectors[i].Runs < 3
		}
	}
	now := footprint()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	k.clean()
	return weight{now.goroutines - before.goroutines, now.heap - before.heap}
}

type weight struct {
	goroutines int
	heap       int64
}

func footprint() weight {
	runtime.GC()
	runtime.GC() // what the first one freed by finalizers
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return weight{runtime.NumGoroutine(), int64(m.HeapAlloc)}
}
