package web

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/evidence"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// maxDrift is how far from a picture boxes may have been found and still be drawn on it: a person who walks has moved by about
// its own width in that time.
const maxDrift = 500 * time.Millisecond

// canvas is a copy of a picture that is drawn on.
type canvas struct{ img *image.RGBA }

func newCanvas(f *frame.Frame, width int, reuse *image.RGBA) *canvas {
	return &canvas{f.Preview(width, reuse)}
}

// boxes draws what detectors found near the picture's time.
func (c *canvas) boxes(found []engine.Found, capture tick.Time) {
	for _, f := range found {
		if drift := f.Capture.Sub(capture); drift > maxDrift || drift < -maxDrift {
			continue
		}
		for _, b := range f.Boxes[:min(len(f.Boxes), maxBoxes)] {
			if b.Finite() {
				evidence.DrawBox(c.img, b)
			}
		}
	}
}

// zones outlines parts of the picture and writes their names.
func (c *canvas) zones(zones []graph.ZoneSpec) {
	ink := image.NewUniform(color.RGBA{R: 0xff, G: 0xc8, A: 0xff})
	for _, z := range zones {
		corners := c.corners(z.Polygon)
		for i, p := range corners {
			c.line(p, corners[(i+1)%len(corners)], ink)
		}
		if len(corners) > 0 {
			evidence.DrawLabel(c.img, corners[0].Add(image.Pt(3, 3)), z.Name, ink)
		}
	}
}

// masks darkens the parts of the picture in which nothing counts.
func (c *canvas) masks(masks []graph.ZoneSpec) {
	for _, m := range masks {
		c.fill(c.corners(m.Polygon))
	}
}

func (c *canvas) corners(p signal.Polygon) []image.Point {
	w, h := float64(c.img.Rect.Dx()-1), float64(c.img.Rect.Dy()-1)
	out := make([]image.Point, 0, len(p))
	for _, q := range p {
		out = append(out, image.Pt(int(math.Round(float64(q.X)*w)), int(math.Round(float64(q.Y)*h))))
	}
	return out
}

// line draws a line two pixels wide. Its ends are in the picture.
func (c *canvas) line(a, b image.Point, ink image.Image) {
	n := max(abs(b.X-a.X), abs(b.Y-a.Y), 1)
	for i := range n + 1 {
		p := image.Pt(a.X+(b.X-a.X)*i/n, a.Y+(b.Y-a.Y)*i/n)
		draw.Draw(c.img, image.Rectangle{Min: p, Max: p.Add(image.Pt(2, 2))}.Intersect(c.img.Rect), ink, image.Point{}, draw.Src)
	}
}

func abs(n int) int { return max(n, -n) }

// fill darkens what is inside of a polygon to a quarter, row by row between the sides that it crosses.
func (c *canvas) fill(corners []image.Point) {
	for y := range c.img.Rect.Dy() {
		var at []int
		for i, a := range corners {
			b := corners[(i+1)%len(corners)]
			if (a.Y <= y) != (b.Y <= y) {
				at = append(at, a.X+(b.X-a.X)*(y-a.Y)/(b.Y-a.Y))
			}
		}
		slices.Sort(at)
		for i := 0; i+1 < len(at); i += 2 {
			row := c.img.Pix[y*c.img.Stride+4*max(at[i], 0) : y*c.img.Stride+4*min(at[i+1]+1, c.img.Rect.Dx())]
			for j := range row {
				if j%4 != 3 {
					row[j] /= 4
				}
			}
		}
	}
}

// encode returns the canvas as JPEG; it is not drawn on any more.
func (c *canvas) encode(codec frame.Codec) ([]byte, error) {
	w, h := c.img.Rect.Dx(), c.img.Rect.Dy()
	pix := c.img.Pix[:0] // three bytes of a pixel never get ahead of its four
	for i := 0; i < 4*w*h; i += 4 {
		r, g, b := c.img.Pix[i], c.img.Pix[i+1], c.img.Pix[i+2]
		pix = append(pix, b, g, r)
	}
	return codec.EncodeJPEG(frame.Plane{Width: w, Height: h, Stride: 3 * w, Channels: 3, Pix: pix}, liveQuality)
}
