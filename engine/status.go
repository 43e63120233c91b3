package engine

import (
	"strings"
	"time"

	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Status is what the engine says of itself at one moment, for /ready, /health and the summary at the end of a run.
type Status struct {
	Run        string        `json:"run"`
	Pipeline   string        `json:"pipeline"`
	Revision   string        `json:"revision"`
	Generation uint64        `json:"generation"`
	Uptime     time.Duration `json:"uptime_ns"`
	Started    bool          `json:"started"`  // every node was opened or given its first chance to
	Stopping   bool          `json:"stopping"` // no new work is begun
	Nice       int           `json:"nice"`     // how far the detectors' threads are lowered, as the system took it
	// Reasons says, node by node, why the pipeline is not ready; empty: it is.
	Reasons   []Reason         `json:"reasons"`
	Cameras   []CameraStatus   `json:"cameras"`
	Detectors []DetectorStatus `json:"detectors"`
	Sinks     []SinkStatus     `json:"sinks"`
	Evidence  []EvidenceStatus `json:"evidence"`
	Events    EventCounts      `json:"events"`
	Reloads   []Reload         `json:"reloads"`             // the last 16 swaps, oldest first
	Probation *Probation       `json:"probation,omitempty"` // of the last one, while it may be rolled back
}

// Ready reports whether every camera, detector, sink and evidence folder works.
func (s *Status) Ready() bool { return s.Started && !s.Stopping && len(s.Reasons) == 0 }

// Reason is why one node is not ready.
type Reason struct {
	Node string `json:"node"` // "camera/front", "detector/hog@front", "sink/log", "evidence/clip"
	Why  string `json:"why"`
}

// CameraStatus is a camera's state.
type CameraStatus struct {
	ID         string        `json:"id"`
	State      string        `json:"state"`           // starting, up, frozen, stalled, down, ended
	Error      string        `json:"error,omitempty"` // why it is down, credentials redacted
	Width      int           `json:"width"`
	Height     int           `json:"height"`
	FPS        float64       `json:"fps"` // measured
	Frames     uint64        `json:"frames"`
	Dropped    uint64        `json:"dropped"` // superseded, no buffer, corrupt
	Reconnects uint64        `json:"reconnects"`
	Age        time.Duration `json:"age_ns"` // of the newest frame, -1 before the first
}

// DetectorStatus is a detector's state on one camera.
type DetectorStatus struct {
	ID      string            `json:"id"`
	Camera  string            `json:"camera"`
	Health  string            `json:"health"` // ok, degraded, broken, probing
	Error   string            `json:"error,omitempty"`
	Runs    uint64            `json:"runs"`
	Failed  uint64            `json:"failed"`
	Skipped map[string]uint64 `json:"skipped"` // by cause
	Mean    time.Duration     `json:"mean_ns"` // of a run
	// Restarts counts the times that the detector's own process was started again; one process serves all cameras.
	Restarts uint64 `json:"restarts,omitempty"`
}

// SinkStatus is a sink's state.
type SinkStatus struct {
	ID      string `json:"id"`
	Error   string `json:"error,omitempty"`
	Written uint64 `json:"written"`
	Dropped uint64 `json:"dropped"`
	Waiting int    `json:"waiting"`
}

// EvidenceStatus is an evidence policy's state.
type EvidenceStatus struct {
	ID      string `json:"id"`
	Dir     string `json:"dir"`
	Error   string `json:"error,omitempty"`
	Clips   uint64 `json:"clips"`
	Dropped uint64 `json:"dropped"`
}

// EventCounts counts event records since the start.
type EventCounts struct {
	Confirmed uint64 `json:"confirmed"`
	Updated   uint64 `json:"updated"`
	Ended     uint64 `json:"ended"`
}

// snapshot is a copy of what belongs to the holder of the turn.
type snapshot struct {
	w      *wiring
	now    tick.Time
	offset int64 // wall minus core time
	ticks  uint64
	stats  sched.Stats
	health []sched.Health
	cost   []time.Duration // learned, by instance
	period []time.Duration
	doing  []sched.Explanation
	cells  []signal.Cell
	events []sched.MachineLook // by machine
}

// Status returns what the engine says of itself now. It may be called from any goroutine, before, during and after Run.
func (e *Engine) Status() Status {
	st, _ := e.snapshot()
	return st
}

// snapshot has the core goroutine copy its state between ticks, and nothing else: with a thousand cameras telling what it means
// takes many times as long. Before the run it copies what is there, after it what was kept.
func (e *Engine) snapshot() (Status, snapshot) {
	var snap snapshot
	e.starting.Lock()
	if p := phase(e.state.Load()); p == phaseNew || p == phaseOpening {
		defer e.starting.Unlock()
		snap = e.copyCore() // nothing else touches the core yet, and cannot begin to
		st := e.status(&snap)
		return st, snap
	}
	e.starting.Unlock()
	final := e.final.Load()
	if final == nil {
		snap = e.look()
		st := e.status(&snap)
		return st, snap
	}
	st := *final // what the core was is kept before it stops answering; sinks and clips may still be at work
	st.Sinks, st.Evidence = e.sinkStatus(e.w.Load()), e.evidence.status()
	return st, *e.finalCore.Load()
}

// status tells what a snapshot means.
func (e *Engine) status(snap *snapshot) Status {
	p, w := phase(e.state.Load()), snap.w
	st := Status{
		Run: e.run, Pipeline: w.g.Name, Revision: w.g.Revision, Generation: w.generation,
		Started: p > phaseOpening && e.opened.Load(), Stopping: p == phaseStopping || p == phaseDone, Reasons: []Reason{},
		Nice:  int(e.pool.niced.Load()),
		Sinks: e.sinkStatus(w), Evidence: e.evidence.status(),
		Events: EventCounts{Confirmed: e.records.confirmed.Load(), Updated: e.records.updated.Load(), Ended: e.records.ended.Load()},
	}
	st.Reloads, st.Probation = e.reloads.tell()
	if p != phaseNew {
		st.Uptime = time.Since(e.begin)
	}
	for _, c := range w.cams {
		s := c.status()
		st.Cameras = append(st.Cameras, s)
		if s.State != cameraUp {
			st.Reasons = append(st.Reasons, Reason{"camera/" + s.ID, strings.TrimSuffix(s.State+": "+s.Error, ": ")})
		}
	}
	for i, l := range w.lanes {
		st.Detectors = append(st.Detectors, e.detectorStatus(i, l, snap))
		if s := &st.Detectors[i]; s.Health != sched.HealthOK.String() {
			st.Reasons = append(st.Reasons, Reason{"detector/" + l.name(), strings.TrimSuffix(s.Health+": "+s.Error, ": ")})
		}
	}
	st.Reasons = append(st.Reasons, e.silent(snap)...)
	for _, s := range st.Sinks {
		if s.Error != "" {
			st.Reasons = append(st.Reasons, Reason{"sink/" + s.ID, s.Error})
		}
	}
	for _, s := range st.Evidence {
		if s.Error != "" {
			st.Reasons = append(st.Reasons, Reason{"evidence/" + s.ID, s.Error})
		}
	}
	return st
}

func (e *Engine) detectorStatus(i int, l *lane, snap *snapshot) DetectorStatus {
	g := snap.w.g
	in := &g.Instances[i]
	s := &snap.stats.Lanes[i]
	d := DetectorStatus{
		ID: g.Detectors[in.Detector].ID, Camera: g.Cameras[in.Camera].ID, Health: snap.health[i].String(),
		Error: redact(l.lastError()), Runs: s.Runs, Failed: s.Failed + s.Panics + s.Timeouts, Skipped: map[string]uint64{},
	}
	if e.opened.Load() {
		d.Restarts = snap.w.models[in.Detector].restarts()
	}
	for c, n := range s.Skips {
		if n > 0 {
			d.Skipped[sched.Cause(c).String()] = n
		}
	}
	if done := s.OK + s.Failed + s.Panics; done > 0 {
		d.Mean = s.Took / time.Duration(done)
	}
	return d
}

// silent names the signals that events read and that have gone stale although their camera is up and nothing keeps the
// detector from running but itself: a detector that runs and says nothing is as dead as one that fails.
func (e *Engine) silent(snap *snapshot) []Reason {
	var out []Reason
	now, w := snap.now, snap.w
	for i := range w.g.Cells {
		cell := &w.g.Cells[i]
		if cell.Instance < 0 || !w.read[i] {
			continue
		}
		in := &w.g.Instances[cell.Instance]
		c := &snap.cells[i]
		if c.Fresh(now) || snap.health[cell.Instance] != sched.HealthOK || in.Gate != nil || len(in.Producers) > 0 {
			continue
		}
		began := max(c.Since, 0)
		if c.Since == tick.Never || now.Sub(began) <= cell.TTL || snap.stats.Lanes[cell.Instance].OK == 0 {
			continue
		}
		if !in.NoFrame && w.cams[in.Camera].status().State != cameraUp {
			continue // the camera is the reason, and named
		}
		out = append(out, Reason{"detector/" + w.lanes[cell.Instance].name(), "signal " + cell.Signal + " has no fresh value: the detector runs and does not give it"})
	}
	return out
}

func (e *Engine) sinkStatus(w *wiring) []SinkStatus {
	var out []SinkStatus
	for _, s := range e.openSinks(w) {
		out = append(out, s.status())
	}
	return out
}

// openSinks returns the sinks once all of them are open.
func (e *Engine) openSinks(w *wiring) []*sink {
	if e.opened.Load() {
		return w.sinks
	}
	return nil
}
