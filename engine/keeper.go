package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/evidence"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/queue"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// keeper turns pictures into samples and lets the recorder cut clips out of them: one encoder goroutine a camera, one
// goroutine for the disk.
type keeper struct {
	e    *Engine
	rec  *evidence.Recorder
	wake chan struct{}
	quit chan struct{} // closed: flush and end
	done chan struct{}
}

// retainEvery is how often clips are looked at for their age and size beside each write.
const retainEvery = time.Minute

// encoder makes the samples of one camera.
type encoder struct {
	k       *keeper
	camera  string
	still   bool // media time: encode where the picture is offered
	q       *queue.Queue[*frame.Frame]
	want    atomic.Pointer[sampling]
	next    atomic.Int64 // when a sample is due; the camera's reader sets it
	took    *hist
	encoded atomic.Uint64
	failed  atomic.Uint64
	nanos   atomic.Int64 // spent encoding
}

// sampling is what a ring is to get.
type sampling struct {
	spacing time.Duration // between samples; 0: every picture
	quality int
}

func samplingOf(c *graph.Camera) *sampling {
	s := &sampling{quality: c.Quality}
	if c.RingFPS > 0 {
		s.spacing = time.Duration(float64(time.Second) / c.RingFPS)
	}
	return s
}

func newEncoder(k *keeper, g *graph.Graph, i int) *encoder {
	c := &g.Cameras[i]
	enc := &encoder{
		k: k, camera: c.ID, still: g.Lockstep, q: queue.New[*frame.Frame](graph.EncoderQueue, queue.DropOldest), took: newHist(k.e.metrics.latency),
	}
	enc.want.Store(samplingOf(c))
	return enc
}

