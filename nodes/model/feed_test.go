package model

import (
	"math"
	"math/rand/v2"
	"testing"

	"rvo.dev/engine/frame"
)

// slowFeed is feed as it is defined: each number of the input alone, in floating point.
func slowFeed(f Feed, pic frame.Plane, in size) []float64 {
	place, used := f.Fit.place(pic.Width, pic.Height, in)
	out := make([]float64, 3*in.w*in.h)
	at := func(x, y, c int) float64 {
		x, y = min(max(x, 0), pic.Width-1), min(max(y, 0), pic.Height-1)
		return float64(pic.Pix[y*pic.Stride+3*x+c])
	}
	for y := range in.h {
		for x := range in.w {
			px, py := x-int(place.X), y-int(place.Y)
			for c := range 3 {
				from := c
				if f.RGB {
					from = 2 - c
				}
				v := float64(f.Rest)
				if px >= 0 && py >= 0 && px < used.w && py < used.h {
					sx := (float64(px)+0.5)*float64(pic.Width)/float64(used.w) - 0.5
					sy := (float64(py)+0.5)*float64(pic.Height)/float64(used.h) - 0.5
					sx, sy = max(sx, 0), max(sy, 0)
					x0, y0 := int(sx), int(sy)
					wx, wy := sx-float64(x0), sy-float64(y0)
					v = (at(x0, y0, from)*(1-wx)+at(x0+1, y0, from)*wx)*(1-wy) + (at(x0, y0+1, from)*(1-wx)+at(x0+1, y0+1, from)*wx)*wy
				}
				i := c*in.w*in.h + y*in.w + x
				if f.ChannelsLast {
					i = 3*(y*in.w+x) + c
				}
				out[i] = (v - float64(f.Mean[c])) / float64(f.Scale[c])
			}
		}
	}
	return out
}

func picture(r *rand.Rand, w, h, pad int) frame.Plane {
	p := frame.Plane{Width: w, Height: h, Stride: 3*w + pad, Channels: 3}
	p.Pix = make([]byte, p.Stride*h)
	for i := range p.Pix {
		p.Pix[i] = byte(r.UintN(256))
	}
	return p
}

// TestFeedIsWhatItSays holds the feeder to its definition, over all families' feeds, sizes and strides. 8-bit weights and the
// rounding to a whole number may cost one step of 256 and a half.
func TestFeedIsWhatItSays(t *testing.T) {
	const seed = 4
	r := rand.New(rand.NewPCG(seed, seed))
	for _, f := range Families() {
		in := size{32 + 32*r.IntN(3), 32 + 32*r.IntN(3)}
		p := newFeeder(f.Feed, "in", in)
		for range 8 {
			pic := picture(r, 1+r.IntN(120), 1+r.IntN(120), r.IntN(5))
			got, _, err := p.run(pic)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range slowFeed(f.Feed, pic, in) {
				c := i / (in.w * in.h)
				if f.Feed.ChannelsLast {
					c = i % 3
				}
				if off := math.Abs(float64(got.Data[i])-want) * float64(f.Feed.Scale[c]); off > 2 {
					t.Fatalf("seed %d, family %s, picture %d x %d in %v: number %d is %v, must be %v", seed, f.Name, pic.Width, pic.Height, in, i, got.Data[i], want)
				}
			}
		}
	}
}

func TestFeedAllocatesOnce(t *testing.T) {
	p := newFeeder(yolox().Feed, "in", size{64, 64})
	pic := picture(rand.New(rand.NewPCG(1, 1)), 100, 80, 0)
	if _, _, err := p.run(pic); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(20, func() { _, _, _ = p.run(pic) }); n != 0 {
		t.Errorf("%v allocations a picture, want 0: the tables are for one size and stay", n)
	}
}

func TestFeedRefuses(t *testing.T) {
	p := newFeeder(yolox().Feed, "in", size{64, 64})
	for _, pic := range []frame.Plane{
		{},
		{Width: 4, Height: 4, Stride: 4, Channels: 1, Pix: make([]byte, 16)},
		{Width: 4, Height: 4, Stride: 12, Channels: 3, Pix: make([]byte, 47)},
		{Width: 4, Height: 4, Stride: 11, Channels: 3, Pix: make([]byte, 48)},
	} {
		if _, _, err := p.run(pic); err == nil {
			t.Errorf("a picture of %d x %d, stride %d, %d bytes was taken", pic.Width, pic.Height, pic.Stride, len(pic.Pix))
		}
	}
}

func BenchmarkFeed(b *testing.B) {
	p := newFeeder(yolox().Feed, "in", size{320, 256})
	pic := picture(rand.New(rand.NewPCG(1, 1)), 768, 576, 0)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := p.run(pic); err != nil {
			b.Fatal(err)
		}
	}
}
