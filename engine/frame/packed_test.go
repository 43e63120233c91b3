package frame

import (
	"bytes"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestPackedFormsEqualTheTextbook compares RGB and NV12 of frames of random size with naive ones in floating point.
func TestPackedFormsEqualTheTextbook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		format := Format(rapid.IntRange(0, 2).Draw(rt, "format"))
		w, h := 2*rapid.IntRange(1, 60).Draw(rt, "w/2"), 2*rapid.IntRange(1, 40).Draw(rt, "h/2")
		p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
		defer p.Close()
		f := get(t, p, format, w, h, noise(rapid.Uint32().Draw(rt, "seed")))
		defer f.Release()
		before := bytes.Clone(f.Pix())

		rgb := f.RGB()
		nv12, err := f.NV12()
		if err != nil {
			rt.Fatal(err)
		}
		if len(rgb) != 3*w*h || len(nv12) != w*h*3/2 {
			rt.Fatalf("%d x %d has %d bytes as rgb and %d as nv12", w, h, len(rgb), len(nv12))
		}
		for y := range h {
			for x := range w {
				b, g, r := bgrOf(f, x, y)
				if q := rgb[3*(y*w+x):]; !near(q[0], r, 0.51) || !near(q[1], g, 0.51) || !near(q[2], b, 0.51) {
					rt.Fatalf("%s rgb at %d,%d is %v, want %.2f %.2f %.2f", format, x, y, q[:3], r, g, b)
				}
				if got, want := nv12[y*w+x], 16+lumaOf(f, x, y)*219/255; !near(got, want, 0.51) {
					rt.Fatalf("%s nv12 luma at %d,%d is %d, want %.2f", format, x, y, got, want)
				}
			}
		}
		for y := range h / 2 {
			for x := range w / 2 {
				cb, cr := chromaOf(f, x, y)
				if got := nv12[w*h+y*w+2*x:]; !near(got[0], 128+cb*224/255, 0.51) || !near(got[1], 128+cr*224/255, 0.51) {
					rt.Fatalf("%s nv12 chroma at %d,%d is %v, want %.2f %.2f", format, x, y, got[:2], 128+cb*224/255, 128+cr*224/255)
				}
			}
		}
		if !bytes.Equal(before, f.Pix()) {
			rt.Fatal("a view changed the picture")
		}
	})
}

// chromaOf returns Cb and Cr of a square of four pixels by the textbook, from -127.5 to 127.5.
func chromaOf(f *Frame, x, y int) (cb, cr float64) {
	if f.Format == I420 {
		i := f.Width*f.Height + y*(f.Width/2) + x
		return float64(f.Pix()[i]) - 128, float64(f.Pix()[i+f.Width*f.Height/4]) - 128
	}
	for i := range 4 {
		b, g, r := bgrOf(f, 2*x+i%2, 2*y+i/2)
		luma := 0.299*r + 0.587*g + 0.114*b
		cb += (b - luma) / (2 * (1 - 0.114)) / 4
		cr += (r - luma) / (2 * (1 - 0.299)) / 4
	}
	return cb, cr
}

func TestNV12OfOddSizes(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
	defer p.Close()
	f := get(t, p, BGR, 5, 4, noise(1))
	defer f.Release()
	if pix, err := f.NV12(); err == nil {
		t.Errorf("5 x 4 has %d bytes as nv12", len(pix))
	}
}

// TestPackedFormsAreMadeOnce: everybody who asks at the same time gets the same bytes.
func TestPackedFormsAreMadeOnce(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
	defer p.Close()
	f := get(t, p, BGR, 64, 48, noise(1))
	defer f.Release()
	var rgb, nv12 [8][]byte
	var wg sync.WaitGroup
	for i := range rgb {
		wg.Go(func() {
			rgb[i] = f.RGB()
			nv12[i], _ = f.NV12()
		})
	}
	wg.Wait()
	for i := range rgb {
		if &rgb[i][0] != &rgb[0][0] || &nv12[i][0] != &nv12[0][0] {
			t.Fatal("a form was made twice")
		}
	}
}
