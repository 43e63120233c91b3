package evidence

import "rvo.dev/engine/tick"

// JPEG is the Codec of samples that are whole pictures in JPEG.
const JPEG = "jpeg"

// Sample is one encoded picture. Its bytes are shared by everybody who has the sample and are never changed.
type Sample struct {
	Bytes   []byte
	Capture tick.Time // when the picture was taken
	Frame   uint64    // the camera's sequence number of the picture
	Codec   string    // format of Bytes: JPEG
	Encoder string    // what made them, the name of the frame.Codec; may be empty
	Quality int       // what they were encoded with, 1 to 100; 0 where it is not known
	Key     bool      // whether it can be decoded alone; always true for JPEG
	Width   int
	Height  int
}

// sampleOverhead is what a sample costs beside its bytes: the struct and its share of the ring's spare room. It bounds
// the number of samples even where each has next to no bytes.
const sampleOverhead = 256

// Cost returns the memory the sample is charged for in a ring: the capacity of its bytes, which is what the slice keeps
// alive, and a fixed overhead.
func (s *Sample) Cost() int64 { return int64(cap(s.Bytes)) + sampleOverhead }
