package model

import (
	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
)

// Lens is what stands before and behind a network: it feeds it with pictures and reads boxes out of what it gives. It keeps
// its memory and is not safe for concurrent use.
type Lens struct {
	plan   *Plan
	feeder *feeder
	found  []candidate

	// Of the picture that was fed last.
	place         Place
	width, height int
}

// NewLens returns a lens for the plan's network.
func (p *Plan) NewLens() *Lens {
	return &Lens{plan: p, feeder: newFeeder(p.Family.Feed, p.input, size{p.Width, p.Height})}
}

// Feed returns a BGR picture as the network wants it. The tensor is valid until the next Feed.
func (l *Lens) Feed(pic frame.Plane) (Tensor, error) {
	in, place, err := l.feeder.run(pic)
	l.place, l.width, l.height = place, pic.Width, pic.Height
	return in, err
}

// Read returns the boxes that the network's outputs say are in the picture fed last, in fractions of it, best first, at most
// MaxBoxes, and of them what the filter lets through.
func (l *Lens) Read(out []Tensor, f *Filter) (_ []signal.Box, err error) {
	p := l.plan
	if l.found, err = p.Family.read(size{p.Width, p.Height}, out, f.Score, l.found[:0]); err != nil {
		return nil, err
	}
	return f.kept(boxes(suppress(l.found, f.Overlap), l.place, l.width, l.height, f.Labels)), nil
}

// Detector finds boxes in pictures with one session. It is not safe for concurrent use.
type Detector struct {
	lens    *Lens
	session Session
}

// NewDetector returns a detector that runs the plan's network in a session, which stays the caller's.
func (p *Plan) NewDetector(s Session) *Detector { return &Detector{lens: p.NewLens(), session: s} }

// Detect returns the boxes of a BGR picture in fractions of it, best first, at most MaxBoxes, and of them what the filter lets
// through.
func (d *Detector) Detect(pic frame.Plane, f *Filter) ([]signal.Box, error) {
	in, err := d.lens.Feed(pic)
	if err != nil {
		return nil, err
	}
	out, err := d.session.Run(in)
	if err != nil {
		return nil, err
	}
	return d.lens.Read(out, f)
}
