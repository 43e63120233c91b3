package images

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rvo.dev/engine/frame"
)

// config is what a file's first bytes say.
type config struct{ width, height int }

// maxPixels bounds a picture's area: a few bytes can claim any size, and decoding takes four to eight bytes a pixel. It
// is twice the largest camera sensors that give JPEG.
const maxPixels = 128_000_000

// header returns the size of a picture and refuses one that is too large before anything is decoded.
func header(path string) (config, error) {
	f, err := openFile(path)
	if err != nil {
		return config{}, err
	}
	defer f.Close()
	var c image.Config
	if isPNG(path) {
		c, err = png.DecodeConfig(f)
	} else {
		c, err = jpeg.DecodeConfig(f)
	}
	switch {
	case err != nil:
		return config{}, err
	case c.Width < 1 || c.Height < 1 || c.Width > frame.MaxSide || c.Height > frame.MaxSide:
		return config{}, fmt.Errorf("picture of %d x %d: each side must be from 1 to %d", c.Width, c.Height, frame.MaxSide)
	case c.Width*c.Height > maxPixels:
		return config{}, fmt.Errorf("picture of %d x %d: must have at most %d million pixels", c.Width, c.Height, maxPixels/1_000_000)
	}
	return config{c.Width, c.Height}, nil
}

// openFile opens a regular file; to open a pipe would wait for somebody to write to it.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, reason(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	f, err := os.Open(path)
	return f, reason(err)
}

// reason returns an error without its path: the caller names the file.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func isPNG(path string) bool { return strings.EqualFold(filepath.Ext(path), ".png") }

// decode reads a picture of the size that its header said into BGR pixels.
func decode(path string, c config, dst []byte) error {
	f, err := openFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var img image.Image
	if isPNG(path) {
		img, err = png.Decode(f)
	} else {
		img, err = jpeg.Decode(f)
	}
	if err != nil {
		return err
	}
	if img.Bounds().Dx() != c.width || img.Bounds().Dy() != c.height {
		return errors.New("changed its size while it was read")
	}
	toBGR(dst, img)
	return nil
}

// toBGR converts a picture; what can be seen through stands on black.
func toBGR(dst []byte, img image.Image) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	switch src := img.(type) {
	case *image.YCbCr:
		for y := range h {
			for x := range w {
				yi, ci := src.YOffset(b.Min.X+x, b.Min.Y+y), src.COffset(b.Min.X+x, b.Min.Y+y)
				p := dst[3*(y*w+x):]
				p[2], p[1], p[0] = color.YCbCrToRGB(src.Y[yi], src.Cb[ci], src.Cr[ci])
			}
		}
		return
	case *image.Gray:
		for y := range h {
			for x, v := range src.Pix[y*src.Stride:][:w] {
				p := dst[3*(y*w+x):]
				p[0], p[1], p[2] = v, v, v
			}
		}
		return
	}
	rgba, ok := img.(*image.RGBA)
	if !ok {
		rgba = image.NewRGBA(image.Rect(0, 0, w, h))
		draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	}
	for y := range h {
		row := rgba.Pix[y*rgba.Stride:]
		for x := range w {
			p := dst[3*(y*w+x):]
			p[0], p[1], p[2] = row[4*x+2], row[4*x+1], row[4*x]
		}
	}
}

// scale fills dst with the mean of the source pixels under each of its pixels; enlarged, each source pixel becomes a
// rectangle.
func scale(dst []byte, w, h int, src []byte, sw, sh int) {
	for y := range h {
		y0, y1 := under(y, h, sh)
		for x := range w {
			x0, x1 := under(x, w, sw)
			var b, g, r int
			for sy := y0; sy < y1; sy++ {
				for row := src[3*(sy*sw+x0) : 3*(sy*sw+x1)]; len(row) > 0; row = row[3:] {
					b, g, r = b+int(row[0]), g+int(row[1]), r+int(row[2])
				}
			}
			n := (y1 - y0) * (x1 - x0)
			p := dst[3*(y*w+x):]
			p[0], p[1], p[2] = byte((b+n/2)/n), byte((g+n/2)/n), byte((r+n/2)/n)
		}
	}
}

// under returns the source pixels [from, to) under pixel i of n, at least one, when the source has m.
func under(i, n, m int) (from, to int) {
	from = i * m / n
	return from, max((i+1)*m/n, from+1)
}
