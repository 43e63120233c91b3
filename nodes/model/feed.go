package model

import (
	"fmt"

	"rvo.dev/engine/frame"
)

// Fit is how a picture gets into the rectangle that a network looks at.
type Fit uint8

const (
	// FitTopLeft keeps the ratio and leaves the rest at the right or below.
	FitTopLeft Fit = iota
	// FitCenter keeps the ratio and leaves the rest on both sides.
	FitCenter
	// FitStretch fills all and does not keep the ratio.
	FitStretch
)

// Feed is how a family wants its pictures.
type Feed struct {
	Fit Fit
	// RGB is the order of the channels; else it is BGR.
	RGB bool
	// Mean is subtracted from each channel (in the network's order, 0 to 255), then it is divided by Scale.
	Mean, Scale [3]float32
	// Rest is what stands beside the picture, 0 to 255, before Mean and Scale.
	Rest float32
	// ChannelsLast is a layout of height x width x channel; else it is channel x height x width.
	ChannelsLast bool
}

// Place is where a picture lies in the network's input: pixel (x, y) of it is at (X + x·SX, Y + y·SY).
type Place struct {
	X, Y   float32
	SX, SY float32
}

// size is the network's input in pixels.
type size struct{ w, h int }

// place puts a picture of w x h pixels into the input.
func (f Fit) place(w, h int, in size) (p Place, used size) {
	sx, sy := float32(in.w)/float32(w), float32(in.h)/float32(h)
	if f == FitStretch {
		return Place{SX: sx, SY: sy}, in
	}
	s := min(sx, sy)
	used = size{min(in.w, max(1, int(float32(w)*s+0.5))), min(in.h, max(1, int(float32(h)*s+0.5)))}
	p = Place{SX: float32(used.w) / float32(w), SY: float32(used.h) / float32(h)}
	if f == FitCenter {
		p.X, p.Y = float32((in.w-used.w)/2), float32((in.h-used.h)/2)
	}
	return p, used
}

// feeder turns pictures into one network's input. It keeps its memory: not safe for concurrent use.
type feeder struct {
	feed Feed
	in   size
	out  Tensor

	from   size // the picture that the tables are for
	place  Place
	used   size
	cols   []tap
	rows   []tap
	line   [2][]uint16 // two picture rows at the input's width, times 256
	lineOf [2]int      // which rows they are
	table  [3][256]float32
}

// tap is a weighted pair of neighbours: (256-w)/256 of a and w/256 of b.
type tap struct {
	a, b int32
	w    uint32
}

// newFeeder returns a feeder for an input called name of in.w x in.h pixels.
func newFeeder(f Feed, name string, in size) *feeder {
	p := &feeder{feed: f, in: in}
	p.out = Tensor{Name: name, Shape: []int{1, 3, in.h, in.w}, Data: make([]float32, 3*in.w*in.h)}
	if f.ChannelsLast {
		p.out.Shape = []int{1, in.h, in.w, 3}
	}
	for c := range p.table {
		for v := range p.table[c] {
			p.table[c][v] = (float32(v) - f.Mean[c]) / f.Scale[c]
		}
	}
	return p
}

// taps are the pairs for a length of to out of a length of from, both sampled at pixel centres.
func taps(from, to int, out []tap) []tap {
	out = out[:0]
	ratio := float64(from) / float64(to)
	for i := range to {
		x := (float64(i)+0.5)*ratio - 0.5
		a := int(x)
		w := uint32((x-float64(a))*256 + 0.5)
		if x < 0 {
			a, w = 0, 0
		}
		b := a + 1
		if b >= from {
			a, b, w = from-1, from-1, 0
		}
		out = append(out, tap{int32(a), int32(b), w})
	}
	return out
}

