package engine

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// metrics are what the engine measures. Names follow Prometheus' conventions: seconds, bytes, _total. Label values come
// from the pipeline (ids) and from fixed lists (states, causes), never from data.
type metrics struct {
	e *Engine

	latency *scale // of what people wait for, shared

	tick  *hist
	pause *hist // of swaps
	descs map[string]*prometheus.Desc
}

// latencyBounds are the classic buckets of what people wait for.
func latencyBounds() []time.Duration {
	const us, ms = time.Microsecond, time.Millisecond
	return []time.Duration{
		100 * us, 250 * us, 500 * us, ms, 2500 * us, 5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms,
		time.Second, 2500 * ms, 5 * time.Second, 10 * time.Second,
	}
}

// tickBounds are the classic buckets of a tick.
func tickBounds() []time.Duration {
	const ns, us, ms = time.Nanosecond, time.Microsecond, time.Millisecond
	return []time.Duration{100 * ns, 250 * ns, 500 * ns, us, 2500 * ns, 5 * us, 10 * us, 25 * us, 50 * us, 100 * us, ms, 10 * ms}
}

func newMetrics(e *Engine, reg *prometheus.Registry) *metrics {
	ticks := newScale(tickBounds())
	m := &metrics{e: e, latency: newScale(latencyBounds()), tick: newHist(ticks), pause: newHist(ticks), descs: map[string]*prometheus.Desc{}}
	reg.MustRegister(m)
	return m
}

// counts counts the changes of a machine by what they are: a handful, which a search finds as fast as anything. The holder
// of the turn adds, anybody reads.
type counts struct{ list atomic.Pointer[[]*change] }

type change struct {
	kind   event.TransitionKind
	reason event.Reason
	n      atomic.Uint64
}

// of returns the count of one kind and reason.
func (c *counts) of(kind event.TransitionKind, reason event.Reason) *atomic.Uint64 {
	old := c.all()
	for _, x := range old {
		if x.kind == kind && x.reason == reason {
			return &x.n
		}
	}
	x := &change{kind: kind, reason: reason}
	more := append(slices.Clone(old), x)
	c.list.Store(&more)
	return &x.n
}

func (c *counts) all() []*change {
	if l := c.list.Load(); l != nil {
		return *l
	}
	return nil
}

// series is one metric that is read off the engine's state at each scrape.
type series struct {
	name, help string
	kind       prometheus.ValueType // prometheus.UntypedValue: a histogram
	labels     []string
}