func newKeeper(e *Engine, w *wiring) (*keeper, error) {
	k := &keeper{e: e, wake: make(chan struct{}, 1), quit: make(chan struct{}), done: make(chan struct{})}
	var err error
	if w.policies, err = e.policies(w.g); err != nil {
		return nil, err
	}
	k.rec, err = evidence.New(evidence.Options{Pipeline: w.g.Name, Run: e.run, Policies: w.policies, Cameras: ringsOf(w.g)})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// policies returns a graph's evidence policies with the folders they lead to.
func (e *Engine) policies(g *graph.Graph) ([]evidence.Policy, error) {
	var out []evidence.Policy
	for _, p := range g.Evidence {
		dir, err := e.evidenceDir(p)
		if err != nil {
			return nil, fmt.Errorf("evidence %q: %w", p.ID, err)
		}
		out = append(out, evidence.Policy{
			ID: p.ID, Dir: dir, Pre: p.Pre, Post: p.Post, FPS: p.FPS, Quality: p.Quality,
			Keep: p.Keep, MaxBytes: p.MaxBytes, MinFree: p.MinFree,
		})
	}
	return out, nil
}

// ringsOf returns the bounds of a graph's rings: half of the bytes for the ring, half for what open clips still need after
// the ring has moved on.
func ringsOf(g *graph.Graph) []evidence.CameraOptions {
	var out []evidence.CameraOptions
	for i := range g.Cameras {
		if c := &g.Cameras[i]; c.Ring > 0 {
			out = append(out, evidence.CameraOptions{ID: c.ID, Bytes: c.RingBytes / 2, Hold: c.RingBytes / 2, Span: c.Ring})
		}
	}
	return out
}

// evidenceDir is where a policy's clips go.
func (e *Engine) evidenceDir(p graph.EvidenceSpec) (string, error) {
	if e.cfg.ClipsDir != "" {
		return filepath.Abs(e.cfg.ClipsDir)
	}
	dir, err := node.Env{StateDir: e.cfg.StateDir}.OutputPath(p.Dir)
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}

// check makes the folders and sweeps what an earlier run left half done. What fails costs clips, not the run.
func (k *keeper) check(w *wiring) {
	for _, p := range w.policies {
		if err := k.rec.Check(p.ID); err != nil {
			k.e.log.Error("evidence is not kept", "node", "evidence/"+p.ID, "err", err)
		}
	}
	swept, err := k.rec.Sweep()
	if err != nil {
		k.e.log.Warn("unfinished clips of an earlier run could not be removed", "err", err)
	}
	for _, s := range swept {
		if len(s.Removed) > 0 {
			k.e.log.Info("unfinished clips of an earlier run were removed", "dir", s.Dir, "clips", len(s.Removed))
		}
		for _, u := range s.Unreadable {
			k.e.log.Warn("the evidence folder holds something that is no clip; it is left alone", "dir", s.Dir, "what", u)
		}
	}
}

func (k *keeper) start(ctx context.Context, w *wiring) {
	for _, c := range w.cams {
		if enc := c.seat.Load().enc; enc != nil && !enc.still {
			k.e.spawn(enc.loop)
		}
	}
	k.e.spawn(func() { k.loop(ctx, w.g.Lockstep) })
}

// offer hands a picture to the ring. It never waits, except in lockstep, where every picture counts and time does not.
func (enc *encoder) offer(f *frame.Frame) {
	if enc == nil {
		return
	}
	if spacing := enc.want.Load().spacing; spacing > 0 {
		// A sample is due from half a camera period before its slot on, as for detectors; slots are kept.
		next := tick.Time(enc.next.Load())
		if f.Capture.Add(spacing/8) < next {
			return
		}
		enc.next.Store(int64(max(next, f.Capture.Add(-spacing/8)).Add(spacing)))
	}
	if enc.still {
		enc.encode(f.Retain())
		return
	}
	if lost, dropped := enc.q.Push(f.Retain()); dropped {
		lost.Release()
	}
}

func (enc *encoder) loop() {
	for {
		f, ok := enc.q.Pop(context.Background()) // ends by Close
		if !ok {
			return
		}
		enc.encode(f)
	}
}

// encode makes a sample of a picture and gives the picture back.
func (enc *encoder) encode(f *frame.Frame) {
	defer f.Release()
	e, quality := enc.k.e, enc.want.Load().quality
	begin := time.Now()
	b, err := f.JPEG(e.cfg.Codec, quality)
	took := time.Since(begin)
	enc.nanos.Add(int64(took))
	enc.took.observe(took)
	if err == nil {
		err = enc.k.rec.Push(enc.camera, evidence.Sample{
			Bytes: b, Capture: f.Capture, Frame: f.Seq, Codec: evidence.JPEG, Encoder: e.cfg.Codec.Name(), Quality: quality,
			Key: true, Width: f.Width, Height: f.Height,
		})
	}
	if err != nil {
		enc.failed.Add(1)
		e.log.Warn("a picture is not kept for evidence", "node", "camera/"+enc.camera, "err", err)
		return
	}
	enc.encoded.Add(1)
}

// open begins the clip of an event that confirmed and returns its folder, empty when there will be none.
func (k *keeper) open(w *wiring, d *sched.Decision) string {
	m := &w.g.Machines[d.Machine]
	ev := &w.g.Events[m.Event]
	if ev.Evidence < 0 {
		return ""
	}
	camera := clipCamera(m, d)
	if camera < 0 {
		k.e.log.Warn("no clip of this event: it looks at no camera that is in use", "node", "event/"+ev.ID)
		return ""
	}
	capture := d.Capture
	if d.Frame == 0 || capture > d.At {
		capture = d.At // nothing that decided came from a picture
	}
	name, err := k.rec.Open(evidence.Request{
		Policy: w.policies[ev.Evidence].ID, Event: ev.ID, Camera: w.g.Cameras[camera].ID, RecordID: d.Occurrence,
		Revision: d.Revision, Generation: d.Generation,
		Since: d.Transition.Since, Confirmed: d.At, Capture: capture, Epoch: time.Unix(0, d.Offset).UTC(),
		Severity: ev.Severity, Labels: ev.Labels, Leaves: d.Leaves, Boxes: k.boxes(w, d, camera),
	})
	if err != nil {
		k.e.log.Warn("no clip of this event", "node", "event/"+ev.ID, "err", err)
		return ""
	}
	k.nudge()
	return name
}

// clipCamera is the camera whose pictures show an event: its own, or of several the one whose picture decided.
func clipCamera(m *graph.Machine, d *sched.Decision) int {
	switch {
	case m.Camera != graph.AllCameras:
		return m.Camera
	case d.Frame > 0 && slices.Contains(m.Cameras, d.FrameCam):
		return d.FrameCam
	case len(m.Cameras) > 0:
		return m.Cameras[0]
	}
	return -1
}

// ended tells the recorder that an occurrence is over.
func (k *keeper) ended(w *wiring, d *sched.Decision) {
	if len(w.policies) == 0 {
		return
	}
	k.rec.Ended(d.Occurrence, d.At)
	k.nudge()
}

// boxes returns what the detectors behind the deciding leaves found on a camera, to be drawn.
func (k *keeper) boxes(w *wiring, d *sched.Decision, camera int) []evidence.BoxSet {
	var out []evidence.BoxSet
	g, m := w.g, &w.g.Machines[d.Machine]
	seen := map[int]bool{}
	for _, leaf := range m.Program.Cells() {
		in := g.Cells[leaf].Instance
		if in < 0 || g.Instances[in].Camera != camera || seen[in] {
			continue
		}
		seen[in] = true
		if !decided(d.Leaves, g.Cells[leaf].Detector) {
			continue
		}
		for _, ci := range g.Instances[in].Outputs {
			if g.Cells[ci].Type != signal.TypeBoxes {
				continue
			}
			if c := k.e.core.Cell(ci); c.Fresh(d.At) {
				out = append(out, evidence.BoxSet{Signal: g.Cells[ci].Signal, Frame: c.Frame, Capture: c.Capture, Boxes: c.Value.AsBoxes()})
			}
		}
	}
	return out
}

// decided reports whether a leaf of this detector had a part in a yes.
func decided(leaves []event.Leaf, detector string) bool {
	for i := range leaves {
		l := &leaves[i]
		if l.Decided && l.Answer == event.Yes && len(l.Signal) > len(detector) && l.Signal[:len(detector)] == detector && l.Signal[len(detector)] == '.' {
			return true
		}
	}
	return false
}

// nudge makes the disk goroutine look again when it is to wake.
func (k *keeper) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// step cuts what is complete at now; in lockstep the core goroutine calls it between two pictures.
func (k *keeper) step(now tick.Time) {
	done, _ := k.rec.Step(now)
	k.report(done)
}

func (k *keeper) report(done []evidence.Result) {
	for i := range done {
		r := &done[i]
		if k.e.cfg.Tracer != nil {
			k.e.cfg.Tracer.Clip(r)
		}
		if r.Err != nil {
			k.e.log.Error("a clip was lost", "node", "evidence/"+r.Policy, "clip", r.Clip, "cause", string(r.Cause), "err", r.Err)
			continue
		}
		args := []any{"node", "evidence/" + r.Policy, "clip", r.Clip, "frames", r.Frames}
		if len(r.Short) > 0 {
			short := make([]string, len(r.Short))
			for i, s := range r.Short {
				short[i] = s.String()
			}
			args = append(args, "short", strings.Join(short, ", "))
		}
		k.e.log.Info("clip written", args...)
	}
}

// loop is the disk goroutine. In lockstep the core goroutine does its steps and it only waits for the end.
func (k *keeper) loop(ctx context.Context, still bool) {
	defer close(k.done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	retain := time.Now()
	for {
		select {
		case <-k.quit:
			k.flush(ctx)
			return
		case <-timer.C:
		case <-k.wake:
		}
		now := k.e.now()
		wait := retainEvery
		if !still {
			k.step(now)
			if w := k.rec.Wait(k.e.now()); w != tick.Never {
				wait = min(wait, max(w.Sub(k.e.now()), 0))
			}
		}
		if time.Since(retain) >= 0 {
			retain = time.Now().Add(retainEvery)
			n, err := k.rec.Retain(k.e.wall(now))
			if err != nil {
				k.e.log.Warn("old clips cannot be removed", "err", err)
			}
			if n > 0 {
				k.e.log.Info("old clips were removed", "clips", n)
			}
		}
		timer.Reset(wait)
	}
}

// flush writes what is pending as it is, within the engine's drain.
func (k *keeper) flush(ctx context.Context) {
	k.report(k.rec.Flush(ctx, k.e.now()))
}

// stop ends the encoders, then lets the disk goroutine flush and end.
func (k *keeper) stop(w *wiring) {
	for _, c := range w.cams {
		if enc := c.seat.Load().enc; enc != nil {
			enc.q.Close()
		}
	}
	close(k.quit)
	<-k.done
}

func (k *keeper) status() []EvidenceStatus {
	var out []EvidenceStatus
	for _, s := range k.rec.Status() {
		st := EvidenceStatus{ID: s.ID, Dir: s.Dir, Error: s.Error, Clips: s.Clips}
		for _, n := range s.Dropped {
			st.Dropped += n
		}
		out = append(out, st)
	}
	return out
}
