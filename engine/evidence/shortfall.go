package evidence

import (
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

// minGap is the shortest silence that is called a gap: a stutter of a network is not worth a line in a manifest.
const minGap = time.Second

// shortfalls returns what is missing of the asked span, in order of time. samples is all that is there of [start, end],
// where start lies after from when an earlier clip has the beginning.
func shortfalls(asked span, start tick.Time, c *cut, stop tick.Time, lasting bool) []Shortfall {
	var out []Shortfall
	add := func(r Reason, from, to tick.Time) { out = append(out, Shortfall{r, from, to}) }
	pace := spacing(c.samples)
	silence := max(minGap, 4*pace)
	if start > asked.from {
		add(ShortPrevious, asked.from, min(start-1, asked.to))
	}
	if c.anyLost {
		add(ShortRing, c.lost.from, c.lost.to)
	}
	if c.first < 0 || c.first.Sub(start) > 2*pace {
		if to := min(c.first, asked.to); c.first < 0 {
			add(ShortStart, start, min(asked.to, stop))
		} else if to > start {
			add(ShortStart, start, to)
		}
	}
	last := max(start, c.first)
	quiet := func(from, to tick.Time) {
		if to.Sub(from) > silence && (!c.anyLost || !c.lost.overlaps(span{from, to})) {
			add(ShortGap, from, to)
		}
	}
	if c.first >= 0 {
		for i := range c.samples {
			quiet(last, c.samples[i].Capture)
			last = c.samples[i].Capture
		}
		quiet(last, min(asked.to, stop))
	}
	switch {
	case stop < asked.to:
		add(ShortShutdown, max(stop, start), asked.to)
	case lasting:
		add(ShortLength, asked.to, tick.Never)
	}
	slices.SortStableFunc(out, func(a, b Shortfall) int {
		switch {
		case a.From < b.From:
			return -1
		case a.From > b.From:
			return 1
		}
		return 0
	})
	return out
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
