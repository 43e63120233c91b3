package track

import (
	"slices"
	"time"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// tracker follows boxes from picture to picture, after ByteTrack (Zhang et al., "ByteTrack: Multi-Object Tracking by
// Associating Every Detection Box", 2022): boxes of high score are matched with all tracks first, those of low score with the
// tracks that are left, and only boxes of high score begin a track.
type tracker struct {
	high  float64 // least score that begins a track
	keep  time.Duration
	moved float64       // of its height: what counts as having moved
	still time.Duration // without having moved: stationary

	tracks []*track
	next   int64
	last   tick.Time
}

// track is one thing that is followed.
type track struct {
	id     int64
	label  string
	body   body
	seen   signal.Box // when it was last matched
	hits   int
	began  tick.Time
	at     tick.Time // of the last match
	lost   bool
	scores []float32 // the last ones
	rest   point     // where it was when it last moved
	since  tick.Time // and when

	sides map[string]side // of lines
	zones map[string]stay
}

// Bounds and constants of the method.
const (
	// matchIoU is the overlap that boxes of high score need at least, lowIoU those of low score: ByteTrack's.
	matchIoU = 0.2
	lowIoU   = 0.5
	// firstIoU is for tracks that were seen once.
	firstIoU = 0.3
	// scoresKept is how many scores the median is of.
	scoresKept = 15
	// maxTracks bounds the memory; past it no track begins.
	maxTracks = 512
)

// point is a place in units of the picture's height.
type point struct{ x, y float64 }

// foot is the middle of a box's lower side: where a thing stands.
func foot(b signal.Box, aspect float64) point {
	return point{(float64(b.X) + float64(b.W)/2) * aspect, float64(b.Y) + float64(b.H)}
}

// step takes the boxes of one picture and returns the tracks that were seen in it, confirmed ones only, by id.
func (t *tracker) step(boxes []signal.Box, now tick.Time, aspect float64) []*track {
	dt := 0.0
	if t.last > 0 && now > t.last {
		dt = now.Sub(t.last).Seconds()
	}
	t.last = now
	for _, k := range t.tracks {
		k.body.predict(dt)
	}
	var high, low []signal.Box
	for _, b := range boxes {
		if float64(b.Score) >= t.high {
			high = append(high, b)
		} else {
			low = append(low, b)
		}
	}
	sure := func(k *track) bool { return k.hits > 1 }
	high, left := t.match(high, keepIf(t.tracks, sure), matchIoU, now, aspect)
	_, _ = t.match(low, keepIf(left, func(k *track) bool { return !k.lost }), lowIoU, now, aspect)
	high, _ = t.match(high, keepIf(t.tracks, func(k *track) bool { return !sure(k) }), firstIoU, now, aspect)

	t.tracks = slices.DeleteFunc(t.tracks, func(k *track) bool {
		if k.at == now {
			return false
		}
		k.lost = true
		return !sure(k) || now.Sub(k.at) > t.keep
	})
	for _, b := range high {
		if len(t.tracks) == maxTracks {
			break
		}
		t.next++
		f := foot(b, aspect)
		t.tracks = append(t.tracks, &track{
			id: t.next, label: b.Label, body: newBody(b, aspect), seen: b, hits: 1, began: now, at: now,
			scores: []float32{b.Score}, rest: f, since: now, sides: map[string]side{}, zones: map[string]stay{},
		})
	}
	return keepIf(t.tracks, func(k *track) bool { return sure(k) && k.at == now })
}

// forget lets every track begin anew with a line.
func (t *tracker) forget(line string) {
	for _, k := range t.tracks {
		delete(k.sides, line)
	}
}

func keepIf(all []*track, ok func(*track) bool) []*track {
	var out []*track
	for _, k := range all {
		if ok(k) {
			out = append(out, k)
		}
	}
	return out
}

// match pairs boxes with tracks of the same label and returns what is left of both.
func (t *tracker) match(boxes []signal.Box, tracks []*track, least float64, now tick.Time, aspect float64) ([]signal.Box, []*track) {
	cost := make([][]float64, len(tracks))
	for i, k := range tracks {
		cost[i] = make([]float64, len(boxes))
		guess := k.body.box(aspect)
		for j, b := range boxes {
			if cost[i][j] = 2; b.Label == k.label {
				cost[i][j] = 1 - overlap(guess, b)
			}
		}
	}
	taken := make([]bool, len(boxes))
	var left []*track
	for i, j := range assign(cost, len(boxes), 1-least) {
		if j < 0 {
			left = append(left, tracks[i])
			continue
		}
		taken[j] = true
		t.hit(tracks[i], boxes[j], now, aspect)
	}
	var rest []signal.Box
	for j, b := range boxes {
		if !taken[j] {
			rest = append(rest, b)
		}
	}
	return rest, left
}

// hit gives a track the box that it was found at.
func (t *tracker) hit(k *track, b signal.Box, now tick.Time, aspect float64) {
	k.body.update(b, aspect)
	k.seen, k.at, k.lost = b, now, false
	k.hits++
	if len(k.scores) == scoresKept {
		k.scores = append(k.scores[:0], k.scores[1:]...)
	}
	k.scores = append(k.scores, b.Score)
	f, h := foot(b, aspect), float64(b.H)
	if dx, dy := f.x-k.rest.x, f.y-k.rest.y; dx*dx+dy*dy > t.moved*t.moved*h*h {
		k.rest, k.since = f, now
	}
}

// score is the median of the track's last scores: one poor look does not change what a thing is.
func (k *track) score() float32 {
	s := slices.Clone(k.scores)
	slices.Sort(s)
	return s[len(s)/2]
}

// overlap is the intersection of two boxes over their union.
func overlap(a, b signal.Box) float64 {
	w := min(a.X+a.W, b.X+b.W) - max(a.X, b.X)
	h := min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	i := float64(w) * float64(h)
	return i / (float64(a.W)*float64(a.H) + float64(b.W)*float64(b.H) - i)
}
