package evidence

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// ManifestSchema is the id of what schema/meta.schema.json describes.
const ManifestSchema = "rvo.evidence/v1"

// ManifestName is the manifest's file in a clip's folder.
const ManifestName = "meta.json"

// Manifest is a clip's meta.json. Times are RFC 3339 in UTC with nanoseconds: core time and one wall-clock offset for
// the whole clip, so that their differences are exact whatever the clock did meanwhile.
type Manifest struct {
	Schema   string `json:"schema"` // ManifestSchema
	Clip     string `json:"clip"`   // the folder
	Policy   string `json:"policy"`
	Pipeline string `json:"pipeline"`
	Run      string `json:"run"`
	Camera   string `json:"camera"`
	Created  string `json:"created"`

	Events     []ManifestEvent `json:"events"`
	MoreEvents int             `json:"more_events,omitempty"` // further ones that are not listed

	Asked     AskedWindow     `json:"asked"`
	Delivered DeliveredWindow `json:"delivered"`
	Short     []ManifestShort `json:"short"`
	Follows   string          `json:"follows,omitempty"` // the clip that has the beginning of the asked window

	Format  string `json:"format"`            // "jpeg"
	Encoder string `json:"encoder,omitempty"` // the codec that made the pictures
	Quality int    `json:"quality"`           // that the pictures were encoded with, 0 when unknown
	Width   int    `json:"width"`
	Height  int    `json:"height"`

	Snapshot *ManifestSnapshot `json:"snapshot,omitempty"`
	Files    []ManifestFile    `json:"files"`
	Bytes    int64             `json:"bytes"` // of all files listed
}

// ManifestEvent is one event that the clip shows.
type ManifestEvent struct {
	ID         string            `json:"id"` // of the occurrence, as in its records
	Event      string            `json:"event"`
	Severity   string            `json:"severity,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Since      string            `json:"since"`
	Confirmed  string            `json:"confirmed"`
	Capture    string            `json:"capture"`
	Ended      string            `json:"ended,omitempty"` // absent when it went on after the clip was cut
	Revision   string            `json:"revision"`
	Generation uint64            `json:"generation"`
	Leaves     []ManifestLeaf    `json:"leaves"`
	Boxes      []ManifestBoxes   `json:"boxes,omitempty"`
}

// ManifestLeaf is a leaf of the condition at the moment of the decision.
type ManifestLeaf struct {
	Path    string `json:"path"`
	Camera  string `json:"camera,omitempty"`
	Signal  string `json:"signal"`
	Test    string `json:"test,omitempty"`
	Answer  string `json:"answer"`
	Value   any    `json:"value"` // null when never seen
	Age     string `json:"age,omitempty"`
	Frame   uint64 `json:"frame,omitempty"`
	Decided bool   `json:"decided"`
}

// ManifestBoxes is what a detector had found when the event was decided.
type ManifestBoxes struct {
	Signal  string       `json:"signal"`
	Frame   uint64       `json:"frame,omitempty"`
	Capture string       `json:"capture"`
	Boxes   []signal.Box `json:"boxes"`
}

// AskedWindow is what the policy and the events asked for.
type AskedWindow struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	FPS     float64 `json:"fps"` // 0: every picture
	Quality int     `json:"quality"`
}

// DeliveredWindow is what the folder has: the captures of its first and last picture.
type DeliveredWindow struct {
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Frames int    `json:"frames"`
}

// ManifestShort is a stretch that was asked for and is missing.
type ManifestShort struct {
	Reason Reason `json:"reason"`
	From   string `json:"from"`
	To     string `json:"to,omitempty"` // absent where it is not known
}

// ManifestSnapshot describes snapshot.jpg.
type ManifestSnapshot struct {
	File    string `json:"file"`
	Frame   uint64 `json:"frame"`
	Capture string `json:"capture"`
	Drawn   int    `json:"drawn"`          // boxes drawn on it
	Note    string `json:"note,omitempty"` // why boxes that the event has are not on it
}

// ManifestFile is one file of the folder; the manifest itself is not listed.
type ManifestFile struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
	Capture string `json:"capture"`
	Frame   uint64 `json:"frame"`
}

// clock turns core time into the manifest's texts.
type clock struct{ epoch time.Time }

func (k clock) at(t tick.Time) string {
	return wall(k.epoch, t).Format("2006-01-02T15:04:05.000000000Z")
}

func (k clock) event(m *member) ManifestEvent {
	q := &m.req
	e := ManifestEvent{
		ID: q.RecordID, Event: q.Event, Severity: q.Severity, Labels: q.Labels,
		Since: k.at(q.Since), Confirmed: k.at(q.Confirmed), Capture: k.at(q.Capture),
		Revision: q.Revision, Generation: q.Generation, Leaves: []ManifestLeaf{},
	}
	if m.ended != tick.Never {
		e.Ended = k.at(m.ended)
	}
	for i := range q.Leaves {
		e.Leaves = append(e.Leaves, manifestLeaf(&q.Leaves[i]))
	}
	for _, b := range q.Boxes {
		boxes := slices.DeleteFunc(append([]signal.Box{}, b.Boxes...), func(b signal.Box) bool { return !b.Finite() })
		e.Boxes = append(e.Boxes, ManifestBoxes{Signal: b.Signal, Frame: b.Frame, Capture: k.at(b.Capture), Boxes: boxes})
	}
	return e
}

func manifestLeaf(l *event.Leaf) ManifestLeaf {
	m := ManifestLeaf{
		Path: l.Path, Camera: l.Camera, Signal: l.Signal, Test: l.Test, Answer: l.Answer.String(),
		Value: l.Value.Plain(), Frame: l.Frame, Decided: l.Decided,
	}
	if l.Age >= 0 && l.Value.Type() != signal.TypeNone {
		m.Age = l.Age.String()
	}
	return m
}

// header is what retention reads of a manifest.
type header struct {
	Schema   string `json:"schema"`
	Clip     string `json:"clip"`
	Policy   string `json:"policy"`
	Pipeline string `json:"pipeline"`
	Created  string `json:"created"`
	Bytes    int64  `json:"bytes"`

	created time.Time
}

// maxManifest bounds what is read of a meta.json: a clip of 20 minutes at 240 pictures a second has 60 MB of lines, and
// anything larger is not ours.
const maxManifest = 64 << 20

// readHeader reads a manifest's header. It refuses what is not a manifest of this schema for this folder.
func readHeader(data []byte, name string) (header, error) {
	var h header
	if err := json.Unmarshal(data, &h); err != nil {
		return header{}, fmt.Errorf("%s: %w", ManifestName, err)
	}
	if h.Schema != ManifestSchema {
		return header{}, fmt.Errorf("%s: schema %q is not %s", ManifestName, h.Schema, ManifestSchema)
	}
	if h.Clip != name {
		return header{}, fmt.Errorf("%s: is of clip %q: the folder was renamed or copied", ManifestName, h.Clip)
	}
	if h.Bytes < 0 {
		return header{}, fmt.Errorf("%s: bytes %d must not be negative", ManifestName, h.Bytes)
	}
	var err error
	if h.created, err = time.Parse(time.RFC3339Nano, h.Created); err != nil {
		return header{}, fmt.Errorf("%s: created: %w", ManifestName, err)
	}
	return h, nil
}
