package engine

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestBellWakesOneForEachRing: however many rings come before, between and beside waits, each lets one wait return, and a large
// ring lets all.
func TestBellWakesOneForEachRing(t *testing.T) {
	b, err := newBell()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	const rings = 2000
	var woken atomic.Int64
	var over atomic.Bool
	var threads sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		threads.Go(func() {
			buf := make([]byte, 8)
			for {
				b.wait(buf)
				if over.Load() {
					return
				}
				if woken.Add(1) == rings {
					close(done)
				}
			}
		})
	}
	for range rings {
		b.ring()
	}
	<-done
	if n := woken.Load(); n != rings {
		t.Errorf("%d waits returned for %d rings", n, rings)
	}
	over.Store(true)
	b.all()
	threads.Wait()
	if n := woken.Load(); n != rings {
		t.Errorf("%d waits returned for %d rings before the last one", n, rings)
	}
}
