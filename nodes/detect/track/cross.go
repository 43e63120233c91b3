package track

import (
	"math"
	"time"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// side is on which side of a line a track was when that was last certain.
type side int8

const (
	sideNone side = iota
	sideLeft
	sideRight
)

// line is a line across the picture, in units of its height.
type line struct {
	name     string
	from, to point
	margin   float64
}

// cross returns the side that a track has come to by crossing the line, sideNone when it has not. Left is the left hand of one who
// looks from from to to. A track is on a side when it is further than the margin from the line: one that walks along it does
// not cross it again and again. It has to pass between the line's ends.
func (l *line) cross(k *track, aspect float64) side {
	p := foot(k.seen, aspect)
	dx, dy := l.to.x-l.from.x, l.to.y-l.from.y
	length := math.Hypot(dx, dy)
	// The picture's y grows downwards: what is positive here is on the right.
	off := (dx*(p.y-l.from.y) - dy*(p.x-l.from.x)) / length
	along := (dx*(p.x-l.from.x) + dy*(p.y-l.from.y)) / (length * length)
	if math.Abs(off) <= l.margin {
		return sideNone
	}
	now := sideLeft
	if off > 0 {
		now = sideRight
	}
	was := k.sides[l.name]
	k.sides[l.name] = now
	if was == sideNone || was == now || along < 0 || along > 1 {
		return sideNone
	}
	return now
}

// stay is a track's relation to a zone.
type stay struct {
	inside  bool
	since   tick.Time // inside since
	pending tick.Time // the other answer since; 0: none
}

// visit takes where a track is and returns whether it has entered or left: when the change has held for settle.
func (k *track) visit(zone string, area signal.Polygon, now tick.Time, settle time.Duration) (entered, left bool) {
	b := k.seen
	in := area.Contains(float64(b.X+b.W/2), float64(b.Y+b.H))
	s, known := k.zones[zone]
	switch {
	case !known && in: // it was there when it was first seen: nobody saw it come in
		s = stay{inside: true, since: k.began}
	case in == s.inside:
		s.pending = 0
	case s.pending == 0:
		s.pending = max(now, 1)
	}
	if s.pending > 0 && now.Sub(s.pending) >= settle {
		entered, left = in, !in
		s = stay{inside: in, since: s.pending}
	}
	k.zones[zone] = s
	return entered, left
}
