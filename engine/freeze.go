package engine

import (
	"hash/maphash"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/tick"
)

// freeze notices a picture that stands still: a decoder that repeats its last picture, an encoder that hangs, gives the
// same bytes again and again, while a sensor's noise makes every real picture differ somewhere.
type freeze struct {
	seed  maphash.Seed
	begun bool
	sum   uint64
	since tick.Time // capture time of the first of the pictures that are alike
}

// freezeStripe is how many of the bytes are looked at: one stripe of 256 in every 4096. Noise that misses all of them in a
// picture of 640 x 480, 57 thousand bytes, is no noise; a sum over them takes about 5 us.
const (
	freezeStripe = 256
	freezeEvery  = 4096
)

// look takes the next picture and reports whether it has been the same for longer than limit.
func (z *freeze) look(f *frame.Frame, limit time.Duration) bool {
	if z.seed == (maphash.Seed{}) {
		z.seed = maphash.MakeSeed()
	}
	var h maphash.Hash
	h.SetSeed(z.seed)
	pix := f.Pix()
	for i := 0; i < len(pix); i += freezeEvery {
		h.Write(pix[i:min(i+freezeStripe, len(pix))])
	}
	if sum := h.Sum64(); !z.begun || sum != z.sum {
		z.begun, z.sum, z.since = true, sum, f.Capture
		return false
	}
	return f.Capture.Sub(z.since) > limit
}
