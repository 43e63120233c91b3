package api

import "encoding/json"

// Error is the body of an answer that is not as asked for.
type Error struct {
	Error string `json:"error"`
	Field string `json:"field,omitempty"` // of the request's body, where one is to blame
}

// Why is GET /api/v1/why: what conditions say, part by part.
type Why struct {
	TimeMS   int64     `json:"time_ms"`
	Machines []Machine `json:"machines"`
}

// Machine is an event on a camera with its condition.
type Machine struct {
	Event
	HoldMS         float64 `json:"hold_ms"`
	GraceMS        float64 `json:"grace_ms"`
	UnknownGraceMS float64 `json:"unknown_grace_ms"`
	CooldownMS     float64 `json:"cooldown_ms"`
	Tree           *Tree   `json:"tree"`
}

// Tree is a condition or a part of one.
type Tree struct {
	Path   string `json:"path"` // in the pipeline: "when.all[0]"
	Op     string `json:"op"`   // signal (a comparison), absent, all, any, not, atLeast, sequence
	Answer string `json:"answer"`

	// Of a leaf.
	Signal     string  `json:"signal,omitempty"`
	Camera     string  `json:"camera,omitempty"`
	Test       string  `json:"test,omitempty"` // ">= 1"
	Value      any     `json:"value,omitempty"`
	Fresh      bool    `json:"fresh,omitempty"`
	CapturedMS int64   `json:"captured_ms,omitempty"`
	Frame      uint64  `json:"frame,omitempty"`
	TTLMS      float64 `json:"ttl_ms,omitempty"`
	Decided    bool    `json:"decided,omitempty"` // its answer made that of the whole

	// Modifiers.
	ForMS    float64 `json:"for_ms,omitempty"`
	WithinMS float64 `json:"within_ms,omitempty"`
	SpanMS   float64 `json:"span_ms,omitempty"` // of sequence: the longest from its first part to its last
	Unknown  string  `json:"unknown,omitempty"` // what replaces unknown: yes or no
	N        int     `json:"n,omitempty"`       // of atLeast

	Of []*Tree `json:"of,omitempty"`
}

// Graph is GET /api/v1/graph: what the pipeline is made of.
type Graph struct {
	Pipeline   string                `json:"pipeline"`
	Revision   string                `json:"revision"`
	Generation uint64                `json:"generation"`
	Nodes      []Node                `json:"nodes"`
	Edges      []Edge                `json:"edges"`
	Cameras    map[string]CameraView `json:"cameras"`
}

// Node is one thing that runs; ids as of rvo plan.
type Node struct {
	ID     string                     `json:"id"`             // "detector/person@gate"
	Role   string                     `json:"role"`           // engine, camera, ring, detector, signal, event, evidence, sink
	Name   string                     `json:"name,omitempty"` // "person"
	Camera string                     `json:"camera,omitempty"`
	Kind   string                     `json:"kind,omitempty"`
	Doc    string                     `json:"doc,omitempty"`
	Own    string                     `json:"own"`   // hash of its settings
	Wired  string                     `json:"wired"` // hash of these and the ids of its inputs
	Place  Place                      `json:"place"`
	Inputs []string                   `json:"inputs"`
	Fields map[string]json.RawMessage `json:"fields"` // settings after defaults, credentials redacted
}

// Place is where something stands in the source; line 0 is unknown.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
}

// Edge is data that flows from one node to another.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// CameraView is what is drawn on a camera's picture.
type CameraView struct {
	Zones  []Zone            `json:"zones"`
	Masks  []Zone            `json:"masks"`
	Labels map[string]string `json:"labels,omitempty"`
}

// Zone is a named part of a picture, its corners normalised to 0..1 from the top left.
type Zone struct {
	Name    string       `json:"name"`
	Polygon [][2]float64 `json:"polygon"`
}

// Signals is GET /api/v1/signals.
type Signals struct {
	TimeMS  int64              `json:"time_ms"`
	Signals map[string]*Signal `json:"signals"`
}

