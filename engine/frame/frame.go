// Package frame owns pixels: pictures in pooled slabs outside the Go heap, counted by reference, immutable once
// published, with the forms that detectors want (luma, small luma, BGR, JPEG) made on first demand and shared.
//
//	pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 8})
//	f, err := pool.Get(frame.BGR, 640, 480) // write f.Pix(), then publish f and never write again
//	small := f.SmallLuma()
//	f.Release()
//
// A Frame belongs to whoever holds a reference. Retain adds one, Release gives one back, the last one returns the slab
// to its pool. A shared pool keeps its slabs in a File, which another process maps read-only (MapFile) to see the same
// pixels without a copy. Under the build tag rvodebug a released slab is overwritten and a second release panics. The package
// starts no goroutine and reads no clock.
package frame

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/tick"
)

// CameraID is the id of a camera in the pipeline.
type CameraID string

// Format is the layout of a frame's base pixels, rows without padding.
type Format uint8

const (
	// BGR is 3 bytes a pixel: blue, green, red.
	BGR Format = iota
	// Gray is 1 byte a pixel, full range.
	Gray
	// I420 is a full luma plane, then two chroma planes of half the width and height. Both sides are even.
	I420
)

// String returns the format's name.
func (f Format) String() string {
	switch f {
	case BGR:
		return "bgr"
	case Gray:
		return "gray"
	case I420:
		return "i420"
	}
	panic(fmt.Sprintf("frame: no format %d", f))
}

// Bytes returns how many bytes a picture of this format has.
func (f Format) Bytes(width, height int) int {
	switch f {
	case BGR:
		return 3 * width * height
	case Gray:
		return width * height
	case I420:
		return width * height * 3 / 2
	}
	panic(fmt.Sprintf("frame: no format %d", f))
}

// NoPTS is the media time of a frame whose source has none.
const NoPTS = time.Duration(-1)

// Frame is one picture. All fields are set before it is published and never change afterwards.
type Frame struct {
	Camera  CameraID
	Seq     uint64        // counts every picture the camera gave, from 1, also those that were dropped
	Capture tick.Time     // when the picture was taken, as near as the source can tell
	PTS     time.Duration // media time since the source's first picture, or NoPTS
	Width   int
	Height  int
	Format  Format

	slab *slab
	refs atomic.Int32

	// A view is made under its lock by whoever asks first; the others wait for it rather than make it twice. Each has a
	// lock of its own: a detector that wants a small luma plane does not wait for an encoder.
	luma, small, bgr view
	rgb, nv12        packed
	jpeg             struct {
		sync.Mutex
		made []jpegView
	}
}

// view is whether a view of the pixels was made.
type view struct {
	sync.Mutex
	made bool
}

func (v *view) make(fill func()) {
	v.Lock()
	defer v.Unlock()
	if !v.made {
		fill()
		v.made = true
	}
}

type jpegView struct {
	codec   string
	quality int
	bytes   []byte
}

// Plane is a view of a picture's pixels. Pix must not be changed and must not be kept past the frame's release.
type Plane struct {
	Width, Height int
	Stride        int // bytes a row
	Channels      int // 1 for luma, 3 for BGR
	Pix           []byte
}

// Codec turns a picture into JPEG. It is safe for concurrent use. OpenCV's is used where it is built in, else the
// standard library's.
type Codec interface {
	// Name names the codec in metrics and manifests.
	Name() string
	// EncodeJPEG returns p as JPEG of the given quality, 1 to 100. The result is the caller's.
	EncodeJPEG(p Plane, quality int) ([]byte, error)
}

// ErrNoBuffer says that every slab of the pool is held: the picture is to be dropped and counted.
var ErrNoBuffer = errors.New("every frame buffer is held")

// Pix returns the base pixels. Only the source that got the frame from the pool may write them, before publishing.
func (f *Frame) Pix() []byte { return f.slab.mem[:f.Format.Bytes(f.Width, f.Height)] }

