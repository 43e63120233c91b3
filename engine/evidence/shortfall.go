package evidence

import (
	"cmp"
	"slices"
	"time"

	"rvo.dev/engine/tick"
)

// Reason is why a clip has less than was asked for.
type Reason string

// The reasons.
const (
	ShortRing     Reason = "ring"     // the memory for this camera was too small: the pictures came and were gone
	ShortStart    Reason = "start"    // before the first picture that the camera gave in this run
	ShortGap      Reason = "gap"      // the camera gave nothing: it was down, or its pictures were dropped
	ShortShutdown Reason = "shutdown" // the run ended before the window did
	ShortDisk     Reason = "disk"     // the disk took only a part
	ShortPrevious Reason = "previous" // these pictures are in the clip before, which the manifest names
	ShortLength   Reason = "length"   // the event lasted longer than a clip may (MaxOpen)
)

// Shortfall is a stretch that was asked for and is missing, in core time. To is tick.Never where the end is not known.
type Shortfall struct {
	Reason   Reason
	From, To tick.Time
}

// String returns the reason and how much is missing, such as "start 387ms"; only the reason where the end is not known.
func (s Shortfall) String() string {
	if s.To == tick.Never {
		return string(s.Reason)
	}
	return string(s.Reason) + " " + s.To.Sub(s.From).Round(time.Millisecond).String()
}

// minGap is the shortest silence that is called a gap: a stutter of a network is not worth a line in a manifest.
const minGap = time.Second

// shortfalls returns what is missing of the asked span, in order of time: c is all that the ring has of it, there are the
// stretches that clips before this one have, stop is where the run ended or tick.Never.
func shortfalls(asked span, c *cut, there []written, stop tick.Time, lasting bool) []Shortfall {
	var out []Shortfall
	add := func(r Reason, from, to tick.Time) { out = append(out, Shortfall{r, from, to}) }
	pace := spacing(c.samples)
	silence := max(minGap, 4*pace)
	lost, anyLost := c.lost, c.anyLost
	for _, w := range there {
		add(ShortPrevious, max(w.span.from, asked.from), min(w.span.to, asked.to))
		if w.span.covers(lost.from) {
			lost.from = w.span.to + 1 // released with that clip, and on the disk
		}
	}
	anyLost = anyLost && lost.from <= lost.to
	if anyLost {
		add(ShortRing, lost.from, lost.to)
	}
	switch {
	case c.first < 0:
		add(ShortStart, asked.from, min(asked.to, stop))
	case c.first.Sub(asked.from) > 2*pace:
		add(ShortStart, asked.from, min(c.first, asked.to))
	}
	if c.first >= 0 {
		last := max(asked.from, c.first)
		for _, s := range present(c.samples, there, span{last, min(asked.to, stop)}) {
			if s.from.Sub(last) > silence && (!anyLost || !lost.overlaps(span{last, s.from})) {
				add(ShortGap, last, s.from)
			}
			last = max(last, s.to)
		}
	}
	switch {
	case stop < asked.to:
		add(ShortShutdown, max(stop, asked.from), asked.to)
	case lasting:
		add(ShortLength, asked.to, tick.Never)
	}
	slices.SortStableFunc(out, func(a, b Shortfall) int { return cmp.Compare(a.From, b.From) })
	return out
}

// present returns the stretches in which something is there, in order, and the end of the window after them.
func present(samples []Sample, there []written, w span) []span {
	out := make([]span, 0, len(samples)+len(there)+1)
	for i := range samples {
		out = append(out, span{samples[i].Capture, samples[i].Capture})
	}
	for _, t := range there {
		out = append(out, t.span)
	}
	slices.SortFunc(out, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	return append(out, span{w.to, w.to})
}

// spacing returns the median time between samples, 0 for fewer than two.
func spacing(s []Sample) time.Duration {
	if len(s) < 2 {
		return 0
	}
	d := make([]time.Duration, len(s)-1)
	for i := range d {
		d[i] = s[i+1].Capture.Sub(s[i].Capture)
	}
	slices.Sort(d)
	return d[len(d)/2]
}

// thin returns the samples that are left at no more than fps a second. A quarter of a period of jitter is forgiven, so
// that a policy at the camera's own rate keeps every picture.
func thin(s []Sample, fps float64) []Sample {
	if fps <= 0 || len(s) == 0 {
		return s
	}
	period := time.Duration(float64(time.Second) / fps)
	var out []Sample
	due := s[0].Capture
	for i := range s {
		at := s[i].Capture
		if at.Add(period/4) < due {
			continue
		}
		out = append(out, s[i])
		if due = due.Add(period); due <= at.Add(-period/4) {
			due = at.Add(period) // after a silence the phase begins anew: no burst to catch up
		}
	}
	return out
}
