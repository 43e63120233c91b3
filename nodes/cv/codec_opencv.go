//go:build cgo && opencv

package cv

import (
	"fmt"

	"rvo.dev/engine/frame"
)

func codec() (frame.Codec, bool) { return jpegCodec{}, true }

func version() string { return opencvVersion() }

// jpegCodec encodes with OpenCV. It holds nothing and is safe for concurrent use.
type jpegCodec struct{}

// Name returns "opencv".
func (jpegCodec) Name() string { return "opencv" }

// EncodeJPEG implements frame.Codec.
func (jpegCodec) EncodeJPEG(p frame.Plane, quality int) ([]byte, error) {
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("jpeg quality %d: must be from 1 to 100", quality)
	}
	b, err := encodeJPEG(p, quality)
	if err != nil {
		return nil, fmt.Errorf("jpeg: %w", err)
	}
	return b, nil
}
