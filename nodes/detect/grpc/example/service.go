package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// service answers questions about pictures.
type service struct {
	detectv1.UnimplementedDetectorServer
	options
	slots chan struct{} // one for each picture that may be looked at at once
}

func newService(o options) *service {
	return &service{options: o, slots: make(chan struct{}, o.workers)}
}

// Detect implements detectv1.DetectorServer.
func (s *service) Detect(ctx context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	if b := r.GetBudgetNs(); b > 0 && b <= uint64(time.Hour) {
		// On a stream this is the only deadline there is.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(b))
		defer cancel()
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, status.Error(codes.ResourceExhausted, "too many pictures at once: the time for this one passed before it was looked at")
	}
	if s.latency > 0 {
		select {
		case <-time.After(s.latency):
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		}
	}
	seen := s.always
	if !seen {
		level, err := look(r)
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, err.Error())
		}
		seen = level >= s.threshold
	}
	answer := &detectv1.DetectResponse{FrameId: r.GetFrameId(), Model: &detectv1.Model{Name: "brightness", Version: "1"}}
	if seen {
		answer.Signals = append(answer.Signals, &detectv1.SignalOut{SignalType: s.signal, Value: 1, TtlNs: uint64(s.ttl)})
	}
	return answer, nil
}

// DetectStream implements detectv1.DetectorServer.
func (s *service) DetectStream(stream grpc.BidiStreamingServer[detectv1.DetectRequest, detectv1.DetectResponse]) error {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		answer, err := s.Detect(stream.Context(), r)
		if err != nil {
			return err
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// look is where a model goes: it returns the picture's mean brightness, 0 to 255.
func look(r *detectv1.DetectRequest) (float64, error) {
	if im := r.GetImage(); im != nil {
		return lookRaw(im)
	}
	picture, err := jpeg.Decode(bytes.NewReader(r.GetFrameJpeg()))
	if err != nil {
		return 0, errors.New("the picture is no JPEG")
	}
	// A JPEG has its brightness apart, and a few thousand points of it are enough for a mean.
	at := func(x, y int) uint8 { return color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y }
	if p, ok := picture.(*image.YCbCr); ok {
		at = func(x, y int) uint8 { return p.Y[p.YOffset(x, y)] }
	}
	b := picture.Bounds()
	return mean(b.Dx(), b.Dy(), func(x, y int) float64 { return float64(at(b.Min.X+x, b.Min.Y+y)) }), nil
}

// lookRaw is look for pictures without compression.
func lookRaw(im *detectv1.Image) (float64, error) {
	w, h, data := int(im.GetWidth()), int(im.GetHeight()), im.GetData()
	if w < 1 || h < 1 || w > 1<<15 || h > 1<<15 {
		return 0, fmt.Errorf("a picture of %d x %d: each side must be 1 to %d", w, h, 1<<15)
	}
	// Bytes of the whole picture, and the brightness of one pixel (ITU-R BT.601).
	want, at := 3*w*h, func(x, y int) float64 {
		p := data[3*(y*w+x):]
		return 0.114*float64(p[0]) + 0.587*float64(p[1]) + 0.299*float64(p[2])
	}
	switch im.GetFormat() {
	case "bgr":
	case "rgb":
		at = func(x, y int) float64 {
			p := data[3*(y*w+x):]
			return 0.299*float64(p[0]) + 0.587*float64(p[1]) + 0.114*float64(p[2])
		}
	case "gray":
		want, at = w*h, func(x, y int) float64 { return float64(data[y*w+x]) }
	case "nv12":
		want, at = w*h*3/2, func(x, y int) float64 { return (float64(data[y*w+x]) - 16) * 255 / 219 } // video range
	default:
		return 0, fmt.Errorf("format %q: must be one of bgr, rgb, gray, nv12", im.GetFormat())
	}
	if len(data) != want {
		return 0, fmt.Errorf("%s of %d x %d has %d bytes, got %d", im.GetFormat(), w, h, want, len(data))
	}
	return mean(w, h, at), nil
}

// mean returns the mean over a grid of at most 80 x 60 points.
func mean(w, h int, at func(x, y int) float64) float64 {
	dx, dy := max(w/80, 1), max(h/60, 1)
	sum, n := 0.0, 0
	for y := 0; y < h; y += dy {
		for x := 0; x < w; x += dx {
			sum += at(x, y)
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
