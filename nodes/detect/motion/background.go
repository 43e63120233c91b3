package motion

import (
	"math"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/tick"
)

// background is what a camera shows when nothing moves, and what differs from it now.
//
// A pixel that looks like the background pulls it towards itself, with the time constant learn: so noise is averaged
// out and daylight followed. A pixel that does not leaves it alone, so that a passing thing draws no trail behind it,
// and becomes the background at once when it has looked the same for learn. (A plain running average was rejected: it
// takes a bit of everything that passes, and what stops fades for seconds.)
type background struct {
	width, height int
	last          int64 // capture time of the newest picture, ms
	step          int64 // from the picture before to that one, ms
	seen          int   // pictures since the start

	mean []uint16 // the background, in 1/256 level
	look []byte   // of a changed pixel: the level it is compared with to tell whether it still looks the same
	age  []uint16 // of a changed pixel: ms for which it has looked so, from 1; 0: it is background

	// The picture in cells of 4 x 4 pixels, one bit a pixel: cells are few enough to search, bits keep the exact edges.
	cols, rows int
	changed    []uint16 // differs from the background
	fresh      []uint16 // has changed and looked otherwise less than rest ago

	mask mask

	shades [511]int32 // histogram of differences, for shift
}

// cellSide is the side of a cell: its pixels are the bits of a uint16.
const cellSide = 4

// start takes the picture for the background.
func (b *background) start(p frame.Plane) {
	if b.width != p.Width || b.height != p.Height {
		b.width, b.height = p.Width, p.Height
		n := p.Width * p.Height
		b.mean, b.look, b.age = make([]uint16, n), make([]byte, n), make([]uint16, n)
		b.cols, b.rows = (p.Width+cellSide-1)/cellSide, (p.Height+cellSide-1)/cellSide
		b.changed, b.fresh = make([]uint16, b.cols*b.rows), make([]uint16, b.cols*b.rows)
		b.mask.fit(b)
	}
	for y := range p.Height {
		for x, v := range p.Pix[y*p.Stride:][:p.Width] {
			b.mean[y*p.Width+x] = uint16(v) << 8
		}
	}
	clear(b.age)
	b.seen = 1
}

// update compares the picture with the background and learns from it. It reports whether anything may be moving: false
// for the first picture, one of another size, one after a gap and one after a change of light.
func (b *background) update(o *Options, p frame.Plane, capture tick.Time) bool {
	now := int64(capture) / int64(time.Millisecond)
	step := now - b.last
	before := b.step
	b.last, b.step = now, step
	if b.width != p.Width || b.height != p.Height || step < 0 || gap(o, step, before) {
		b.start(p)
		return false
	}
	clear(b.changed)
	clear(b.fresh)
	b.seen++
	shift := 0
	if o.Lightning < 1 {
		shift = b.shift(p)
	}
	n := b.mask.apply(b, b.compare(o, p, int(step), shift))
	if o.Lightning < 1 && float64(n) > o.Lightning*float64(b.mask.pixels) {
		b.start(p)
		return false
	}
	return n > 0
}

// gap reports whether so much time has passed since the last picture that the background is out of date: after a
// reconnect the world differs and nothing has moved. A detector that always runs as seldom is left alone.
func gap(o *Options, step, before int64) bool {
	return step > o.Learn.D().Milliseconds() && step > 4*before
}

// compare marks what has changed, learns, and returns how many pixels have changed.
func (b *background) compare(o *Options, p frame.Plane, step, shift int) int {
	learn, rest := int(o.Learn.D().Milliseconds()), int(o.Rest.D().Milliseconds())
	threshold := o.Threshold << 8
	// At first the mean of all pictures so far: one noisy picture is a poor background.
	rate := min(max(step<<16/learn, 1<<16/b.seen), 1<<16)
	shift <<= 8
	count := 0
	for y := range p.Height {
		row := p.Pix[y*p.Stride:][:p.Width]
		at := y * p.Width
		mean, age, look := b.mean[at:][:len(row)], b.age[at:][:len(row)], b.look[at:][:len(row)]
		cells, line := y/cellSide*b.cols, y%cellSide*cellSide
		for x, v := range row {
			level := int(v) << 8
			off := level - min(max(int(mean[x])+shift, 0), 255<<8)
			if off <= threshold && off >= -threshold {
				mean[x] = uint16(int(mean[x]) + ((level-int(mean[x]))*rate+1<<15)>>16)
				// Only well inside the threshold has a pixel stopped to be changed: noise on the edge of a thing at
				// rest would make it look new again and again.
				if off <= threshold/2 && off >= -threshold/2 {
					age[x] = 0
				} else if age[x] > 0 {
					age[x] = uint16(min(int(age[x])+step, math.MaxUint16))
				}
				continue
			}
			old := int(age[x]) + step
			if same := int(v) - int(look[x]); age[x] == 0 || same > o.Threshold || same < -o.Threshold {
				look[x], old = v, 1
			} else {
				// Followed a little: a pixel that settled just inside the threshold would go on jumping over it by noise.
				look[x] = byte((3*int(look[x]) + int(v) + 2) / 4)
			}
			if old >= learn {
				mean[x], age[x] = uint16(level), 0
				continue
			}
			age[x] = uint16(old)
			count++
			bit := uint16(1) << (line + x%cellSide)
			b.changed[cells+x/cellSide] |= bit
			if old <= rest {
				b.fresh[cells+x/cellSide] |= bit
			}
		}
	}
	return count
}

// shift returns by how many levels the whole picture became brighter (darker when negative): the median difference of
// one pixel in 17. A lamp or the camera's exposure shifts most pixels alike; a thing that moves covers fewer than half.
func (b *background) shift(p frame.Plane) int {
	clear(b.shades[:])
	n := int32(0)
	for y := range p.Height {
		row := p.Pix[y*p.Stride:][:p.Width]
		mean := b.mean[y*p.Width:][:len(row)]
		// A different column in each row: a stripe in the picture does not count double.
		for x := y * 5 % 17; x < len(row); x += 17 {
			if !b.mask.keeps(b, x, y) {
				continue
			}
			b.shades[255+int(row[x])-int(mean[x]+127)>>8]++
			n++
		}
	}
	seen := int32(0)
	for i, c := range b.shades {
		seen += c
		if c > 0 && 2*seen > n {
			return i - 255
		}
	}
	return 0
}
