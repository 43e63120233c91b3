package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Request asks for a clip of one camera because an event confirmed.
type Request struct {
	Policy   string
	Event    string
	Camera   string
	RecordID string // of the occurrence: Ended names it again

	Revision   string // of the pipeline that decided
	Generation uint64

	Since     tick.Time // when the condition became yes
	Confirmed tick.Time // when it had held long enough
	Capture   tick.Time // of the newest picture that decided; the pre-roll counts from here
	Epoch     time.Time // wall time of core time 0, as the core knows it at this moment
	// Ended says that the occurrence is over as it begins (maxDuration 0s): no call of Ended follows.
	Ended bool

	Severity string
	Labels   map[string]string
	Leaves   []event.Leaf
	Boxes    []BoxSet // what the deciding detectors found, to be drawn on the snapshot
}

// BoxSet is one boxes signal at the moment of the decision.
type BoxSet struct {
	Signal string
	Frame  uint64 // sequence number of the picture the boxes were found on, 0 when unknown
	// Capture is when that picture was taken.
	Capture tick.Time
	Boxes   []signal.Box
}

func (q *Request) validate() error {
	errs := []error{safeID("event", q.Event), safeID("camera", q.Camera)}
	if q.RecordID == "" {
		errs = append(errs, errors.New("record id is empty"))
	}
	if q.Capture < 0 || q.Confirmed < q.Capture {
		errs = append(errs, fmt.Errorf("event %q captured at %s and confirmed at %s: the first must not be negative nor the later one",
			q.Event, q.Capture, q.Confirmed))
	}
	return errors.Join(errs...)
}

// clone copies what the caller may change after Open returns.
func (q Request) clone() Request {
	q.Labels, q.Leaves, q.Boxes = maps.Clone(q.Labels), slices.Clone(q.Leaves), slices.Clone(q.Boxes)
	return q
}

// nameTime is how a folder's name tells when the event was confirmed: sortable, to the millisecond, and without the
// colons that some file systems refuse.
const nameTime = "20060102T150405.000Z"

// name returns the clip's folder. The record's id is in it as a hash, and that id is unique across restarts: two clips
// never share a folder, even when the clock is set back.
func (q *Request) name() string {
	sum := sha256.Sum256([]byte(q.RecordID + "\x00" + q.Camera + "\x00" + q.Policy))
	return fmt.Sprintf("%s_%s_%s_%s", q.Event, q.Camera, wall(q.Epoch, q.Confirmed).Format(nameTime), hex.EncodeToString(sum[:6]))
}

// wall returns the wall time of a core time.
func wall(epoch time.Time, t tick.Time) time.Time { return epoch.Add(time.Duration(t)).UTC() }
