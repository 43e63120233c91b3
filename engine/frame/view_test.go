package frame

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// get returns a frame filled by the rapid test's bytes, or noise.
func get(t testing.TB, p *Pool, format Format, w, h int, fill func(i int) byte) *Frame {
	t.Helper()
	f, err := p.Get(format, w, h)
	if err != nil {
		t.Fatal(err)
	}
	pix := f.Pix()
	if len(pix) != format.Bytes(w, h) {
		t.Fatalf("%s of %d x %d has %d bytes, want %d", format, w, h, len(pix), format.Bytes(w, h))
	}
	for i := range pix {
		pix[i] = fill(i)
	}
	return f
}

// noise is a cheap fixed pattern without period in any size used here.
func noise(seed uint32) func(int) byte {
	return func(i int) byte {
		x := (uint32(i) + seed) * 2654435761
		x ^= x >> 15
		x *= 2246822519
		return byte(x >> 13)
	}
}

func near(a byte, b float64, slack float64) bool { return math.Abs(float64(a)-b) <= slack }

// bgrOf returns the colour of a pixel by the textbook: BT.601 at full range, in floating point.
func bgrOf(f *Frame, x, y int) (b, g, r float64) {
	pix, w, h := f.Pix(), f.Width, f.Height
	clip := func(v float64) float64 { return min(max(v, 0), 255) }
	switch f.Format {
	case BGR:
		p := pix[3*(y*w+x):]
		return float64(p[0]), float64(p[1]), float64(p[2])
	case Gray:
		v := float64(pix[y*w+x])
		return v, v, v
	case I420:
		l := float64(pix[y*w+x])
		c := (y/2)*(w/2) + x/2
		cb, cr := float64(pix[w*h+c])-128, float64(pix[w*h+w*h/4+c])-128
		return clip(l + 1.772*cb), clip(l - 0.344136*cb - 0.714136*cr), clip(l + 1.402*cr)
	}
	panic("no format")
}

func lumaOf(f *Frame, x, y int) float64 {
	if f.Format != BGR {
		return float64(f.Pix()[y*f.Width+x])
	}
	b, g, r := bgrOf(f, x, y)
	return 0.114*b + 0.587*g + 0.299*r
}

// TestViewsEqualTheTextbook compares every view of frames of random size with a naive one in floating point.
func TestViewsEqualTheTextbook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		format := Format(rapid.IntRange(0, 2).Draw(rt, "format"))
		w, h := rapid.IntRange(1, 400).Draw(rt, "w"), rapid.IntRange(1, 300).Draw(rt, "h")
		if rapid.IntRange(0, 9).Draw(rt, "half") == 0 {
			w, h = 640, 480 // exactly twice the small size: a path of its own
		}
		if format == I420 {
			w, h = 2*w, 2*h
		}
		p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
		defer p.Close()
		f := get(t, p, format, w, h, noise(rapid.Uint32().Draw(rt, "seed")))
		defer f.Release()
		before := bytes.Clone(f.Pix())

		luma, small, bgr := f.Luma(), f.SmallLuma(), f.BGR()
		if luma.Width != w || luma.Height != h || luma.Channels != 1 || bgr.Width != w || bgr.Height != h || bgr.Channels != 3 {
			rt.Fatalf("luma %dx%d, bgr %dx%d", luma.Width, luma.Height, bgr.Width, bgr.Height)
		}
		for y := range h {
			for x := range w {
				if got := luma.Pix[y*luma.Stride+x]; !near(got, lumaOf(f, x, y), 0.51) {
					rt.Fatalf("%s luma at %d,%d is %d, want %.2f", format, x, y, got, lumaOf(f, x, y))
				}
				b, g, r := bgrOf(f, x, y)
				if q := bgr.Pix[y*bgr.Stride+3*x:]; !near(q[0], b, 0.51) || !near(q[1], g, 0.51) || !near(q[2], r, 0.51) {
					rt.Fatalf("%s bgr at %d,%d is %v, want %.2f %.2f %.2f", format, x, y, q[:3], b, g, r)
				}
			}
		}
		sw, sh := SmallSize(w, h)
		if small.Width != sw || small.Height != sh {
			rt.Fatalf("small luma is %dx%d, want %dx%d", small.Width, small.Height, sw, sh)
		}
		for y := range sh {
			for x := range sw {
				sum, n := 0.0, 0.0
				for v := y * h / sh; v < max((y+1)*h/sh, y*h/sh+1); v++ {
					for u := x * w / sw; u < max((x+1)*w/sw, x*w/sw+1); u++ {
						sum += lumaOf(f, u, v)
						n++
					}
				}
				if got := small.Pix[y*small.Stride+x]; !near(got, sum/n, 0.51+1/n) {
					rt.Fatalf("%s %dx%d small luma at %d,%d is %d, want %.2f", format, w, h, x, y, got, sum/n)
				}
			}
		}
		if !bytes.Equal(before, f.Pix()) {
			rt.Fatal("a view changed the picture")
		}
		if again := f.SmallLuma(); &again.Pix[0] != &small.Pix[0] {
			rt.Fatal("a view was made twice")
		}
	})
}