// History is GET /api/v1/signals/history: samples at the same distance, the newest last.
type History struct {
	StepMS int64             `json:"step_ms"`
	EndMS  int64             `json:"end_ms"` // of the newest sample
	Series map[string]Series `json:"series"`
}

// Series is the samples of one signal.
type Series struct {
	// Values are numbers: 0 and 1 of a bool, how many of boxes, of a label the index in Words. null where there was none.
	Values []*float64 `json:"values"`
	// Fresh has a letter a sample: 1 where the value might decide, else 0.
	Fresh string   `json:"fresh"`
	Words []string `json:"words,omitempty"`
}

// Body is what a request sends.
type Body interface {
	// Form is an example of it with every member, for who sent something else.
	Form() string
}

// External is the body of POST /api/v1/signals/{name}.
type External struct {
	Camera string          `json:"camera,omitempty"` // empty: every camera that has the signal
	Value  json.RawMessage `json:"value"`
	AgeMS  float64         `json:"age_ms,omitempty"` // how long ago it was so
}

// Records is GET /api/v1/events: event records as sinks get them, the newest first.
type Records struct {
	Records []json.RawMessage `json:"records"`
	Next    string            `json:"next,omitempty"` // what to give as before= for older ones
	Total   uint64            `json:"total"`          // records since the start
	Dropped uint64            `json:"dropped"`        // of these, how many are not kept any more
}

// Clips is GET /api/v1/evidence, the newest first.
type Clips struct {
	Clips []Clip `json:"clips"`
	More  bool   `json:"more,omitempty"` // there are older ones
}

// Clip is one folder of evidence.
type Clip struct {
	Policy   string      `json:"policy"`
	Clip     string      `json:"clip"`
	Camera   string      `json:"camera"`
	Created  string      `json:"created"`
	Bytes    int64       `json:"bytes"`
	Frames   int         `json:"frames"`
	From     string      `json:"from"`
	To       string      `json:"to"`
	Short    []string    `json:"short"`              // why it shows less than was asked for
	GapMS    float64     `json:"gap_ms,omitempty"`   // the longest time between two pictures, where it is over four times the usual one
	Snapshot string      `json:"snapshot,omitempty"` // the file's name
	Events   []ClipEvent `json:"events"`
}

// ClipEvent is an occurrence that a clip shows.
type ClipEvent struct {
	ID       string `json:"id"`
	Event    string `json:"event"`
	Severity string `json:"severity,omitempty"`
}

// Mute is the body of POST /api/v1/mute: nobody is told of the events meant for that long.
type Mute struct {
	Event  string `json:"event,omitempty"`
	Camera string `json:"camera,omitempty"`
	For    string `json:"for"` // "10m"; "0s" ends it
}

// Muted is the answer to Mute.
type Muted struct {
	Muted   []string `json:"muted"` // ids as in State.Events
	UntilMS int64    `json:"until_ms,omitempty"`
}

// Login is the body of POST /api/v1/login.
type Login struct {
	Token string `json:"token"`
}

// Session is GET /api/v1/session.
type Session struct {
	Authorized bool   `json:"authorized"` // this request carries the token or a session
	Needed     string `json:"needed"`     // what needs the token: changes, everything
	Token      bool   `json:"token"`      // the server has one
}

// Log is a line of the program's log.
type Log struct {
	TimeMS  int64             `json:"time_ms"`
	Level   string            `json:"level"` // DEBUG, INFO, WARN, ERROR
	Message string            `json:"message"`
	Attrs   map[string]string `json:"attrs,omitempty"`
}

// Lost says that a subscriber was too slow.
type Lost struct {
	Messages uint64 `json:"messages"`
}

// LogLines is GET /api/v1/log.
type LogLines struct {
	Lines []Log `json:"lines"`
}

// Form implements Body.
func (*External) Form() string {
	return `{"camera": "gate", "value": true, "age_ms": 0}, of which only value has to be there`
}

// Form implements Body.
func (*Mute) Form() string {
	return `{"event": "intrusion", "camera": "gate", "for": "10m"}, of which one of event and camera may be left out`
}

// Form implements Body.
func (*Login) Form() string { return `{"token": "TOKEN"}` }
