package engine

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/engine/event"
	"rvo.dev/engine/sched"
)

// metrics are what the engine measures. Names follow Prometheus' conventions: seconds, bytes, _total. Label values come
// from the pipeline (ids) and from fixed lists (states, causes), never from data.
type metrics struct {
	e *Engine

	tick          prometheus.Histogram
	frameAge      *prometheus.HistogramVec
	run           *prometheus.HistogramVec
	runSeconds    []prometheus.Observer // by instance
	agePicked     []prometheus.Observer // by instance's camera
	encodeSeconds *prometheus.HistogramVec
	decision      *prometheus.HistogramVec
	transitions   *prometheus.CounterVec
	descs         map[string]*prometheus.Desc
}

// native makes a histogram that keeps its resolution over all magnitudes (factor 1.1 a bucket) and still has classic
// buckets for those who scrape the text form.
func native(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 160, NativeHistogramMinResetDuration: time.Hour,
	}
}

func newMetrics(e *Engine, reg *prometheus.Registry) *metrics {
	latency := []float64{1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
	ticks := []float64{1e-7, 2.5e-7, 5e-7, 1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 1e-3, 1e-2}
	m := &metrics{
		e:    e,
		tick: prometheus.NewHistogram(native("rvo_tick_seconds", "Time of one turn of the core.", ticks)),
		frameAge: prometheus.NewHistogramVec(native("rvo_frame_age_seconds",
			"Age of a picture, from its capture, when a detector starts on it.", latency), []string{"camera"}),
		encodeSeconds: prometheus.NewHistogramVec(native("rvo_encode_seconds", "Time to encode one picture for evidence.", latency), []string{"camera"}),
		decision: prometheus.NewHistogramVec(native("rvo_event_decision_seconds",
			"Time from the capture of the deciding picture to the confirmation; hold included.", latency), []string{"event", "camera"}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rvo_events_total", Help: "Changes of events, by state (potential, idle, confirmed, updated, ended) and, where ended or given up, by reason.",
		}, []string{"event", "camera", "state", "reason"}),
		descs: map[string]*prometheus.Desc{},
	}
	m.run = prometheus.NewHistogramVec(native("rvo_detector_run_seconds", "Time of one run of a detector.", latency), []string{"detector", "camera"})
	for i := range e.g.Instances {
		in := &e.g.Instances[i]
		cam := e.g.Cameras[in.Camera].ID
		m.runSeconds = append(m.runSeconds, m.run.WithLabelValues(e.g.Detectors[in.Detector].ID, cam))
		m.agePicked = append(m.agePicked, m.frameAge.WithLabelValues(cam))
	}
	for i := range e.g.Machines {
		mc := &e.g.Machines[i]
		m.transitions.WithLabelValues(e.g.Events[mc.Event].ID, e.g.Cameras[mc.Camera].ID, event.KindConfirmed.String(), "")
	}
	reg.MustRegister(m.tick, m.frameAge, m.encodeSeconds, m.decision, m.transitions, m.run, m)
	return m
}

func (m *metrics) ticked(d time.Duration)            { m.tick.Observe(d.Seconds()) }
func (m *metrics) ran(l *lane, took time.Duration)   { m.runSeconds[l.index].Observe(took.Seconds()) }
func (m *metrics) picked(l *lane, age time.Duration) { m.agePicked[l.index].Observe(age.Seconds()) }
func (m *metrics) abandoned(l *lane)                 { m.runSeconds[l.index].Observe(l.limit().Seconds()) }

func (m *metrics) transition(ev, cam string, t *event.Transition) {
	m.transitions.WithLabelValues(ev, cam, t.Kind.String(), t.Reason.String()).Inc()
}

// series is one metric that is read off the engine's state at each scrape.
type series struct {
	name, help string
	kind       prometheus.ValueType
	labels     []string
}

