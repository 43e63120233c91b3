package evidence

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"slices"
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
		DrawBox(img, b)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
