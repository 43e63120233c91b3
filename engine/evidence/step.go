package evidence

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"rvo.dev/engine/tick"
)

// MaxTries is how often a clip is tried when the disk fails; the waits between them are RetryDelay and four times that.
// A remount or a moment without space is bridged, a broken disk costs seconds and not memory.
const (
	MaxTries   = 3
	RetryDelay = time.Second
)

// Result is what became of a clip.
type Result struct {
	Policy  string
	Camera  string
	Clip    string   // the folder's name, as Open returned it
	Path    string   // the folder; empty when the clip was dropped
	Records []string // ids of the occurrences that it shows
	Frames  int
	Bytes   int64 // written, manifest included
	Short   []Shortfall
	Tries   int
	Cause   Cause // why it was dropped; empty when it was not
	Err     error // what to tell a person then
}

// Step writes every clip whose window is over and returns what became of them, and when to call it again: tick.Never
// when nothing is pending. An Open or Ended may make that earlier; Wait tells. It blocks on the disk.
func (r *Recorder) Step(now tick.Time) (done []Result, wake tick.Time) {
	r.disk.Lock()
	defer r.disk.Unlock()
	for c := r.next(now); c != nil; c = r.next(now) {
		if res, over := r.try(c, now, false); over {
			done = append(done, res)
		}
	}
	return done, r.Wait(now)
}

// Flush writes every pending clip as far as it goes, one try each, for the end of a run: windows that are not over end
// now and their manifests say so. When ctx is done, the rest is dropped as "shutdown". Afterwards nothing is pending.
func (r *Recorder) Flush(ctx context.Context, now tick.Time) []Result {
	r.disk.Lock()
	defer r.disk.Unlock()
	var done []Result
	for {
		r.mu.Lock()
		if len(r.mu.pending) == 0 {
			r.mu.Unlock()
			return done
		}
		c := r.mu.pending[0]
		c.writing = true
		r.mu.Unlock()

		if err := context.Cause(ctx); err != nil {
			done = append(done, r.finish(c, attempt{}, CauseShutdown, fmt.Errorf("not written before the end of the run: %w", err)))
			continue
		}
		res, _ := r.try(c, now, true)
		done = append(done, res)
	}
}

// try writes the clip once. It reports false when the clip waits for another try.
func (r *Recorder) try(c *clip, now tick.Time, flush bool) (Result, bool) {
	c.tries++
	last := flush || c.tries >= MaxTries
	a, err := r.write(c, now, flush, last)
	if err == nil {
		return r.finish(c, a, "", nil), true
	}
	if final, ok := errors.AsType[*dropError](err); ok {
		return r.finish(c, a, final.cause, explain(&c.policy, final.cause, final.err)), true
	}
	cause := causeOf(err)
	err = explain(&c.policy, cause, err)
	if last {
		return r.finish(c, a, cause, fmt.Errorf("clip %s dropped after %d tries: %w", c.name, c.tries, err)), true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.retryAt = now.Add(RetryDelay << (2 * (c.tries - 1)))
	if s := r.mu.policies[c.policy.ID]; s != nil {
		s.retries++
		s.err = err.Error()
	}
	return Result{}, false
}

// dropError is a reason to give a clip up that another try would not change.
type dropError struct {
	cause Cause
	err   error
}

func (e *dropError) Error() string { return e.err.Error() }

// finish takes the clip off the list and accounts for it.
func (r *Recorder) finish(c *clip, a attempt, cause Cause, err error) Result {
	res := Result{
		Policy: c.policy.ID, Camera: c.track.id, Clip: c.name, Tries: c.tries, Short: a.short, Cause: cause, Err: err,
	}
	for i := range c.members {
		res.Records = append(res.Records, c.members[i].req.RecordID)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c.pin.release()
	for i, d := range r.mu.pending {
		if d == c {
			r.mu.pending = append(r.mu.pending[:i], r.mu.pending[i+1:]...)
			break
		}
	}
	state := r.mu.policies[c.policy.ID]
	if cause != "" {
		_ = state.drop(cause, err)
	} else {
		res.Path, res.Frames, res.Bytes = filepath.Join(c.policy.Dir, c.name), a.frames, a.bytes
		state.clips++
		state.frames += uint64(a.frames)
		state.bytes += uint64(a.bytes)
		state.err = ""
		seen := map[Reason]bool{}
		for _, s := range a.short {
			if !seen[s.Reason] {
				state.short[s.Reason]++
				seen[s.Reason] = true
			}
		}
		c.track.wrote(c.policy.ID, written{c.name, a.span})
	}
	r.forget()
	return res
}