// TestSmallSize: fits into 320 x 240, keeps the ratio to a pixel, is never empty and never larger than the picture.
func TestSmallSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, MaxSide).Draw(t, "w"), rapid.IntRange(1, MaxSide).Draw(t, "h")
		sw, sh := SmallSize(w, h)
		if sw < 1 || sh < 1 || sw > SmallWidth || sh > SmallHeight || sw > w || sh > h {
			t.Fatalf("%dx%d shrinks to %dx%d", w, h, sw, sh)
		}
		if w <= SmallWidth && h <= SmallHeight {
			if sw != w || sh != h {
				t.Fatalf("%dx%d fits and became %dx%d", w, h, sw, sh)
			}
			return
		}
		if sw != SmallWidth && sh != SmallHeight {
			t.Fatalf("%dx%d shrinks to %dx%d, which is smaller than it has to be", w, h, sw, sh)
		}
		scale := max(float64(w)/SmallWidth, float64(h)/SmallHeight)
		if math.Abs(float64(sw)-float64(w)/scale) > 1 || math.Abs(float64(sh)-float64(h)/scale) > 1 {
			t.Fatalf("%dx%d shrinks to %dx%d: ratio is lost", w, h, sw, sh)
		}
	})
}

// countingCodec encodes with the standard library and counts.
type countingCodec struct {
	name string
	n    atomic.Int32
	gate chan struct{} // where set: takes a token as encoding begins and waits until it is closed
}

func (c *countingCodec) Name() string { return c.name }

func (c *countingCodec) EncodeJPEG(p Plane, quality int) ([]byte, error) {
	c.n.Add(1)
	if c.gate != nil {
		c.gate <- struct{}{}
		<-c.gate
	}
	return StdCodec{}.EncodeJPEG(p, quality)
}

func TestJPEGIsMadeOnceForEachCodecAndQuality(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
	defer p.Close()
	f := get(t, p, BGR, 64, 48, noise(1))
	a, b := &countingCodec{name: "a"}, &countingCodec{name: "b"}
	var wg sync.WaitGroup
	for range 8 {
		for _, c := range []*countingCodec{a, b} {
			for _, q := range []int{50, 90} {
				wg.Go(func() {
					if _, err := f.JPEG(c, q); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
	wg.Wait()
	if a.n.Load() != 2 || b.n.Load() != 2 {
		t.Errorf("encoded %d and %d times, want once for each quality", a.n.Load(), b.n.Load())
	}
	kept, err := f.JPEG(a, 90)
	if err != nil {
		t.Fatal(err)
	}
	f.Release()
	if img, err := jpeg.Decode(bytes.NewReader(kept)); err != nil || img.Bounds() != image.Rect(0, 0, 64, 48) {
		t.Errorf("after the release the bytes must still be the picture: %v", err)
	}
	if _, err := (StdCodec{}).EncodeJPEG(Plane{Width: 1, Height: 1, Stride: 1, Channels: 1, Pix: []byte{0}}, 0); err == nil {
		t.Error("quality 0 passes")
	}
}

// TestDetectorsDoNotWaitForTheEncoder: a JPEG in the making, which takes tens of milliseconds, holds no other view up.
func TestDetectorsDoNotWaitForTheEncoder(t *testing.T) {
	for _, format := range []Format{BGR, I420} {
		p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
		f := get(t, p, format, 640, 480, noise(2))
		slow := &countingCodec{name: "slow", gate: make(chan struct{})}
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := f.JPEG(slow, 80); err != nil {
				t.Error(err)
			}
		})
		<-slow.gate // the encoder is at work
		f.Luma()
		f.SmallLuma()
		f.BGR()
		close(slow.gate) // a view that waits for the encoder never gets here
		wg.Wait()
		f.Release()
		p.Close()
	}
}

// TestStdCodecColours: what comes back out of a JPEG is the picture, and grey stays grey.
func TestStdCodecColours(t *testing.T) {
	for _, format := range []Format{BGR, Gray, I420} {
		for _, size := range [][2]int{{64, 48}, {2, 2}, {34, 18}} {
			p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
			w, h := size[0], size[1]
			f := get(t, p, format, w, h, func(i int) byte {
				if format == BGR {
					return [3]byte{200, 60, 120}[i%3]
				}
				if i < w*h {
					return 90
				}
				return 150
			})
			data, err := f.JPEG(StdCodec{}, 95)
			if err != nil {
				t.Fatal(err)
			}
			if cap(data) > len(data)*5/4+64 {
				t.Errorf("%d bytes in a buffer of %d: rings would hold the rest for nothing", len(data), cap(data))
			}
			img, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if img.Bounds() != image.Rect(0, 0, w, h) {
				t.Fatalf("%s: %v", format, img.Bounds())
			}
			b, g, r := bgrOf(f, w/2, h/2)
			got := color.RGBAModel.Convert(img.At(w/2, h/2)).(color.RGBA)
			if !near(got.B, b, 4) || !near(got.G, g, 4) || !near(got.R, r, 4) {
				t.Errorf("%s %dx%d: %v, want b %.0f g %.0f r %.0f", format, w, h, got, b, g, r)
			}
			f.Release()
			p.Close()
		}
	}
}

func BenchmarkViews(b *testing.B) {
	for _, size := range [][2]int{{640, 480}, {1920, 1080}} {
		p := NewPool(PoolOptions{Camera: "c", Slabs: 2})
		src := get(b, p, BGR, size[0], size[1], noise(1))
		name := func(v string) string { return fmt.Sprintf("%s/%dx%d", v, size[0], size[1]) }
		b.Run(name("small"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				src.small.made = false
				src.SmallLuma()
			}
		})
		b.Run(name("luma"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				src.luma.made = false
				src.Luma()
			}
		})
		b.Run(name("jpeg"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				src.jpeg.made = src.jpeg.made[:0]
				if _, err := src.JPEG(StdCodec{}, 80); err != nil {
					b.Fatal(err)
				}
			}
		})
		src.Release()
		p.Close()
	}
}
