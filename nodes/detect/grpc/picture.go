package grpc

import (
	"slices"
	"time"

	"rvo.dev/engine/frame"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// The ways to send a picture: encoded, or as one of the formats that detect.proto's Image knows.
const (
	formatJPEG = "jpeg"
	formatBGR  = "bgr"
	formatRGB  = "rgb"
	formatGray = "gray"
	formatNV12 = "nv12"
)

func known(format string) bool {
	return slices.Contains([]string{formatJPEG, formatBGR, formatRGB, formatGray, formatNV12}, format)
}

// sending is how pictures are sent, which may change between two of them.
type sending struct {
	format  string
	quality int
}

func (o Options) sending() (sending, error) {
	if err := o.check(); err != nil {
		return sending{}, err
	}
	o = o.completed()
	return sending{o.Format, o.Quality}, nil
}

// request returns the question about a picture. The bytes in it are the frame's: it is sent before the run ends.
func (i *instance) request(f *frame.Frame) (*detectv1.DetectRequest, error) {
	r := &detectv1.DetectRequest{FrameId: f.Seq, Camera: i.camera, Detector: i.env.ID}
	// Core time has no date: the picture is as old now as it is there.
	if wall := time.Now().Add(-time.Duration(i.env.Now() - f.Capture)).UnixNano(); wall > 0 {
		r.TsNs = uint64(wall)
	}
	var err error
	how := i.Now()
	if how.format == formatJPEG {
		r.FrameJpeg, err = f.JPEG(i.env.Codec, how.quality)
		return r, err
	}
	r.Image = &detectv1.Image{Format: how.format, Width: uint32(f.Width), Height: uint32(f.Height)}
	r.Image.Data, err = pixels(f, how.format)
	return r, err
}

// pixels returns the picture in one of the formats without compression, made once for all who want it so.
func pixels(f *frame.Frame, format string) ([]byte, error) {
	switch format {
	case formatRGB:
		return f.RGB(), nil
	case formatGray:
		p := f.Luma()
		return p.Pix[:p.Stride*p.Height], nil
	case formatNV12:
		return f.NV12()
	}
	p := f.BGR()
	return p.Pix[:p.Stride*p.Height], nil
}