// Retain adds a reference and returns f.
func (f *Frame) Retain() *Frame {
	if f.refs.Add(1) <= 1 {
		panic(fmt.Sprintf("frame: retain of released frame %s#%d", f.Camera, f.Seq))
	}
	return f
}

// Release gives a reference back. After the last one the pixels belong to the pool again.
func (f *Frame) Release() {
	switch n := f.refs.Add(-1); {
	case n == 0:
		f.slab.home.put(f)
	case n < 0:
		panic(fmt.Sprintf("frame: release of released frame %s#%d", f.Camera, f.Seq))
	}
}

// Refs returns how many references are held; for tests and debugging.
func (f *Frame) Refs() int { return int(f.refs.Load()) }

// Luma returns the picture's brightness at full size: for BGR 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), for I420 its
// first plane.
func (f *Frame) Luma() Plane {
	p := Plane{Width: f.Width, Height: f.Height, Stride: f.Width, Channels: 1}
	if f.Format != BGR {
		p.Pix = f.slab.mem[:f.Width*f.Height]
		return p
	}
	p.Pix = f.slab.luma()
	f.luma.make(func() { bgrToLuma(p.Pix, f.Pix()) })
	return p
}

// SmallLuma returns the brightness of the picture shrunk to fit into 320 x 240 with its ratio kept, by the mean of the
// pixels under each one. A picture that already fits is not scaled.
func (f *Frame) SmallLuma() Plane {
	w, h := SmallSize(f.Width, f.Height)
	if w == f.Width && h == f.Height {
		return f.Luma()
	}
	p := Plane{Width: w, Height: h, Stride: w, Channels: 1, Pix: f.slab.small()}
	f.small.make(func() {
		if f.Format == BGR {
			shrinkBGR(p, f.Pix(), f.Width, f.Height)
		} else {
			shrinkLuma(p, f.slab.mem[:f.Width*f.Height], f.Width, f.Height)
		}
	})
	return p
}

// BGR returns the picture as BGR.
func (f *Frame) BGR() Plane {
	p := Plane{Width: f.Width, Height: f.Height, Stride: 3 * f.Width, Channels: 3}
	if f.Format == BGR {
		p.Pix = f.Pix()
		return p
	}
	p.Pix = f.slab.bgr()
	f.bgr.make(func() {
		if f.Format == Gray {
			grayToBGR(p.Pix, f.Pix())
		} else {
			i420ToBGR(p.Pix, f.Pix(), f.Width, f.Height)
		}
	})
	return p
}

// JPEG returns the picture as JPEG, encoded at most once for each codec and quality. The bytes are shared: they must
// not be changed, and may be kept after the frame's release.
func (f *Frame) JPEG(c Codec, quality int) ([]byte, error) {
	src := Plane{Width: f.Width, Height: f.Height, Stride: f.Width, Channels: 1, Pix: nil}
	if f.Format == Gray {
		src.Pix = f.Pix()
	} else {
		src = f.BGR()
	}
	f.jpeg.Lock()
	defer f.jpeg.Unlock()
	for _, v := range f.jpeg.made {
		if v.codec == c.Name() && v.quality == quality {
			return v.bytes, nil
		}
	}
	b, err := c.EncodeJPEG(src, quality)
	if err != nil {
		return nil, fmt.Errorf("encode frame %s#%d: %w", f.Camera, f.Seq, err)
	}
	f.jpeg.made = append(f.jpeg.made, jpegView{c.Name(), quality, b})
	return b, nil
}

// The box that a small luma plane fits into: small enough that a change detector costs microseconds, large enough that
// a person of 2 % of the picture's height is still four pixels tall.
const (
	SmallWidth  = 320
	SmallHeight = 240
)

// SmallSize returns the size of the small luma plane of a picture of width x height, at least 1 x 1.
func SmallSize(width, height int) (w, h int) {
	if width <= SmallWidth && height <= SmallHeight {
		return width, height
	}
	w, h = SmallWidth, height*SmallWidth/width
	if h > SmallHeight {
		w, h = width*SmallHeight/height, SmallHeight
	}
	return max(w, 1), max(h, 1)
}
