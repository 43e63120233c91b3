//go:build cgo && opencv && matprofile

package cv

import (
	"bytes"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/tick"
)

// TestMatsClosed checks that every Mat is given back; gocv counts them under the build tag matprofile, and has no
// finalizers.
func TestMatsClosed(t *testing.T) {
	before := gocv.MatProfile.Count()
	pool := newPool(t, 1)
	for range 5 {
		d := nodetest.OpenDetector(t, kind(t, "mog2"), `{}`, nodetest.DetectorEnv(t))
		during := 0
		for i := range 10 {
			f := nodetest.Picture(t, pool, frame.BGR, 640, 480, tick.Time(i)*tick.Time(100*time.Millisecond), func(x, y int) byte { return byte(x*i + y) })
			d.Must(f)
			f.Release()
			if n := gocv.MatProfile.Count(); i > 0 && n != during {
				t.Errorf("run %d leaves %d Mats, the one before %d", i, n, during)
			}
			during = gocv.MatProfile.Count()
		}
		d.Close()
	}
	if n := gocv.MatProfile.Count(); n != before {
		var b bytes.Buffer
		_ = gocv.MatProfile.WriteTo(&b, 1)
		t.Errorf("%d Mats are still open, %d were before:\n%s", n, before, b.String())
	}
}