// table lists what Collect gives; docs/metrics.md shows it.
func (m *metrics) table() []series {
	const c, g = prometheus.CounterValue, prometheus.GaugeValue
	return []series{
		{"rvo_info", "Always 1; which pipeline runs.", g, []string{"pipeline", "revision", "run"}},
		{"rvo_generation", "Counts the graphs that this run has executed.", g, nil},
		{"rvo_ready", "1 when every camera, detector, sink and evidence folder works.", g, nil},
		{"rvo_ticks_total", "Turns of the core.", c, nil},
		{"rvo_camera_up", "1 while the camera gives pictures.", g, []string{"camera"}},
		{"rvo_camera_frozen", "1 while the camera's picture has not changed for freezeAfter.", g, []string{"camera"}},
		{"rvo_camera_fps", "Measured rate of the camera.", g, []string{"camera"}},
		{"rvo_camera_reconnects_total", "Tries to open the camera again.", c, []string{"camera"}},
		{"rvo_camera_stalls_total", "Times that the camera gave nothing for too long.", c, []string{"camera"}},
		{"rvo_camera_readers_leaked", "Reads that hang in foreign code and were given up.", g, []string{"camera"}},
		{"rvo_frames_total", "Pictures that the camera gave.", c, []string{"camera"}},
		{"rvo_frames_dropped_total", "Pictures that the core did not get, by reason: superseded, no_buffer, corrupt.", c, []string{"camera", "reason"}},
		{"rvo_frame_buffers", "Frame buffers that are held.", g, []string{"camera"}},
		{"rvo_frame_buffers_capacity", "Frame buffers that there may be.", g, []string{"camera"}},
		{"rvo_detector_runs_total", "Runs that ended, by outcome: ok, failed, panic, timeout.", c, []string{"detector", "camera", "outcome"}},
		{"rvo_detector_skips_total", "Pictures offered to a detector and not looked at, by reason.", c, []string{"detector", "camera", "reason"}},
		{"rvo_detector_missed_total", "Slots of the detector's rate that passed unused.", c, []string{"detector", "camera"}},
		{"rvo_detector_cost_seconds", "Learned cost of one run, smoothed over about eight.", g, []string{"detector", "camera"}},
		{"rvo_detector_rate_limit", "Runs a second that the detector is capped to now: below its fps while load \"adaptive\" has lowered it.", g, []string{"detector", "camera"}},
		{"rvo_detector_health", "1 for the present health: ok, degraded, broken, probing.", g, []string{"detector", "camera", "health"}},
		{"rvo_detector_process_restarts_total", "Times that a detector's own process was started again.", c, []string{"detector"}},
		{"rvo_detector_threads_leaked", "Threads that are stuck in abandoned runs.", g, nil},
		{"rvo_results_stale_total", "Results that were older than what was known already.", c, nil},
		{"rvo_results_late_total", "Results of runs that had been abandoned.", c, nil},
		{"rvo_signal_age_seconds", "Age of a signal's newest value, from its capture.", g, []string{"signal", "camera"}},
		{"rvo_signal_fresh", "1 while the signal may decide.", g, []string{"signal", "camera"}},
		{"rvo_sink_records_total", "Event records, by outcome: written, dropped, retried.", c, []string{"sink", "outcome"}},
		{"rvo_clips_total", "Clips asked for, by outcome: written, merged, or the cause of a drop.", c, []string{"evidence", "outcome"}},
		{"rvo_clips_pending", "Clips that are open or wait to be written.", g, []string{"evidence"}},
		{"rvo_clips_short_total", "Clips that show less than was asked for, by reason.", c, []string{"evidence", "reason"}},
		{"rvo_clip_bytes_total", "Bytes of the clips that were written.", c, []string{"evidence"}},
		{"rvo_evidence_samples_total", "Pictures for the evidence ring, by outcome: kept, failed, dropped.", c, []string{"camera", "outcome"}},
		{"rvo_ring_bytes", "Bytes in the evidence ring.", g, []string{"camera"}},
		{"rvo_ring_capacity_bytes", "Bytes that the evidence ring may hold.", g, []string{"camera"}},
		{"rvo_queue_depth", "Values that wait in a queue.", g, []string{"queue"}},
		{"rvo_queue_capacity", "Values that may wait in a queue.", g, []string{"queue"}},
		{"rvo_queue_dropped_total", "Values that a full queue let go.", c, []string{"queue"}},
	}
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, s := range m.table() {
		d := prometheus.NewDesc(s.name, s.help, s.labels, nil)
		m.descs[s.name] = d
		ch <- d
	}
}

