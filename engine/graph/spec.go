// Package graph is what a pipeline means: checked, immutable, flat.
//
//	g, err := graph.Build(spec, kinds)
//
// A Spec is what a front end compiled; Build is the only way to a Graph and returns it or all that is wrong, never
// both. A *Graph cannot be invalid. The package reads no clock and starts no goroutine.
package graph

import (
	"encoding/json"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
)

// Spec is a pipeline as data: every default of the language filled in except those that depend on other nodes (ttl,
// ring), which Build computes. Lists are in the order of their ids.
type Spec struct {
	Name     string // of the pipeline: its folder's name, or the file's without .cue
	Dir      string // folder that input paths are relative to
	Revision string // content hash of the pipeline, hex
	Engine   EngineSpec

	Cameras   []CameraSpec
	Detectors []DetectorSpec
	Events    []EventSpec
	Evidence  []EvidenceSpec
	Sinks     []SinkSpec
}

// Place is where something stands in the source; the zero Place is unknown.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
}

// EngineSpec bounds what the pipeline may use.
type EngineSpec struct {
	Cores      int   // CPU slots for detectors; 0: as many as the machine has
	RingMemory int64 // bytes for all evidence rings together; 0: DefaultRingMemory
	Reserve    int   // CPU slots that only critical detectors take; at least one stays for the others
	Memory     int64 // bytes for evidence rings and buffers of pictures together; 0: no limit
}

// DefaultRingMemory holds ten seconds of 30 pictures a second in JPEG from about twenty 480p cameras or four of 1080p.
const DefaultRingMemory = 256 << 20

// Pace is how a file camera's time runs.
type Pace uint8

const (
	// PaceLive plays a file at its own rate.
	PaceLive Pace = iota
	// PaceLockstep runs the core on media time: the next picture comes when all that is due has finished.
	PaceLockstep
)

// CameraSpec is a camera.
type CameraSpec struct {
	ID            string
	Kind          string
	Options       json.RawMessage // canonical JSON of what stands under the kind's key
	FPS           float64         // pictures a second; 0: the source knows
	Width, Height int             // asked of the source; 0: as it comes
	Ring          time.Duration   // evidence history; 0: computed from the evidence that needs it
	Pace          Pace
	Loop          bool
	Priority      *Priority     // moves that of its detectors, by its distance from normal; nil: normal
	FreezeAfter   time.Duration // a picture unchanged for longer is frozen; 0: never
	Zones         []ZoneSpec    // parts of the picture that conditions name, by name
	Masks         []ZoneSpec    // parts of the picture in which nothing counts, by name
	Labels        map[string]string
	Enabled       bool
	Place         Place
}

// ZoneSpec is a named part of a camera's picture.
type ZoneSpec struct {
	Name    string
	Polygon signal.Polygon
}

// DefaultFreezeAfter is for live sources: several key frames of any camera, each of which a sensor's noise makes differ.
const DefaultFreezeAfter = time.Minute

// FramePolicy is which frame a detector takes.
type FramePolicy uint8

const (
	// FrameNext takes a frame that arrived after the detector became ready, or at most a quarter of the camera's period
	// before: the freshest result.
	FrameNext FramePolicy = iota
	// FrameNewest takes the newest frame there is as soon as the detector is ready: the most runs.
	FrameNewest
)

// Priority orders detectors when more is due than fits.
type Priority uint8

// The priorities, lowest first.
const (
	Low Priority = iota
	Normal
	High
	Critical
)

// LoadPolicy is what a detector does when it takes longer than its rate allows.
type LoadPolicy uint8

const (
	// LoadBackoff pauses after an overrun of two periods, from the end of the run, by cost class.
	LoadBackoff LoadPolicy = iota
	// LoadNone never pauses.
	LoadNone
	// LoadAdaptive moves the rate between MinFPS and FPS.
	LoadAdaptive
)

// Isolation is where a detector runs.
type Isolation uint8

const (
	// IsolateThread runs it in this process: a panic is contained, an abort of a library is not.
	IsolateThread Isolation = iota
	// IsolateProcess runs it in a process of its own, one for all its cameras.
	IsolateProcess
)

// CostClass is how heavy a run is: it sets the pause after an overrun.
type CostClass uint8

