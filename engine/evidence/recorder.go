package evidence

import (
	"fmt"
	"slices"
	"sync"

	"rvo.dev/engine/tick"
)

// Options say what a Recorder records.
type Options struct {
	Pipeline string // retention touches only clips of this pipeline
	Run      string
	Policies []Policy
	Cameras  []CameraOptions
}

// Recorder keeps the cameras' rings and the clips that are open. See the package comment for who calls what.
type Recorder struct {
	pipeline, run string

	openFolder func(dir string) (folder, error)

	// disk is held by the methods that work on the disk, while they do. It comes before mu.
	disk struct {
		sync.Mutex
		indexes map[string]*index // by folder
	}

	mu struct {
		sync.Mutex
		policies map[string]*policyState
		cameras  map[string]*track
		pending  []*clip // in the order of their requests
		unknown  uint64  // samples of cameras that are not known
	}
}

// track is a camera and what was last cut from it.
type track struct {
	id   string
	ring *Ring
	gone bool                 // no longer in the pipeline: forgotten with its last open clip
	last map[string][]written // by policy, oldest first
}

// written is a clip on the disk and the stretch of capture time whose pictures are in it.
type written struct {
	name string
	span span
}

// maxRecent bounds the written clips that a new one is compared with. A window reaches back by its pre-roll and by the
// time that the detection took: more than a few clips cannot lie in there without merging.
const maxRecent = 8

// before returns the recent clips of a policy that have a part of the span.
func (t *track) before(policy string, s span) []written {
	var out []written
	for _, w := range t.last[policy] {
		if w.span.overlaps(s) {
			out = append(out, w)
		}
	}
	return out
}

// wrote remembers a clip.
func (t *track) wrote(policy string, w written) {
	t.last[policy] = append(t.last[policy], w)
	t.last[policy] = t.last[policy][max(0, len(t.last[policy])-maxRecent):]
}

// New returns a recorder. It touches no disk: Check and Sweep do.
func New(o Options) (*Recorder, error) {
	r := &Recorder{pipeline: o.Pipeline, run: o.Run, openFolder: openRoot}
	r.disk.indexes = map[string]*index{}
	r.mu.policies, r.mu.cameras = map[string]*policyState{}, map[string]*track{}
	c, err := r.Prepare(o.Policies, o.Cameras)
	if err != nil {
		return nil, err
	}
	c.Switch()
	c.Settle()
	return r, nil
}

// forget drops cameras and policies that are gone and that no open clip needs.
func (r *Recorder) forget() {
	for id, t := range r.mu.cameras {
		if t.gone && !slices.ContainsFunc(r.mu.pending, func(c *clip) bool { return c.track == t }) {
			delete(r.mu.cameras, id)
		}
	}
	for id, s := range r.mu.policies {
		if s.gone && !slices.ContainsFunc(r.mu.pending, func(c *clip) bool { return c.policy.ID == id }) {
			delete(r.mu.policies, id)
			for _, t := range r.mu.cameras {
				delete(t.last, id)
			}
		}
	}
}

// Push adds a sample to the camera's ring. The error says why it was not taken (see Ring.Push, or a camera that is not
// known); it is counted, and the caller need do nothing about it.
func (r *Recorder) Push(camera string, s Sample) error {
	r.mu.Lock()
	t := r.mu.cameras[camera]
	if t == nil || t.gone {
		r.mu.unknown++
		r.mu.Unlock()
		return fmt.Errorf("camera %q has no evidence ring", camera)
	}
	r.mu.Unlock()
	return t.ring.Push(s)
}

// Open begins a clip for an event that confirmed, or makes the event part of an open clip of the same policy and camera
// whose window its own overlaps. It returns the name of the clip's folder, relative to the policy's: the folder appears
// when the window is over. An error means that there will be none; it is counted as dropped.
func (r *Recorder) Open(q Request) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.mu.policies[q.Policy]
	if state == nil || state.gone {
		return "", fmt.Errorf("event %q asks for evidence %q, which is not in the pipeline", q.Event, q.Policy)
	}
	state.asked++
	if err := q.validate(); err != nil {
		return "", state.drop(CauseRequest, err)
	}
	t := r.mu.cameras[q.Camera]
	if t == nil || t.gone {
		return "", state.drop(CauseRequest, fmt.Errorf("camera %q has no evidence ring", q.Camera))
	}
	var last *clip
	waiting := 0
	for _, c := range r.mu.pending {
		if c.track == t && c.policy.ID == q.Policy {
			last = c
			waiting++
		}
	}
	if last != nil && last.admits(&q) {
		last.join(q.clone())
		state.merged++
		return last.name, nil
	}
	if waiting >= MaxPending {
		return "", state.drop(CauseBacklog, fmt.Errorf("%d clips of camera %q wait to be written to %s: the disk does not keep up",
			waiting, q.Camera, state.policy.Dir))
	}
	r.mu.pending = append(r.mu.pending, newClip(state.policy, t, q.clone()))
	return r.mu.pending[len(r.mu.pending)-1].name, nil
}

func newClip(p Policy, t *track, q Request) *clip {
	c := &clip{policy: p, track: t, name: q.name(), from: q.Capture.Add(-p.Pre)}
	c.until = q.Confirmed.Add(p.Post)
	c.limit = max(q.Capture.Add(p.Post).Add(MaxOpen), c.until)
	c.core = span{c.from, c.until}
	c.pin = t.ring.pin(span{c.from, c.limit}, c.core)
	// Boxes may be older than the window, and their picture must not leave the ring before the clip is cut.
	c.shot, _ = t.ring.Nearest(shotTime(&q))
	c.join(q)
	return c
}

// Ended tells that an occurrence is over, so that its clips end after their post-roll. Clips that are already closed are
// as they are.
func (r *Recorder) Ended(recordID string, at tick.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.mu.pending {
		if c.writing {
			continue
		}
		for i := range c.members {
			if m := &c.members[i]; m.req.RecordID == recordID && m.ended == tick.Never {
				m.ended = at
				c.repin()
			}
		}
	}
}

// head reports whether no earlier clip of the same policy and camera is pending: clips are written in order, so that the
// next one knows where the last one ended.
func (r *Recorder) head(c *clip) bool {
	for _, d := range r.mu.pending {
		if d.track == c.track && d.policy.ID == c.policy.ID {
			return d == c
		}
	}
	return false
}

// due returns when the clip is to be tried next, as far as is known now.
func (c *clip) due(now tick.Time) tick.Time {
	if c.writing {
		return c.retryAt
	}
	end := c.end()
	if now < end {
		return end
	}
	if c.track.ring.Newest() > end {
		return now
	}
	return end.Add(CutDelay)
}

// Wait returns when Step has something to do next, tick.Never when nothing is pending.
func (r *Recorder) Wait(now tick.Time) tick.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	wake := tick.Never
	for _, c := range r.mu.pending {
		if r.head(c) {
			wake = min(wake, c.due(now))
		}
	}
	return wake
}

// next closes and returns a clip that is to be written now, or nil.
func (r *Recorder) next(now tick.Time) *clip {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.mu.pending {
		if r.head(c) && c.due(now) <= now {
			c.writing = true
			return c
		}
	}
	return nil
}
