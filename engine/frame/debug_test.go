//go:build rvodebug

package frame

import "testing"

// TestReleasedPictureIsMangled: in the debug build whoever reads a released picture sees garbage at once.
func TestReleasedPictureIsMangled(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
	defer p.Close()
	f := get(t, p, BGR, 400, 300, noise(1))
	stale, luma, small := f.Pix(), f.Luma().Pix, f.SmallLuma().Pix
	f.Release()
	for name, mem := range map[string][]byte{"pixels": stale, "luma": luma, "small luma": small} {
		for i, b := range mem {
			if b != 0xdb {
				t.Fatalf("%s byte %d is %#x after the release", name, i, b)
			}
		}
	}
}
