// Package api is what the program's HTTP server says in JSON, as Go types: the server writes them, the terminal face and
// tests read them. openapi.yaml beside it says the same to everybody else; tests compare the two.
//
// Names are in snake case. Numbers that end in _ms are milliseconds: lengths of time with fractions, moments since 1970 by the
// server's clock. Age is State.TimeMS minus a thing's CapturedMS. Lists of things that change are objects by id, so that a
// Delta can name one.
//
// The package holds types alone: it starts no goroutine, reads no clock and no file.
package api

// State is all that runs, at one moment.
type State struct {
	TimeMS     int64   `json:"time_ms"`
	Run        string  `json:"run"`
	Pipeline   string  `json:"pipeline"`
	Revision   string  `json:"revision"`
	Generation uint64  `json:"generation"`
	UptimeMS   float64 `json:"uptime_ms"`
	Started    bool    `json:"started"`
	Stopping   bool    `json:"stopping"`
	Ready      bool    `json:"ready"`
	// Reasons says why it is not ready, node by node.
	Reasons     []Reason    `json:"reasons"`
	Ticks       uint64      `json:"ticks"`
	Memory      Memory      `json:"memory"`
	EventsTotal EventsTotal `json:"events_total"`
	Clients     Clients     `json:"clients"`
	// Reloads are the last swaps, the newest last; Probation is of the last one, while it may be rolled back.
	Reloads   []Reload   `json:"reloads"`
	Probation *Probation `json:"probation"`

	Sections
}

// Sections are the parts of a State that are objects by id.
type Sections struct {
	Cameras   map[string]*Camera   `json:"cameras,omitempty"`
	Detectors map[string]*Detector `json:"detectors,omitempty"` // "person@gate"
	Signals   map[string]*Signal   `json:"signals,omitempty"`   // "person.count@gate"
	Events    map[string]*Event    `json:"events,omitempty"`    // "intrusion@gate", "intrusion" in scope pipeline
	Queues    map[string]*Queue    `json:"queues,omitempty"`
	Sinks     map[string]*Sink     `json:"sinks,omitempty"`
	Evidence  map[string]*Evidence `json:"evidence,omitempty"` // policies
}

// Reason is why a node is not ready.
type Reason struct {
	Node string `json:"node"` // "camera/gate"
	Why  string `json:"why"`
}

// Memory is what pictures take, in bytes.
type Memory struct {
	Bytes int64 `json:"bytes"`
	Limit int64 `json:"limit"` // 0: none
}

// EventsTotal counts event records since the start.
type EventsTotal struct {
	Confirmed uint64 `json:"confirmed"`
	Updated   uint64 `json:"updated"`
	Ended     uint64 `json:"ended"`
}

// Clients are those who listen to the server.
type Clients struct {
	Subscribers int    `json:"subscribers"` // of the stream
	Watchers    int    `json:"watchers"`    // of live pictures
	Dropped     uint64 `json:"dropped"`     // messages that slow subscribers did not get
}

// Reload is one swap of the graph.
type Reload struct {
	TimeMS     int64   `json:"time_ms"` // of the commit, or of the refusal
	By         string  `json:"by"`      // who asked
	Result     string  `json:"result"`  // live, kept, superseded, rolled_back, rejected
	Generation uint64  `json:"generation"`
	Revision   string  `json:"revision"`
	Node       string  `json:"node,omitempty"` // to blame
	Step       string  `json:"step,omitempty"` // at which it was refused
	Error      string  `json:"error,omitempty"`
	Changes    int     `json:"changes"` // nodes that are not as they were: the sum of the next four
	Added      int     `json:"added"`
	Removed    int     `json:"removed"`
	Replaced   int     `json:"replaced"`
	Retuned    int     `json:"retuned"`
	Kept       int     `json:"kept"`
	PrepareMS  float64 `json:"prepare_ms"`
	CommitMS   float64 `json:"commit_ms"`
	TotalMS    float64 `json:"total_ms"`
}

// Probation is the time in which the last swap may be rolled back.
type Probation struct {
	Generation uint64   `json:"generation"`
	UntilMS    int64    `json:"until_ms"`
	Nodes      []string `json:"nodes"` // what is watched
}

// Camera is how a camera does.
type Camera struct {
	State      string  `json:"state"` // starting, up, frozen, stalled, down, ended
	Error      string  `json:"error,omitempty"`
	Width      int     `json:"width"`
	Height     int     `json:"height"`
	FPS        float64 `json:"fps"` // measured
	Frames     uint64  `json:"frames"`
	Dropped    Drops   `json:"dropped"`
	Reconnects uint64  `json:"reconnects"`
	Stalls     uint64  `json:"stalls"`
	CapturedMS int64   `json:"captured_ms"` // of the newest picture, 0 before the first
	// Buffers are frame buffers that are held, of so many that there may be.
	Buffers         int `json:"buffers"`
	BuffersCapacity int `json:"buffers_capacity"`
	// RingBytes are what the evidence ring holds, of so many that it may.
	RingBytes    int64 `json:"ring_bytes"`
	RingCapacity int64 `json:"ring_capacity"`
	Watchers     int   `json:"watchers"`
}

