//go:build cgo && opencv

package cv

/*
#cgo pkg-config: opencv4
#cgo CXXFLAGS: -std=c++11
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"gocv.io/x/gocv"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// OpenCV's numbers of the capture properties that are read here.
const (
	propPosMsec    = 0
	propWidth      = 3
	propHeight     = 4
	propFPS        = 5
	propFrameCount = 7
)

// take turns the text of a failed call into an error and frees it.
func take(text *C.char) error {
	if text == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(text))
	return errors.New(C.GoString(text))
}

// raiseThreads lets OpenCV use n threads in one call. The number belongs to the process: the largest that any detector
// asked for holds for all of them.
func raiseThreads(n int) error {
	if n <= int(C.rvo_get_threads()) {
		return nil
	}
	return setThreads(n)
}

// setThreads has OpenCV use n threads in one call.
func setThreads(n int) error {
	if err := take(C.rvo_set_threads(C.int(n))); err != nil {
		return fmt.Errorf("opencv: %d threads: %w", n, err)
	}
	return nil
}

func threads() int {
	return int(C.rvo_get_threads())
}

func opencvVersion() string { return C.GoString(C.rvo_version()) }

// capture is an open cv::VideoCapture. It is not safe for concurrent use.
type capture struct{ p *C.rvo_capture }

// captureDevice opens a local camera by path, or by index where path is empty.
func captureDevice(path string, index, width, height int, fps float64) (*capture, error) {
	var c, err *C.char
	if path != "" {
		c = C.CString(path)
		defer C.free(unsafe.Pointer(c))
	}
	p := C.rvo_capture_device(c, C.int(index), C.int(width), C.int(height), C.double(fps), &err)
	if p == nil {
		return nil, take(err)
	}
	return &capture{p}, nil
}

// grab decodes the next picture; false when there is none: the end, a broken connection or too many broken pictures.
func (c *capture) grab() (bool, error) {
	var err *C.char
	n := C.rvo_capture_grab(c.p, &err)
	return n == 1, take(err)
}

// retrieve writes the grabbed picture into a frame from alloc as BGR. width and height are the size that is expected: a
// picture of that size goes straight into the frame's memory, another one (a camera that changed its mode) takes one
// more copy. It returns errNoPicture when the decoder has nothing to show after all.
func (c *capture) retrieve(width, height int, alloc node.Allocator) (*frame.Frame, error) {
	w, h := C.int(width), C.int(height)
	var f *frame.Frame
	var dst unsafe.Pointer
	if width > 0 && height > 0 {
		var err error
		if f, err = alloc.Get(frame.BGR, width, height); err != nil {
			return nil, err
		}
		dst = unsafe.Pointer(unsafe.SliceData(f.Pix()))
	}
	var text *C.char
	n := C.rvo_capture_retrieve(c.p, dst, &w, &h, &text)
	if n == 1 {
		return f, nil
	}
	if f != nil {
		f.Release()
	}
	if n < 0 {
		return nil, take(text)
	}
	if n == 0 {
		return nil, errNoPicture
	}
	f, err := alloc.Get(frame.BGR, int(w), int(h))
	if err != nil {
		return nil, err
	}
	pix := f.Pix()
	C.rvo_capture_copy(c.p, unsafe.Pointer(unsafe.SliceData(pix)), C.size_t(len(pix)), &text)
	if err := take(text); err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// get returns a property, 0 when the source does not know it.
func (c *capture) get(prop int) float64 {
	var err *C.char
	v := float64(C.rvo_capture_get(c.p, C.int(prop), &err))
	if take(err) != nil {
		return 0
	}
	return v
}

// close frees the capture. It must not be called while another call runs.
func (c *capture) close() { C.rvo_capture_free(c.p) }

func rawBoxes(dst []rawBox, src []C.rvo_box) []rawBox {
	for _, b := range src {
		dst = append(dst, rawBox{float64(b.x), float64(b.y), float64(b.w), float64(b.h), float64(b.weight)})
	}
	return dst
}

// hogDetector is OpenCV's people detector with its own memory for the scaled picture: one for each camera.
type hogDetector struct {
	p   *C.rvo_hog
	out [maxRaw]C.rvo_box
}

// maxRaw bounds what the classifiers may find before overlapping boxes are reduced to one: a person gives ten or so.
const maxRaw = 2048

func newHOG() (*hogDetector, error) {
	var err *C.char
	p := C.rvo_hog_people(&err)
	if p == nil {
		return nil, take(err)
	}
	return &hogDetector{p: p}, nil
}

// detect appends what it finds in pl to dst, at most maxRaw, in pixels of pl.
func (d *hogDetector) detect(pl frame.Plane, p hogParams, dst []rawBox) ([]rawBox, error) {
	cp := C.rvo_hog_params{
		enlarge: C.double(p.enlarge), step: C.double(p.step), threshold: C.double(p.threshold),
		stride: C.int(p.stride), group: C.double(p.group),
	}
	var err *C.char
	n := C.rvo_hog_detect(d.p, unsafe.Pointer(unsafe.SliceData(pl.Pix)), C.int(pl.Width), C.int(pl.Height),
		C.int(pl.Stride), C.int(pl.Channels), &cp, &d.out[0], maxRaw, &err)
	runtime.KeepAlive(pl)
	if n < 0 {
		return dst, take(err)
	}
	return rawBoxes(dst, d.out[:n]), nil
}

func (d *hogDetector) close() { C.rvo_hog_free(d.p) }

// cascade is a loaded Haar or LBP cascade: detecting changes it, so every camera has its own.
type cascade struct {
	p             *C.rvo_cascade
	width, height int // of its window
	out           [maxRaw]C.rvo_box
}

type cascadeParams struct {
	step       float64
	neighbours int
	minSide    int
}

// loadCascade reads a cascade file. The error does not name it.
func loadCascade(path string) (*cascade, error) {
	c := C.CString(path)
	defer C.free(unsafe.Pointer(c))
	var w, h C.int
	var err *C.char
	p := C.rvo_cascade_load(c, &w, &h, &err)
	if p == nil {
		return nil, take(err)
	}
	return &cascade{p: p, width: int(w), height: int(h)}, nil
}

func (d *cascade) detect(pl frame.Plane, p cascadeParams, dst []rawBox) ([]rawBox, error) {
	cp := C.rvo_cascade_params{step: C.double(p.step), neighbours: C.int(p.neighbours), min_side: C.int(p.minSide)}
	var err *C.char
	n := C.rvo_cascade_detect(d.p, unsafe.Pointer(unsafe.SliceData(pl.Pix)), C.int(pl.Width), C.int(pl.Height),
		C.int(pl.Stride), C.int(pl.Channels), &cp, &d.out[0], maxRaw, &err)
	runtime.KeepAlive(pl)
	if n < 0 {
		return dst, take(err)
	}
	return rawBoxes(dst, d.out[:n]), nil
}

func (d *cascade) close() { C.rvo_cascade_free(d.p) }

// mog2Model is OpenCV's mixture-of-Gaussians background model with the learning rate given at each picture, which gocv
// does not offer.
type mog2Model struct{ p *C.rvo_mog2 }

func newMOG2(varThreshold float64, shadows bool) (*mog2Model, error) {
	var s C.int
	if shadows {
		s = 1
	}
	var err *C.char
	p := C.rvo_mog2_new(C.double(varThreshold), s, &err)
	if p == nil {
		return nil, take(err)
	}
	return &mog2Model{p}, nil
}

// tune changes how the model tells moving from background; what it has learned stays.
func (m *mog2Model) tune(varThreshold float64, shadows bool) error {
	var s C.int
	if shadows {
		s = 1
	}
	var err *C.char
	C.rvo_mog2_tune(m.p, C.double(varThreshold), s, &err)
	return take(err)
}

// apply writes the foreground of src into mask, 255 for moving, 127 for shadow, and learns with the rate, 0 to 1.
func (m *mog2Model) apply(src, mask gocv.Mat, rate float64) error {
	var err *C.char
	C.rvo_mog2_apply(m.p, unsafe.Pointer(src.Ptr()), unsafe.Pointer(mask.Ptr()), C.double(rate), &err)
	return take(err)
}

func (m *mog2Model) close() { C.rvo_mog2_free(m.p) }

// encodeJPEG encodes with OpenCV's libjpeg.
func encodeJPEG(p frame.Plane, quality int) ([]byte, error) {
	if len(p.Pix) < p.Stride*(p.Height-1)+p.Width*p.Channels {
		return nil, fmt.Errorf("picture of %d x %d has %d bytes", p.Width, p.Height, len(p.Pix))
	}
	var mem unsafe.Pointer
	var n C.size_t
	var err *C.char
	C.rvo_jpeg(unsafe.Pointer(unsafe.SliceData(p.Pix)), C.int(p.Width), C.int(p.Height), C.int(p.Stride), C.int(p.Channels),
		C.int(quality), &mem, &n, &err)
	runtime.KeepAlive(p)
	if err != nil {
		return nil, take(err)
	}
	defer C.free(mem)
	return C.GoBytes(mem, C.int(n)), nil
}
