package evidence

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"slices"
	"strconv"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// maxDrift is how far from a picture its boxes may have been found and still be drawn on it. Detectors see pictures that
// the ring thinned out; within half a second a walking person has moved by about its own width.
const maxDrift = 500 * time.Millisecond

// boxSets returns the boxes that the event's decision has: those handed in, and those of leaves that read boxes
// themselves. The picture of a leaf's boxes was captured Age before the confirmation.
func boxSets(q *Request) []BoxSet {
	sets := append([]BoxSet(nil), q.Boxes...)
	for i := range q.Leaves {
		l := &q.Leaves[i]
		if slices.ContainsFunc(q.Boxes, func(s BoxSet) bool { return s.Signal == l.Signal }) {
			continue // handed in already: nothing is drawn twice
		}
		if l.Decided && l.Answer == event.Yes && (l.Camera == "" || l.Camera == q.Camera) && len(l.Value.AsBoxes()) > 0 {
			sets = append(sets, BoxSet{Signal: l.Signal, Frame: l.Frame, Capture: q.Confirmed.Add(-l.Age), Boxes: l.Value.AsBoxes()})
		}
	}
	return sets
}

// shotTime returns when the picture for the snapshot was captured: the newest one that boxes were found on, else the
// newest that decided.
func shotTime(q *Request) tick.Time {
	at := tick.Time(-1)
	for _, s := range boxSets(q) {
		if len(s.Boxes) > 0 {
			at = max(at, s.Capture)
		}
	}
	if at < 0 {
		return q.Capture
	}
	return at
}

// snapshot returns the picture with the boxes drawn that belong to it, how many, and why not all of them.
func snapshot(s *Sample, q *Request, quality int) (data []byte, drawn int, note string) {
	var boxes []signal.Box
	skipped := 0
	for _, set := range boxSets(q) {
		same := set.Frame != 0 && set.Frame == s.Frame
		if same || distance(set.Capture, s.Capture) <= maxDrift {
			boxes = append(boxes, set.Boxes...)
		} else {
			skipped += len(set.Boxes)
		}
	}
	if skipped > 0 {
		note = fmt.Sprintf("%d boxes were found on another picture, more than %s away", skipped, maxDrift)
	}
	if len(boxes) == 0 {
		return s.Bytes, 0, note
	}
	out, err := drawBoxes(s.Bytes, boxes, quality)
	if err != nil {
		return s.Bytes, 0, fmt.Sprintf("boxes could not be drawn: %v", err)
	}
	return out, len(boxes), note
}

// drawBoxes decodes a JPEG, draws the boxes and encodes it again.
func drawBoxes(data []byte, boxes []signal.Box, quality int) ([]byte, error) {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if cfg.Width > frame.MaxSide || cfg.Height > frame.MaxSide {
		return nil, fmt.Errorf("picture of %d x %d: each side must be at most %d", cfg.Width, cfg.Height, frame.MaxSide)
	}
	src, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	img := image.NewRGBA(src.Bounds())
	draw.Draw(img, img.Bounds(), src, src.Bounds().Min, draw.Src)
	for _, b := range boxes {
		drawBox(img, b)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// boxLine is the width of a box's outline in pixels.
const boxLine = 2

// drawBox outlines the box inside of its edges and writes its label and score above it, or below where it touches the
// top. Green is rare indoors and out, and black below the text reads on any background.
func drawBox(img *image.RGBA, b signal.Box) {
	w, h := float32(img.Rect.Dx()), float32(img.Rect.Dy())
	r := image.Rect(pixel(b.X*w), pixel(b.Y*h), pixel((b.X+b.W)*w), pixel((b.Y+b.H)*h)).Intersect(img.Rect)
	if r.Empty() {
		return
	}
	ink := image.NewUniform(color.RGBA{G: 0xff, A: 0xff})
	fill := func(x0, y0, x1, y1 int) {
		draw.Draw(img, image.Rect(x0, y0, x1, y1).Intersect(r), ink, image.Point{}, draw.Src)
	}
	fill(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+boxLine)
	fill(r.Min.X, r.Max.Y-boxLine, r.Max.X, r.Max.Y)
	fill(r.Min.X, r.Min.Y, r.Min.X+boxLine, r.Max.Y)
	fill(r.Max.X-boxLine, r.Min.Y, r.Max.X, r.Max.Y)

	text := b.Label
	if b.Score > 0 {
		if text != "" {
			text += " "
		}
		text += strconv.Itoa(int(b.Score*100+0.5)) + "%"
	}
	if text == "" {
		return
	}
	scale := 1 + img.Rect.Dy()/720
	size := textSize(text, scale)
	at := image.Pt(r.Min.X, r.Min.Y-size.Y)
	if at.Y < img.Rect.Min.Y {
		at.Y = min(r.Min.Y+boxLine, img.Rect.Max.Y-size.Y)
	}
	draw.Draw(img, image.Rectangle{Min: at, Max: at.Add(size)}.Intersect(img.Rect), image.Black, image.Point{}, draw.Src)
	drawText(img, at, text, scale, ink)
}

// pixel rounds a coordinate, far outside ones to a value that still fits an int on every machine.
func pixel(v float32) int {
	if v != v {
		return 0
	}
	return int(min(max(v+0.5, -1), frame.MaxSide+1))
}