// Drops counts pictures that the core did not get, by cause.
type Drops struct {
	Superseded uint64 `json:"superseded"` // a newer one came first
	NoBuffer   uint64 `json:"no_buffer"`  // all buffers were held
	Corrupt    uint64 `json:"corrupt"`    // it could not be decoded
}

// Detector is how a detector does on one camera.
type Detector struct {
	Detector string `json:"detector"`
	Camera   string `json:"camera"`
	Health   string `json:"health"` // ok, degraded, broken, probing
	Error    string `json:"error,omitempty"`
	// Doing is running; waiting for its next picture; told, of a kind that is never run; or hindered: Cause stands in its way, since and, where time alone ends
	// it, until then. Missing is the signal that is not fresh, with cause needs.
	Doing   string `json:"doing"`
	Cause   string `json:"cause,omitempty"`
	SinceMS int64  `json:"since_ms"`
	UntilMS int64  `json:"until_ms,omitempty"`
	Missing string `json:"missing,omitempty"`

	// Offers is the pictures it was offered; each ended as a run or as one of Skips, but for one that may wait.
	Offers   uint64            `json:"offers"`
	Runs     uint64            `json:"runs"`
	OK       uint64            `json:"ok"`
	Failed   uint64            `json:"failed"`
	Panics   uint64            `json:"panics"`
	Timeouts uint64            `json:"timeouts"`
	Missed   uint64            `json:"missed"` // slots of its rate that passed unused
	Skips    map[string]uint64 `json:"skips"`  // by cause

	CostMS     float64 `json:"cost_ms"`     // learned, 0 before the first run
	DeclaredMS float64 `json:"declared_ms"` // what the pipeline says
	MeanMS     float64 `json:"mean_ms"`
	TimeoutMS  float64 `json:"timeout_ms"`
	FPS        float64 `json:"fps"`       // what the pipeline says
	FPSLimit   float64 `json:"fps_limit"` // now: lower while load "adaptive" has lowered it
	Threads    int     `json:"threads"`
	Priority   string  `json:"priority"` // low, normal, high, critical
	Restarts   uint64  `json:"restarts,omitempty"`
}

// Signal is the newest value of a signal on a camera.
type Signal struct {
	Signal     string  `json:"signal"`
	Camera     string  `json:"camera"`
	Type       string  `json:"type"`  // bool, int, float, label, boxes
	Value      any     `json:"value"` // null before the first; of boxes a list of Box
	Fresh      bool    `json:"fresh"`
	CapturedMS int64   `json:"captured_ms"` // 0 before the first
	Frame      uint64  `json:"frame,omitempty"`
	TTLMS      float64 `json:"ttl_ms"` // 0: for ever
}

// Event is an event on a camera, or in scope pipeline on all.
type Event struct {
	Event        string `json:"event"`
	Camera       string `json:"camera,omitempty"`
	State        string `json:"state"`  // idle, potential, confirmed, cooldown
	Answer       string `json:"answer"` // of its condition: yes, no, unknown
	SinceMS      int64  `json:"since_ms"`
	ConfirmedMS  int64  `json:"confirmed_ms,omitempty"`
	Seq          uint64 `json:"seq"` // occurrences so far
	Severity     string `json:"severity"`
	MutedUntilMS int64  `json:"muted_until_ms,omitempty"`
}

// Queue is a hand-over with a bound.
type Queue struct {
	Depth    int    `json:"depth"`
	Capacity int    `json:"capacity"`
	Policy   string `json:"policy"` // what happens when it is full: drop_oldest, drop_newest, newest_wins, not_started, ends
	Dropped  uint64 `json:"dropped"`
}

// Sink is how a sink does.
type Sink struct {
	Error   string `json:"error,omitempty"`
	Written uint64 `json:"written"`
	Dropped uint64 `json:"dropped"`
	Retried uint64 `json:"retried"`
	Waiting int    `json:"waiting"`
}

// Evidence is how an evidence policy does.
type Evidence struct {
	Dir     string            `json:"dir"`
	Error   string            `json:"error,omitempty"`
	Clips   uint64            `json:"clips"`
	Merged  uint64            `json:"merged"`
	Pending int               `json:"pending"`
	Bytes   uint64            `json:"bytes"`
	Dropped map[string]uint64 `json:"dropped"` // by cause
	Short   map[string]uint64 `json:"short"`   // by reason
}