// The cost classes: up to 5 ms, up to 30 ms, above.
const (
	CostLow CostClass = iota
	CostMedium
	CostHigh
)

// DetectorSpec is a detector, with one instance on each of its cameras.
type DetectorSpec struct {
	ID        string
	Kind      string
	Options   json.RawMessage
	Cameras   []string      // ids; empty: every camera
	FPS       float64       // at most this many runs a second and camera
	MinFPS    float64       // no policy goes below this; 0: none, a tenth of FPS when adaptive
	Cost      time.Duration // expected time of one run; 0: the kind's
	CostClass *CostClass    // nil: from Cost
	Threads   int           // CPU slots of one run, at least 1
	Timeout   time.Duration // a run longer than this is abandoned; 0: DefaultTimeout
	Frame     FramePolicy
	MaxAge    time.Duration            // a frame older than this is not looked at; 0: no limit
	Needs     []string                 // "detector.signal": runs only while these are fresh, on its producer's frame
	When      *event.Cond              // runs only while this is yes; nil: always
	TTL       map[string]time.Duration // overrides by signal name
	Priority  Priority
	Load      LoadPolicy
	Isolate   Isolation
	On        map[string]OnSpec // what is different on a camera, by its id
	Enabled   bool
	Place     Place
}

// DefaultTimeout abandons a run that is clearly stuck and lets a slow model on a small machine finish.
const DefaultTimeout = 5 * time.Second

// Scope is what an event is watched on.
type Scope uint8

const (
	// ScopeCamera watches it on each of its cameras on its own.
	ScopeCamera Scope = iota
	// ScopePipeline watches it once: every leaf of its condition names the camera that it reads.
	ScopePipeline
)

// DuringSpec is when an event is watched: outside of these hours its answer is no.
type DuringSpec struct {
	Hours    []string // spans as event.ParseSchedule reads them: "mon-fri 08:00-18:00"
	TimeZone string   // IANA name: "Europe/Berlin"
}

// EventSpec is an event, with one machine on each of its cameras or, in scope pipeline, one.
type EventSpec struct {
	ID           string
	When         *event.Cond
	Scope        Scope
	Cameras      []string      // ids; empty: every camera; none in scope pipeline
	During       *DuringSpec   // nil: always
	DecideWithin time.Duration // from true in front of the camera to confirmed, at most, for vet to prove; 0: not said
	Hold         time.Duration
	Grace        time.Duration
	UnknownGrace time.Duration
	Cooldown     time.Duration
	MaxDuration  time.Duration // with HasMax
	HasMax       bool
	Updates      time.Duration // a record this often while confirmed; 0: none
	Severity     string        // info, warning, critical
	Labels       map[string]string
	Evidence     string   // id, or empty
	Sinks        []string // ids; empty: every sink
	Enabled      bool
	Place        Place
}

// MinRepeat and MinUpdates bound how often one machine may speak: below them it would flood its sinks and, after the process
// was held up, have all of it to say at once.
const (
	MinRepeat  = 10 * time.Millisecond  // from one confirmation to the next: maxDuration, cooldown and hold together
	MinUpdates = 100 * time.Millisecond // from one update to the next
)

// DefaultUnknownGrace is how long a confirmed event outlives its signals: long enough for a camera to reconnect.
const DefaultUnknownGrace = 10 * time.Second

// EvidenceSpec is what is kept of an event.
type EvidenceSpec struct {
	ID       string
	Pre      time.Duration
	Post     time.Duration
	FPS      float64       // pictures a second; 0: as many as the camera gives
	Quality  int           // JPEG, 1 to 100
	Dir      string        // folder, relative to the state folder; empty: "evidence"
	Keep     time.Duration // age at which clips go; 0: no limit
	MaxBytes int64         // of this policy's clips; 0: no limit
	MinFree  int64         // bytes to be left free on the disk; 0: DefaultMinFree
	Place    Place
}

// DefaultMinFree is left to everybody else on the disk.
const DefaultMinFree = 512 << 20

// SinkSpec is a place where event records go.
type SinkSpec struct {
	ID      string
	Kind    string
	Options json.RawMessage
	Queue   int // records that wait while the sink is slow; 0: DefaultSinkQueue
	Place   Place
}

// DefaultSinkQueue holds a burst of every event on every camera of a small site.
const DefaultSinkQueue = 256