// table lists what Collect gives; docs/metrics.md shows it.
func (m *metrics) table() []series {
	const c, g, h = prometheus.CounterValue, prometheus.GaugeValue, prometheus.UntypedValue
	return []series{
		{"rvo_tick_seconds", "Time of one turn of the core.", h, nil},
		{"rvo_swap_pause_seconds", "Time for which the core took no input while another graph took the place of the one that ran.", h, nil},
		{"rvo_frame_age_seconds", "Age of a picture, from its capture, when a detector starts on it.", h, []string{"camera"}},
		{"rvo_detector_run_seconds", "Time of one run of a detector.", h, []string{"detector", "camera"}},
		{"rvo_encode_seconds", "Time to encode one picture for evidence.", h, []string{"camera"}},
		{"rvo_event_decision_seconds", "Time from the capture of the deciding picture to the confirmation; hold included.", h, []string{"event", "camera"}},
		{"rvo_events_total", "Changes of events, by state (potential, idle, confirmed, updated, ended) and, where ended or given up, by reason.", c, []string{"event", "camera", "state", "reason"}},
		{"rvo_info", "Always 1; which pipeline runs.", g, []string{"pipeline", "revision", "run"}},
		{"rvo_generation", "Counts the graphs that this run has executed.", g, nil},
		{"rvo_swaps_total", "Swaps of the graph, by outcome: live on its commit, then kept, superseded or rolled_back; or rejected.", c, []string{"outcome"}},
		{"rvo_swap_nodes_total", "Nodes of all swaps, by what became of them: keep, retune, replace, add, remove.", c, []string{"action"}},
		{"rvo_swap_nodes_left_total", "Nodes that a swap took away and that did not end within their bound.", c, nil},
		{"rvo_swap_calls_left", "Calls of nodes that a swap gave up and that have not come back.", g, nil},
		{"rvo_results_gone_total", "Results of runs whose detector a swap took away.", c, nil},
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
		{"rvo_memory_bytes", "Bytes that evidence rings and frame buffers have claimed.", g, nil},
		{"rvo_memory_limit_bytes", "Bytes that they may claim, engine.memory; 0: no limit.", g, nil},
		{"rvo_camera_refused_total", "Times that a camera's frame buffers did not fit into engine.memory and it was closed.", c, []string{"camera"}},
		{"rvo_frame_buffers", "Frame buffers that are held.", g, []string{"camera"}},
		{"rvo_frame_buffers_capacity", "Frame buffers that there may be.", g, []string{"camera"}},
		{"rvo_detector_runs_total", "Runs that ended, by outcome: ok, failed, panic, timeout.", c, []string{"detector", "camera", "outcome"}},
		{"rvo_detector_failures_total", "Runs that failed, by where on the way and why, for kinds that tell: see docs/remote.md for those of grpc.", c, []string{"detector", "camera", "hop", "cause"}},
		{"rvo_detector_skips_total", "Pictures offered to a detector and not looked at, by reason.", c, []string{"detector", "camera", "reason"}},
		{"rvo_detector_missed_total", "Slots of the detector's rate that passed unused.", c, []string{"detector", "camera"}},
		{"rvo_detector_cost_seconds", "Learned cost of one run, smoothed over about eight.", g, []string{"detector", "camera"}},
		{"rvo_detector_cost_declared_seconds", "Cost of one run that the pipeline or the kind says, on which vet's bounds rest.", g, []string{"detector", "camera"}},
		{"rvo_detector_info", "Always 1; of what kind a detector is and whom it asks, with credentials left out.", g, []string{"detector", "kind", "endpoint"}},
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
		{"rvo_clips_asked_total", "Clips that events asked for: written, merged into another, dropped or pending.", c, []string{"evidence"}},
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
	for i, outcome := range outcomes() {
		put("rvo_swaps_total", float64(m.e.reloads.counts[i].Load()), outcome)
	}
	for a := graph.Keep; a <= graph.Remove; a++ {
		put("rvo_swap_nodes_total", float64(m.e.reloads.nodes[a].Load()), a.String())
	}
	put("rvo_swap_nodes_left_total", float64(m.e.left.Load()))
	put("rvo_swap_calls_left", float64(m.e.strays.Load()))
	put("rvo_results_gone_total", float64(snap.stats.Gone))
	put("rvo_ready", flag(st.Ready()))
	put("rvo_ticks_total", float64(snap.ticks))
	put("rvo_memory_bytes", float64(m.e.memory.use()))
	put("rvo_memory_limit_bytes", float64(m.e.memory.bound()))
	put("rvo_results_stale_total", float64(snap.stats.Stale))
	put("rvo_results_late_total", float64(snap.stats.Late))
	put("rvo_detector_threads_leaked", float64(m.e.pool.leaked.Load()))
	m.cameras(put, &st, snap.w)
	m.detectors(put, &snap)
	m.processes(put, snap.w)
	m.outputs(put, snap.w)
	m.histograms(ch, snap.w)
	for _, mc := range snap.w.machines {
		confirmed := false
		for _, c := range mc.changes.all() {
			confirmed = confirmed || c.kind == event.KindConfirmed
			put("rvo_events_total", float64(c.n.Load()), mc.event, mc.camera, c.kind.String(), c.reason.String())
		}
		if !confirmed { // shown also where there was none
			put("rvo_events_total", 0, mc.event, mc.camera, event.KindConfirmed.String(), "")
		}
	}
}

// histograms gives every histogram, by name and labels.
func (m *metrics) histograms(ch chan<- prometheus.Metric, w *wiring) {
	g := w.g
	put := func(name string, h *hist, labels ...string) {
		ch <- &histMetric{h: h, desc: m.descs[name], labels: prometheus.MakeLabelPairs(m.descs[name], labels)}
	}
	put("rvo_tick_seconds", m.tick)
	put("rvo_swap_pause_seconds", m.pause)
	for _, c := range w.cams {
		put("rvo_frame_age_seconds", c.age, c.id)
		if enc := c.seat.Load().encoder(); enc != nil {
			put("rvo_encode_seconds", enc.took, c.id)
		}
	}
	for i := range g.Instances {
		put("rvo_detector_run_seconds", w.lanes[i].took, g.Detectors[g.Instances[i].Detector].ID, g.Cameras[g.Instances[i].Camera].ID)
	}
	for _, mc := range w.machines {
		put("rvo_event_decision_seconds", mc.decision, mc.event, mc.camera)
	}
}

type putFunc func(name string, v float64, labels ...string)

func (m *metrics) cameras(put putFunc, st *Status, w *wiring) {
	rings := m.e.evidence.rec.Rings()
	for i, c := range w.cams {
		id := c.id
		put("rvo_camera_up", flag(st.Cameras[i].State == cameraUp || st.Cameras[i].State == cameraFrozen), id)
		put("rvo_camera_frozen", flag(st.Cameras[i].State == cameraFrozen), id)
		put("rvo_camera_fps", st.Cameras[i].FPS, id)
		put("rvo_camera_reconnects_total", float64(c.counts.reconnects.Load()), id)
		put("rvo_camera_stalls_total", float64(c.counts.stalls.Load()), id)
		put("rvo_camera_readers_leaked", float64(c.counts.leaked.Load()), id)
		put("rvo_frames_total", float64(c.counts.seq.Load()), id)
		put("rvo_frames_dropped_total", float64(c.counts.superseded.Load()), id, "superseded")
		put("rvo_frames_dropped_total", float64(c.counts.noBuffer.Load()), id, "no_buffer")
		put("rvo_frames_dropped_total", float64(c.counts.corrupt.Load()), id, "corrupt")
		put("rvo_camera_refused_total", float64(c.counts.refused.Load()), id)
		ps := c.pool.Stats()
		put("rvo_frame_buffers", float64(ps.Held), id)
		put("rvo_frame_buffers_capacity", float64(ps.Bound), id)
		enc := c.seat.Load().encoder()
		if enc == nil {
			continue
		}
		put("rvo_evidence_samples_total", float64(enc.encoded.Load()), id, "kept")
		put("rvo_evidence_samples_total", float64(enc.failed.Load()), id, "failed")
		put("rvo_evidence_samples_total", float64(enc.q.Dropped()), id, "dropped")
		queueSeries(put, "encoder/"+id, enc.q.Len(), enc.q.Cap(), enc.q.Dropped())
		put("rvo_ring_bytes", float64(rings[id].Bytes), id)
		put("rvo_ring_capacity_bytes", float64(w.g.Cameras[i].RingBytes), id)
	}
}

func (m *metrics) detectors(put putFunc, snap *snapshot) {
	g := snap.w.g
	for i := range g.Instances {
		det, cam := g.Detectors[g.Instances[i].Detector].ID, g.Cameras[g.Instances[i].Camera].ID
		s := &snap.stats.Lanes[i]
		put("rvo_detector_runs_total", float64(s.OK), det, cam, sched.OutcomeOK.String())
		put("rvo_detector_runs_total", float64(s.Failed), det, cam, sched.OutcomeFailed.String())
		put("rvo_detector_runs_total", float64(s.Panics), det, cam, sched.OutcomePanic.String())
		put("rvo_detector_runs_total", float64(s.Timeouts), det, cam, sched.OutcomeTimeout.String())
		for _, f := range snap.w.lanes[i].failures.all() {
			put("rvo_detector_failures_total", float64(f.n.Load()), det, cam, f.hop, f.cause)
		}
		for c, n := range s.Skips {
			put("rvo_detector_skips_total", float64(n), det, cam, sched.Cause(c).String())
		}
		put("rvo_detector_missed_total", float64(s.Missed), det, cam)
		put("rvo_detector_cost_seconds", snap.cost[i].Seconds(), det, cam)
		put("rvo_detector_cost_declared_seconds", g.Instances[i].Cost.Seconds(), det, cam)
		put("rvo_detector_rate_limit", 1/snap.period[i].Seconds(), det, cam)
		for h := sched.HealthOK; h <= sched.HealthProbing; h++ {
			put("rvo_detector_health", flag(snap.health[i] == h), det, cam, h.String())
		}
	}
	for i := range g.Cells {
		if c := &snap.cells[i]; c.Seen() && !g.Cells[i].Own {
			put("rvo_signal_age_seconds", snap.now.Sub(c.Capture).Seconds(), g.Cells[i].Signal, g.CameraID(g.Cells[i].Camera))
		}
		if g.Cells[i].Written() { // else of a camera that has no such signal
			put("rvo_signal_fresh", flag(snap.cells[i].Fresh(snap.now)), g.Cells[i].Signal, g.CameraID(g.Cells[i].Camera))
		}
	}
}

// processes tells what detectors are, and counts restarts, of which one without a process of its own has none.
func (m *metrics) processes(put putFunc, w *wiring) {
	opened := m.e.opened.Load()
	for i := range w.g.Detectors {
		n := uint64(0)
		if opened {
			n = w.models[i].restarts()
		}
		d := &w.g.Detectors[i]
		put("rvo_detector_process_restarts_total", float64(n), d.ID)
		endpoint := ""
		if e := d.Kind.Contract.Uses(d.Options).Endpoints; len(e) > 0 {
			endpoint = redact(e[0].Value)
		}
		put("rvo_detector_info", 1, d.ID, d.Kind.Contract.Name, endpoint)
	}
}

func (m *metrics) outputs(put putFunc, w *wiring) {
	for _, s := range m.e.openSinks(w) {
		put("rvo_sink_records_total", float64(s.written.Load()), s.id, "written")
		put("rvo_sink_records_total", float64(s.dropped.Load()), s.id, "dropped")
		put("rvo_sink_records_total", float64(s.retried.Load()), s.id, "retried")
		queueSeries(put, "sink/"+s.id, s.q.Len(), s.q.Cap(), s.q.Dropped())
	}
	for _, p := range m.e.evidence.rec.Status() {
		put("rvo_clips_total", float64(p.Clips), p.ID, "written")
		put("rvo_clips_total", float64(p.Merged), p.ID, "merged")
		put("rvo_clips_asked_total", float64(p.Asked), p.ID)
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
	if e.feed != nil {
		queueSeries(put, "feed", e.feed.q.Len(), e.feed.q.Cap(), e.feed.q.Dropped())
	}
	queueSeries(put, "log", e.logs.q.Len(), e.logs.q.Cap(), e.logs.q.Dropped())
	queueSeries(put, "frames", w.ready.len(), len(w.cams), 0)
	queueSeries(put, "jobs", len(e.pool.jobs), cap(e.pool.jobs), 0)
	queueSeries(put, "plain", len(e.pool.plain), cap(e.pool.plain), 0)
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
