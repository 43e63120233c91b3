package images

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

type stream struct {
	*source
	files []string
	first config // of the first picture that can be read, as it is given

	n   int // of the next picture, from 0
	bad int // pictures in a row that could not be read
	buf []byte
}

// Next implements node.Stream.
func (s *stream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.n >= len(s.files) && !s.loop {
		return nil, io.EOF
	}
	if s.bad >= len(s.files) {
		return nil, fmt.Errorf("pictures in %s: %w", s.dir, errNone)
	}
	n := s.n
	s.n++
	path := s.files[n%len(s.files)]
	f, err := s.load(path, alloc)
	switch {
	case errors.Is(err, frame.ErrNoBuffer):
		return nil, err
	case err != nil:
		s.bad++
		return nil, fmt.Errorf("%s: %w: %w", path, node.ErrCorrupt, err)
	}
	s.bad = 0
	f.PTS = time.Duration(float64(n) / s.fps * float64(time.Second))
	return f, nil
}

// load reads one file into a frame. The buffer is got before the picture is decoded: a picture that will be dropped
// costs no work.
func (s *stream) load(path string, alloc node.Allocator) (*frame.Frame, error) {
	c, err := header(path)
	if err != nil {
		return nil, err
	}
	w, h := s.size(c)
	f, err := alloc.Get(frame.BGR, w, h)
	if err != nil {
		return nil, err
	}
	if w == c.width && h == c.height {
		err = decode(path, c, f.Pix())
	} else {
		if n := 3 * c.width * c.height; cap(s.buf) < n {
			s.buf = make([]byte, n)
		}
		src := s.buf[:3*c.width*c.height]
		if err = decode(path, c, src); err == nil {
			scale(f.Pix(), w, h, src, c.width, c.height)
		}
	}
	if err != nil {
		f.Release()
		return nil, err
	}
	return f, nil
}

// Info implements node.Stream. Size is that of the first picture that can be read.
func (s *stream) Info() node.StreamInfo {
	i := node.StreamInfo{Width: s.first.width, Height: s.first.height, FPS: s.fps}
	if !s.loop {
		i.Frames = len(s.files)
	}
	return i
}

// Close implements node.Stream.
func (s *stream) Close() error { return nil }