// prepare makes the tables for pictures of this size and fills what is beside them.
func (p *feeder) prepare(w, h int) {
	if p.from == (size{w, h}) {
		return
	}
	p.from = size{w, h}
	p.place, p.used = p.feed.Fit.place(w, h, p.in)
	p.cols, p.rows = taps(w, p.used.w, p.cols), taps(h, p.used.h, p.rows)
	for i := range p.line {
		p.line[i] = make([]uint16, 3*p.used.w)
	}
	for c := range 3 {
		v := (p.feed.Rest - p.feed.Mean[c]) / p.feed.Scale[c]
		first, step := c*p.in.w*p.in.h, 1
		if p.feed.ChannelsLast {
			first, step = c, 3
		}
		for i := range p.in.w * p.in.h {
			p.out.Data[first+i*step] = v
		}
	}
}

// run fills the input with a picture (3 bytes a pixel, BGR) by bilinear interpolation. The tensor is valid until the
// next run.
func (p *feeder) run(pic frame.Plane) (Tensor, Place, error) {
	if pic.Channels != 3 || pic.Width < 1 || pic.Height < 1 || pic.Stride < 3*pic.Width || len(pic.Pix) < pic.Stride*(pic.Height-1)+3*pic.Width {
		return Tensor{}, Place{}, fmt.Errorf("model: a picture of %d x %d with %d channels in %d bytes, must be BGR", pic.Width, pic.Height, pic.Channels, len(pic.Pix))
	}
	p.prepare(pic.Width, pic.Height)
	p.lineOf = [2]int{-1, -1}
	for y, r := range p.rows {
		top := p.row(pic, int(r.a), int(r.b))
		bottom := p.row(pic, int(r.b), int(r.a))
		p.blend(y, top, bottom, r.w)
	}
	return p.out, p.place, nil
}

// row returns row y of the picture at the input's width; it does not overwrite row keep.
func (p *feeder) row(pic frame.Plane, y, keep int) []uint16 {
	slot := 0
	switch {
	case p.lineOf[0] == y:
		return p.line[0]
	case p.lineOf[1] == y:
		return p.line[1]
	case p.lineOf[0] == keep:
		slot = 1
	}
	src, dst := pic.Pix[pic.Stride*y:pic.Stride*y+3*pic.Width], p.line[slot]
	for x, t := range p.cols {
		a, b, w := src[3*t.a:3*t.a+3:3*t.a+3], src[3*t.b:3*t.b+3:3*t.b+3], t.w
		d := dst[3*x : 3*x+3 : 3*x+3]
		d[0] = uint16(uint32(a[0])*(256-w) + uint32(b[0])*w)
		d[1] = uint16(uint32(a[1])*(256-w) + uint32(b[1])*w)
		d[2] = uint16(uint32(a[2])*(256-w) + uint32(b[2])*w)
	}
	p.lineOf[slot] = y
	return dst
}

// blend writes row y of the picture's part of the input.
func (p *feeder) blend(y int, top, bottom []uint16, w uint32) {
	const half = 1 << 15
	plane := p.in.w * p.in.h
	at, step, next := (int(p.place.Y)+y)*p.in.w+int(p.place.X), 1, plane
	if p.feed.ChannelsLast {
		at, step, next = 3*at, 3, 1
	}
	first, third := 0, 2
	if p.feed.RGB {
		first, third = 2, 0
	}
	t0, t1, t2 := &p.table[0], &p.table[1], &p.table[2]
	c0, c1, c2 := p.out.Data[at:], p.out.Data[at+next:], p.out.Data[at+2*next:]
	bottom = bottom[:len(top)]
	for x, i := 0, 0; i+2 < len(top); x, i = x+step, i+3 {
		c0[x] = t0[(uint32(top[i+first])*(256-w)+uint32(bottom[i+first])*w+half)>>16]
		c1[x] = t1[(uint32(top[i+1])*(256-w)+uint32(bottom[i+1])*w+half)>>16]
		c2[x] = t2[(uint32(top[i+third])*(256-w)+uint32(bottom[i+third])*w+half)>>16]
	}
}
