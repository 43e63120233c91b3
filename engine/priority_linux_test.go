package engine

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/node"
)

// TestNice: detectors run at the niceness that was asked for, which the state shows, and an impossible one is refused with
// its bounds. Real time, because the kernel's threads are.
func TestNice(t *testing.T) {
	k := newKit(t)
	k.camera("front", 50, &fakeCamera{live: true})
	var seen atomic.Int64
	k.detector("d", 50, func(context.Context, uint64, *node.Run) error {
		time.Sleep(time.Millisecond) // not so short that it needs no thread
		p, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
		seen.Store(int64(20 - p)) // as the kernel tells it
		return err
	})
	for _, bad := range []int{-1, MaxNice + 1} {
		k.cfg.Nice = &bad
		g := k.graph()
		cfg := k.cfg
		cfg.Graph = g
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), "from 0") || !strings.Contains(err.Error(), "19") {
			t.Errorf("nice %d: %v", bad, err)
		}
	}
	want := 7
	k.cfg.Nice = &want
	e := k.engine()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	for e.Status().Detectors[0].Runs < 3 && ctx.Err() == nil {
		time.Sleep(5 * time.Millisecond)
	}
	if st := e.Status(); st.Nice != want {
		t.Errorf("the state says nice %d, want %d", st.Nice, want)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := seen.Load(); n != int64(want) {
		t.Errorf("a run was at nice %d, want %d", n, want)
	}
}
