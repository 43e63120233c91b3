package engine

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/frame"
)

// TestMemoryLimit: of two cameras whose buffers do not both fit, one runs and the other says what it needs, is counted and
// tries again; when the first has given its memory back the account is empty.
func TestMemoryLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("back", 10, &fakeCamera{live: true, format: frame.BGR})
		k.camera("front", 10, &fakeCamera{live: true, format: frame.BGR})
		k.detector("d", 10, says(time.Millisecond, 1))
		g := k.graph()
		g.Memory = 150 << 10 // eight buffers of 64 x 48 in BGR and their views are 96 KiB
		k.cfg.Graph = g
		e, err := New(k.cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		time.Sleep(5 * time.Second)
		up, refused := 0, 0
		for i, c := range e.Status().Cameras {
			switch {
			case c.State == cameraUp && c.Frames > 40:
				up++
			case c.State == cameraDown && strings.Contains(c.Error, "engine.memory") && strings.Contains(c.Error, "64 x 48") && e.w.Load().cams[i].counts.refused.Load() > 1:
				refused++
			default:
				t.Errorf("camera %+v", c)
			}
		}
		if up != 1 || refused != 1 {
			t.Errorf("%d cameras run and %d are refused, want one of each", up, refused)
		}
		if used := e.memory.use(); used == 0 || used > g.Memory {
			t.Errorf("%d bytes are claimed of %d", used, g.Memory)
		}
		<-done
		k.clean()
		if used := e.memory.use(); used != 0 {
			t.Errorf("%d bytes are claimed after the end", used)
		}
	})
}

// TestMemoryForRings: rings that alone are more than there may be refuse the run, with what to do.
func TestMemoryForRings(t *testing.T) {
	if _, err := newAccount(1<<20, 256<<20); err == nil || !strings.Contains(err.Error(), "256 MiB") || !strings.Contains(err.Error(), "ringMemory") {
		t.Errorf("got %v", err)
	}
	m, err := newAccount(0, 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.claim(0, 1<<50); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}
