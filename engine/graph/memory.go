package graph

import (
	"fmt"

	"rvo.dev/engine/frame"
)

// MaxLeaked is how many abandoned runs of one detector instance may be out at once. Each holds a thread and a picture, for
// which its camera has buffers.
const MaxLeaked = 2

// EncoderQueue is how many pictures may wait for the encoder of one camera. Two cover the jitter of a shared machine; more
// would only hold buffers that detectors want.
const EncoderQueue = 2

// Buffers is how many pictures of a camera may be held at once: one in the slot, one being filled, one that is newest in the
// core, one that is just becoming that, and for each instance one in its run, one offered and those that its abandoned runs
// hold; with evidence the encoder's queue and the one it works on.
func (c *Camera) Buffers() int {
	n := 4 + len(c.Instances)*(2+MaxLeaked)
	if c.Ring > 0 {
		n += EncoderQueue + 1
	}
	return n
}

// Source says where a number comes from.
type Source uint8

const (
	// Given is in the pipeline, or a bound that the engine keeps to.
	Given Source = iota
	// Measured was found by running.
	Measured
	// Assumed is a usual value where nobody said one.
	Assumed
)

// String returns "given", "measured" or "assumed".
func (s Source) String() string { return [...]string{"given", "measured", "assumed"}[s] }

// MarshalText writes the source as its word.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word of a source.
func (s *Source) UnmarshalText(text []byte) error {
	for *s = Given; *s <= Assumed; *s++ {
		if s.String() == string(text) {
			return nil
		}
	}
	return fmt.Errorf("source %q: must be given, measured or assumed", text)
}

// AssumedWidth and AssumedHeight are taken for a camera that does not say how large its pictures are: most give no more.
const (
	AssumedWidth  = 1920
	AssumedHeight = 1080
	// assumedRecord is the JSON line of an event with a few leaves and boxes.
	assumedRecord = 8 << 10
)

// MemoryItem is one thing that takes memory, at its bound.
type MemoryItem struct {
	Node   string `json:"node"` // as in Node.ID
	What   string `json:"what"`
	Bytes  int64  `json:"bytes"`
	Source Source `json:"source"`
	// Pictures says that engine.memory bounds it.
	Pictures bool `json:"pictures,omitempty"`
}

// MemoryOf returns what a graph takes at most of what depends on the pipeline: buffers of pictures with their views, evidence
// rings with the clips that wait, and records that wait for sinks. Models and what detectors keep for themselves are not
// in it: only running them tells. What is measured of a camera, its size in pixels, may be handed in by index; 0 is not known.
func MemoryOf(g *Graph, measured func(camera int) (width, height int)) []MemoryItem {
	var out []MemoryItem
	for ci := range g.Cameras {
		c := &g.Cameras[ci]
		w, h, from := c.Width, c.Height, Given
		if measured != nil {
			if mw, mh := measured(ci); mw > 0 && mh > 0 {
				w, h, from = mw, mh, Measured
			}
		}
		if w == 0 || h == 0 {
			w, h, from = AssumedWidth, AssumedHeight, Assumed
		}
		out = append(out, MemoryItem{
			Node: "camera/" + c.ID, What: fmt.Sprintf("%d buffers of %d x %d", c.Buffers(), w, h),
			Bytes: int64(c.Buffers()) * int64(frame.SlabBytes(frame.BGR, w, h)), Source: from, Pictures: true,
		})
		if c.RingBytes > 0 {
			out = append(out, MemoryItem{Node: "ring/" + c.ID, What: "pictures kept for evidence", Bytes: c.RingBytes, Pictures: true})
		}
	}
	for i := range g.Sinks {
		s := &g.Sinks[i]
		out = append(out, MemoryItem{
			Node: "sink/" + s.ID, What: fmt.Sprintf("%d records that wait", s.Queue), Bytes: int64(s.Queue) * assumedRecord, Source: Assumed,
		})
	}
	return out
}

// Sum returns the bytes of all items, and of those that engine.memory bounds.
func Sum(items []MemoryItem) (all, pictures int64) {
	for _, i := range items {
		all += i.Bytes
		if i.Pictures {
			pictures += i.Bytes
		}
	}
	return all, pictures
}
