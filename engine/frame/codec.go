package frame

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// StdCodec encodes with the standard library: no dependency, about ten times the time of OpenCV's encoder.
type StdCodec struct{}

// Name returns "go".
func (StdCodec) Name() string { return "go" }

// EncodeJPEG implements Codec.
func (StdCodec) EncodeJPEG(p Plane, quality int) ([]byte, error) {
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("jpeg quality %d: must be from 1 to 100", quality)
	}
	var img image.Image
	if p.Channels == 1 {
		img = &image.Gray{Pix: p.Pix, Stride: p.Stride, Rect: image.Rect(0, 0, p.Width, p.Height)}
	} else {
		img = toYCbCr(p)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	// The buffer has grown by doubling. Evidence keeps thousands of these, so the spare room is worth a copy.
	return bytes.Clone(b.Bytes()), nil
}

// toYCbCr converts BGR to JFIF YCbCr with chroma at half size: the encoder has a fast path for it and none for BGR.
func toYCbCr(p Plane) *image.YCbCr {
	img := image.NewYCbCr(image.Rect(0, 0, p.Width, p.Height), image.YCbCrSubsampleRatio420)
	for y := range p.Height {
		row := p.Pix[y*p.Stride:]
		for x := range p.Width {
			b, g, r := uint32(row[3*x]), uint32(row[3*x+1]), uint32(row[3*x+2])
			img.Y[y*img.YStride+x] = byte((lumaB*b + lumaG*g + lumaR*r + 1<<15) >> 16)
		}
	}
	for cy := range (p.Height + 1) / 2 {
		for cx := range (p.Width + 1) / 2 {
			var b, g, r, n int32
			for y := 2 * cy; y < min(2*cy+2, p.Height); y++ {
				for x := 2 * cx; x < min(2*cx+2, p.Width); x++ {
					px := p.Pix[y*p.Stride+3*x:]
					b, g, r, n = b+int32(px[0]), g+int32(px[1]), r+int32(px[2]), n+1
				}
			}
			b, g, r = b/n, g/n, r/n
			i := cy*img.CStride + cx
			img.Cb[i] = clamp(-11056*r - 21712*g + 32768*b + 128<<16)
			img.Cr[i] = clamp(32768*r - 27440*g - 5328*b + 128<<16)
		}
	}
	return img
}
