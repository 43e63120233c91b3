package evidence

import (
	"maps"
	"slices"
	"strings"
)

// Cause is why a clip was dropped.
type Cause string

// The causes. Full and NotWritable and IO come after MaxTries tries.
const (
	CauseRequest     Cause = "request"      // the request was not valid
	CauseBacklog     Cause = "backlog"      // too many clips wait to be written
	CauseNoFrames    Cause = "no_frames"    // not one picture of the window is there
	CauseMinFree     Cause = "min_free"     // the disk would fall below minFree and nothing old is left to remove
	CauseMaxBytes    Cause = "max_bytes"    // the clip alone is more than maxBytes
	CauseExists      Cause = "exists"       // the folder is there already: a replay of a run that wrote here
	CauseFull        Cause = "disk_full"    // no space, or the quota is used up
	CauseNotWritable Cause = "not_writable" // read-only, or no permission
	CauseIO          Cause = "io"           // any other error of the disk
	CauseShutdown    Cause = "shutdown"     // the time to stop was over
)

// PolicyStatus is a policy's account since the start. Asked = Clips + Merged + Dropped + Pending, where Dropped is the
// sum over the causes. A clip that several requests share is one clip, also when it is dropped.
type PolicyStatus struct {
	ID      string
	Dir     string
	Error   string // why clips are lost now, with a way out; empty when they are not
	Asked   uint64 // requests, valid or not
	Clips   uint64 // written
	Merged  uint64 // requests that became part of another request's clip
	Pending int    // clips that are open or wait to be written
	Retries uint64 // tries after a first one
	Short   map[Reason]uint64
	Dropped map[Cause]uint64
	Removed map[string]uint64 // clips that retention removed, by rule: keep, maxBytes, minFree
	Bytes   uint64            // written, manifests included
	Frames  uint64            // written
}

type policyState struct {
	policy Policy
	gone   bool // no longer in the pipeline: forgotten with its last open clip
	err    string

	asked, clips, merged, retries, bytes, frames uint64
	short                                        map[Reason]uint64
	dropped                                      map[Cause]uint64
	removed                                      map[string]uint64
}

func newPolicyState() *policyState {
	return &policyState{short: map[Reason]uint64{}, dropped: map[Cause]uint64{}, removed: map[string]uint64{}}
}

// drop counts a request that gets no clip and returns err.
func (s *policyState) drop(cause Cause, err error) error {
	s.dropped[cause]++
	switch cause {
	case CauseRequest, CauseNoFrames, CauseShutdown:
		// Nothing is wrong with the folder: the next clip may well be written.
	case CauseBacklog, CauseMinFree, CauseMaxBytes, CauseExists, CauseFull, CauseNotWritable, CauseIO:
		s.err = err.Error()
	}
	return err
}

// Status returns the account of every policy, by id.
func (r *Recorder) Status() []PolicyStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []PolicyStatus
	for id, s := range r.mu.policies {
		p := PolicyStatus{
			ID: id, Dir: s.policy.Dir, Error: s.err,
			Asked: s.asked, Clips: s.clips, Merged: s.merged, Retries: s.retries, Bytes: s.bytes, Frames: s.frames,
			Short: maps.Clone(s.short), Dropped: maps.Clone(s.dropped), Removed: maps.Clone(s.removed),
		}
		for _, c := range r.mu.pending {
			if c.policy.ID == id {
				p.Pending++
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b PolicyStatus) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Rings returns what each camera's ring holds and has counted, by camera.
func (r *Recorder) Rings() map[string]RingStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make(map[string]RingStats, len(r.mu.cameras))
	for id, t := range r.mu.cameras {
		out[id] = t.ring.Stats()
	}
	return out
}

// Unknown returns how many samples were pushed for cameras that have no ring.
func (r *Recorder) Unknown() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mu.unknown
}