// Collect implements prometheus.Collector. The core goroutine copies its counters between two ticks; nothing on the live
// path takes a lock for it.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	st, snap := m.e.snapshot()
	kinds := map[string]prometheus.ValueType{}
	for _, s := range m.table() {
		kinds[s.name] = s.kind
	}
	put := func(name string, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(m.descs[name], kinds[name], v, labels...)
	}
	put("rvo_info", 1, st.Pipeline, st.Revision, st.Run)
	put("rvo_generation", float64(st.Generation))
	put("rvo_ready", flag(st.Ready()))
	put("rvo_ticks_total", float64(snap.ticks))
	put("rvo_results_stale_total", float64(snap.stats.Stale))
	put("rvo_results_late_total", float64(snap.stats.Late))
	put("rvo_detector_threads_leaked", float64(m.e.pool.leaked.Load()))
	m.cameras(put, &st)
	m.detectors(put, &snap)
	m.processes(put)
	m.outputs(put)
}

type putFunc func(name string, v float64, labels ...string)

func (m *metrics) cameras(put putFunc, st *Status) {
	rings := m.e.evidence.rec.Rings()
	for i, c := range m.e.cams {
		id := c.spec.ID
		put("rvo_camera_up", flag(st.Cameras[i].State == cameraUp || st.Cameras[i].State == cameraFrozen), id)
		put("rvo_camera_frozen", flag(st.Cameras[i].State == cameraFrozen), id)
		put("rvo_camera_fps", st.Cameras[i].FPS, id)
		put("rvo_camera_reconnects_total", float64(c.reconnects.Load()), id)
		put("rvo_camera_stalls_total", float64(c.stalls.Load()), id)
		put("rvo_camera_readers_leaked", float64(c.leaked.Load()), id)
		put("rvo_frames_total", float64(c.seq.Load()), id)
		put("rvo_frames_dropped_total", float64(c.superseded.Load()), id, "superseded")
		put("rvo_frames_dropped_total", float64(c.noBuffer.Load()), id, "no_buffer")
		put("rvo_frames_dropped_total", float64(c.corrupt.Load()), id, "corrupt")
		ps := c.pool.Stats()
		put("rvo_frame_buffers", float64(ps.Held), id)
		put("rvo_frame_buffers_capacity", float64(ps.Bound), id)
		enc := m.e.evidence.encoders[i]
		if enc == nil {
			continue
		}
		put("rvo_evidence_samples_total", float64(enc.encoded.Load()), id, "kept")
		put("rvo_evidence_samples_total", float64(enc.failed.Load()), id, "failed")
		put("rvo_evidence_samples_total", float64(enc.q.Dropped()), id, "dropped")
		queueSeries(put, "encoder/"+id, enc.q.Len(), enc.q.Cap(), enc.q.Dropped())
		put("rvo_ring_bytes", float64(rings[id].Bytes), id)
		put("rvo_ring_capacity_bytes", float64(c.spec.RingBytes), id)
	}
}

