package synthetic

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"time"
)

// painter draws picture n, taken at media time at, into the BGR pixels pix: all of them, since a buffer comes with what
// an earlier picture left in it.
type painter func(pix []byte, n int, at time.Duration)

func newPainter(o Options, w, h int) painter {
	switch o.Pattern {
	case "solid":
		return func(pix []byte, _ int, _ time.Duration) { fill(pix, byte(*o.Level)) }
	case "alternating":
		return func(pix []byte, n int, _ time.Duration) {
			if n/o.Period%2 == 0 {
				fill(pix, 0)
			} else {
				fill(pix, 255)
			}
		}
	case "rectangle":
		still := make([]byte, 3*w*h)
		side := sideOf(o.Size, w, h)
		box(still, w, (w-side)/2, (h-side)/2, side, bytes.Repeat([]byte{255}, 3*side*side))
		return func(pix []byte, _ int, _ time.Duration) { copy(pix, still) }
	}
	back := texture(o.Seed, w, h, cell)
	add := adder(o.Seed, o.Noise)
	if o.Pattern == "still" {
		return func(pix []byte, n int, _ time.Duration) {
			copy(pix, back)
			add(pix, n)
		}
	}
	side := sideOf(o.Size, w, h)
	thing := object(o.Seed, side)
	where := path(o, w-side, h-side, w)
	return func(pix []byte, n int, at time.Duration) {
		copy(pix, back)
		x, y := where(at)
		box(pix, w, x, y, side, thing)
		add(pix, n)
	}
}

// cell is the size of the texture's patches in pixels: coarse enough to survive being shrunk, fine enough that an
// object never meets a patch of its own size.
const cell = 16

func sideOf(size float64, w, h int) int {
	return max(1, int(math.Round(size*float64(min(w, h)))))
}

func fill(pix []byte, v byte) {
	pix[0] = v
	for n := 1; n < len(pix); n *= 2 {
		copy(pix[n:], pix[:n])
	}
}

// box copies a square of side x side BGR pixels to (x, y).
func box(pix []byte, w, x, y, side int, src []byte) {
	for r := range side {
		copy(pix[3*((y+r)*w+x):], src[3*r*side:3*(r+1)*side])
	}
}

// texture returns a picture of dim patches in muted colours, with brightness sloping across each, between maxNoise and
// half of white: an object in the upper half always stands out.
func texture(seed uint64, w, h, cell int) []byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	cols, rows := (w+cell-1)/cell, (h+cell-1)/cell
	base := make([][3]byte, cols*rows)
	for i := range base {
		v := 48 + rng.IntN(48)
		for c := range 3 {
			base[i][c] = byte(v + rng.IntN(17) - 8)
		}
	}
	pix := make([]byte, 3*w*h)
	for y := range h {
		for x := range w {
			b := base[y/cell*cols+x/cell]
			slope := byte((x%cell + y%cell) / 4)
			p := pix[3*(y*w+x):]
			p[0], p[1], p[2] = b[0]+slope, b[1]+slope, b[2]+slope
		}
	}
	return pix
}

// object returns a bright square of patches: 60 levels and more above the brightest background, at most 255 - maxNoise.
func object(seed uint64, side int) []byte {
	rng := rand.New(rand.NewPCG(seed, 2))
	patch := max(2, side/4)
	cols := (side + patch - 1) / patch
	base := make([]byte, cols*cols)
	for i := range base {
		base[i] = byte(172 + rng.IntN(48))
	}
	tint := [3]byte{byte(rng.IntN(4)), byte(rng.IntN(4)), byte(rng.IntN(4))}
	pix := make([]byte, 3*side*side)
	for y := range side {
		for x := range side {
			v := base[y/patch*cols+x/patch]
			p := pix[3*(y*side+x):]
			p[0], p[1], p[2] = v+tint[0], v+tint[1], v+tint[2]
		}
	}
	return pix
}

// path returns where the object's corner is at a time: from a seeded place into a seeded direction, thrown back by the
// borders, with the time it rests taken out. Borders are w and h pixels apart for the corner.
func path(o Options, w, h, width int) func(time.Duration) (x, y int) {
	rng := rand.New(rand.NewPCG(o.Seed, 3))
	x0, y0 := rng.Float64()*float64(w), rng.Float64()*float64(h)
	// Never nearer than 20 degrees to an axis, so that the object crosses the whole picture.
	angle := (20 + 50*rng.Float64()) * math.Pi / 180
	v := o.Speed * float64(width)
	vx, vy := v*math.Cos(angle), v*math.Sin(angle)
	moving, cycle := o.Moving.D(), o.Moving.D()+o.Still.D()
	return func(at time.Duration) (int, int) {
		spent := at/cycle*moving + min(at%cycle, moving)
		s := spent.Seconds()
		return bounce(x0+vx*s, w), bounce(y0+vy*s, h)
	}
}

// bounce folds a straight way into [0, span].
func bounce(v float64, span int) int {
	if span == 0 {
		return 0
	}
	v = math.Mod(v, 2*float64(span))
	if v > float64(span) {
		v = 2*float64(span) - v
	}
	return int(math.Round(v))
}

// tile is how many bytes of noise are kept. Each picture adds other stretches of it, which costs a tenth of drawing fresh
// numbers.
const tile = 1 << 16

// adder returns a function that adds up to noise levels to, or takes them from, every byte. Bytes are between maxNoise
// and 255 - maxNoise before, so no sum leaves its byte and eight are added at once.
func adder(seed uint64, noise int) func(pix []byte, n int) {
	if noise == 0 {
		return func([]byte, int) {}
	}
	rng := rand.New(rand.NewPCG(seed, 4))
	const stretch = 4096
	grain := make([]byte, tile+stretch)
	for i := range grain {
		grain[i] = byte(int8(rng.IntN(2*noise+1) - noise))
	}
	const low = 0x7f7f7f7f7f7f7f7f
	return func(pix []byte, n int) {
		pick := rand.New(rand.NewPCG(seed, uint64(n)+5))
		for len(pix) > 0 {
			part := pix[:min(stretch, len(pix))]
			pix = pix[len(part):]
			g := grain[pick.IntN(tile):][:len(part)]
			for len(part) >= 8 {
				a, b := binary.LittleEndian.Uint64(part), binary.LittleEndian.Uint64(g)
				binary.LittleEndian.PutUint64(part, ((a&low)+(b&low))^((a^b)&^low))
				part, g = part[8:], g[8:]
			}
			for i := range part {
				part[i] += g[i]
			}
		}
	}
}
