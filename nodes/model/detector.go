package model

import (
	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
)

// Detector finds boxes in pictures with one session. It is not safe for concurrent use.
type Detector struct {
	plan    *Plan
	session Session
	feeder  *feeder
	found   []candidate
}

// NewDetector returns a detector that runs the plan's network in a session, which stays the caller's.
func (p *Plan) NewDetector(s Session) *Detector {
	return &Detector{plan: p, session: s, feeder: newFeeder(p.Family.Feed, p.input, size{p.Width, p.Height})}
}

// Detect returns the boxes of a BGR picture in fractions of it, best first, at most MaxBoxes.
func (d *Detector) Detect(pic frame.Plane) ([]signal.Box, error) {
	in, place, err := d.feeder.run(pic)
	if err != nil {
		return nil, err
	}
	out, err := d.session.Run(in)
	if err != nil {
		return nil, err
	}
	p := d.plan
	if d.found, err = p.Family.read(size{p.Width, p.Height}, out, p.Score, d.found[:0]); err != nil {
		return nil, err
	}
	return boxes(suppress(d.found, p.Overlap), place, pic.Width, pic.Height, p.Labels), nil
}