func (m *metrics) detectors(put putFunc, snap *snapshot) {
	g := m.e.g
	for i := range g.Instances {
		det, cam := g.Detectors[g.Instances[i].Detector].ID, g.Cameras[g.Instances[i].Camera].ID
		s := &snap.stats.Lanes[i]
		put("rvo_detector_runs_total", float64(s.OK), det, cam, sched.OutcomeOK.String())
		put("rvo_detector_runs_total", float64(s.Failed), det, cam, sched.OutcomeFailed.String())
		put("rvo_detector_runs_total", float64(s.Panics), det, cam, sched.OutcomePanic.String())
		put("rvo_detector_runs_total", float64(s.Timeouts), det, cam, sched.OutcomeTimeout.String())
		for c, n := range s.Skips {
			put("rvo_detector_skips_total", float64(n), det, cam, sched.Cause(c).String())
		}
		put("rvo_detector_missed_total", float64(s.Missed), det, cam)
		put("rvo_detector_cost_seconds", snap.cost[i].Seconds(), det, cam)
		put("rvo_detector_rate_limit", 1/snap.period[i].Seconds(), det, cam)
		for h := sched.HealthOK; h <= sched.HealthProbing; h++ {
			put("rvo_detector_health", flag(snap.health[i] == h), det, cam, h.String())
		}
	}
	for i := range g.Cells {
		if c := &snap.cells[i]; c.Seen() && !g.Cells[i].Own {
			put("rvo_signal_age_seconds", snap.now.Sub(c.Capture).Seconds(), g.Cells[i].Signal, g.CameraID(g.Cells[i].Camera))
		}
		if g.Cells[i].Camera >= 0 { // else of cameras that are not enabled
			put("rvo_signal_fresh", flag(snap.cells[i].Fresh(snap.now)), g.Cells[i].Signal, g.CameraID(g.Cells[i].Camera))
		}
	}
}

// processes counts restarts, of which a detector without a process of its own has none.
func (m *metrics) processes(put putFunc) {
	opened := m.e.opened.Load() != nil
	for i := range m.e.g.Detectors {
		n := uint64(0)
		if opened && m.e.processes[i] != nil {
			n = m.e.processes[i].Restarts()
		}
		put("rvo_detector_process_restarts_total", float64(n), m.e.g.Detectors[i].ID)
	}
}

func (m *metrics) outputs(put putFunc) {
	for _, s := range m.e.openSinks() {
		put("rvo_sink_records_total", float64(s.written.Load()), s.spec.ID, "written")
		put("rvo_sink_records_total", float64(s.dropped.Load()), s.spec.ID, "dropped")
		put("rvo_sink_records_total", float64(s.retried.Load()), s.spec.ID, "retried")
		queueSeries(put, "sink/"+s.spec.ID, s.q.Len(), s.q.Cap(), s.q.Dropped())
	}
	for _, p := range m.e.evidence.rec.Status() {
		put("rvo_clips_total", float64(p.Clips), p.ID, "written")
		put("rvo_clips_total", float64(p.Merged), p.ID, "merged")
		put("rvo_clips_pending", float64(p.Pending), p.ID)
		for cause, n := range p.Dropped {
			put("rvo_clips_total", float64(n), p.ID, string(cause))
		}
		for reason, n := range p.Short {
			put("rvo_clips_short_total", float64(n), p.ID, string(reason))
		}
		put("rvo_clip_bytes_total", float64(p.Bytes), p.ID)
	}
	e := m.e
	if e.recording != nil {
		queueSeries(put, "inputs", e.recording.q.Len(), e.recording.q.Cap(), e.recording.q.Dropped())
	}
	queueSeries(put, "log", e.logs.q.Len(), e.logs.q.Cap(), e.logs.q.Dropped())
	queueSeries(put, "frames", e.ready.len(), len(e.cams), 0)
	queueSeries(put, "jobs", len(e.pool.jobs), cap(e.pool.jobs), 0)
	queueSeries(put, "blocking", len(e.pool.remote), cap(e.pool.remote), 0)
}

func queueSeries(put putFunc, name string, depth, capacity int, dropped uint64) {
	put("rvo_queue_depth", float64(depth), name)
	put("rvo_queue_capacity", float64(capacity), name)
	put("rvo_queue_dropped_total", float64(dropped), name)
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
