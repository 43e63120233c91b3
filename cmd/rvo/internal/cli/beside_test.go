package cli

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestBesideIsBounded: what ends with the run is waited for, and what hangs is not, whose error is told beside the run's own.
func TestBesideIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := errors.New("failed")
		ran := func(context.Context) error { return failed }
		slow := func(ctx context.Context) { <-ctx.Done(); time.Sleep(time.Second) }
		if err := beside(t.Context(), ran, slow); !errors.Is(err, failed) || err.Error() != failed.Error() {
			t.Errorf("%v, want %v", err, failed)
		}
		hang := make(chan struct{})
		begin := time.Now()
		err := beside(t.Context(), ran, slow, func(context.Context) { <-hang })
		if !errors.Is(err, failed) || !strings.Contains(err.Error(), "left behind") || time.Since(begin) != besideLimit {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		close(hang)
	})
}
