package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	hide "rvo.dev/engine/redact"
	"rvo.dev/engine/sched"
)

// camera runs one camera: a goroutine that watches and reconnects, and one that reads, which may hang in foreign code.
type camera struct {
	e      *Engine
	id     string
	fps    float64 // that it was made with: asked tells what holds
	file   bool    // its source can wait, and may end
	src    node.Source
	pool   *frame.Pool
	age    *hist // of its pictures when a run starts on one
	counts *cameraCounts

	// seat is its place in the wiring that runs; nil: it has none, being prepared or parked.
	seat atomic.Pointer[seat]

	// slot holds the newest picture until the core takes it: newest wins, and whoever swaps a picture out owns it.
	slot atomic.Pointer[frame.Frame]

	// tap is who waits for its next picture, to show it; nil: nobody.
	tap atomic.Pointer[tap]

	// held are the pictures that the core keeps; owned by the holder of the turn.
	held []*frame.Frame

	claimed atomic.Int64 // bytes of engine.memory: the pool sets it, which asks one at a time
	last    atomic.Int64 // core time of the newest picture
	over    atomic.Bool  // its file has ended

	// news wakes who watches it: its state may have changed, its reader has ended, or it is time to look.
	news chan struct{}
	done chan struct{} // closed when nothing watches it any more; start makes it

	// try is set while a swap makes it ready.
	try atomic.Pointer[tryout]

	frozen atomic.Bool
	freeze freeze            // owned by the reader, of which one at a time is not given up
	told   sched.CameraState // what the core knows, with knows; owned by the watch goroutine
	knows  bool
	period atomic.Int64 // smoothed, nanoseconds

	mu struct {
		sync.Mutex
		state string
		err   string
		info  node.StreamInfo
		w, h  int
		since time.Time     // of the state
		taken chan struct{} // closed when it has a seat

		// The end of the present session or of the wait for the next. Sessions follow each other, so one context serves for the
		// camera's life too.
		cancel context.CancelFunc
		halted bool
	}
}

// cameraCounts counts what came of a camera's pictures; the camera that takes another's place goes on counting.
type cameraCounts struct {
	seq        atomic.Uint64
	frames     atomic.Uint64 // pictures that reached the slot
	superseded atomic.Uint64
	noBuffer   atomic.Uint64
	corrupt    atomic.Uint64
	reconnects atomic.Uint64
	stalls     atomic.Uint64
	refused    atomic.Uint64 // times that its buffers did not fit into the memory there is
	leaked     atomic.Int64  // readers that hang and were given up
}

// seat is a camera's place in the wiring that runs. It does not change: a swap gives the camera another.
type seat struct {
	spec  *graph.Camera
	index int
	ready ready
	enc   *encoder // nil: no evidence looks at it
}

// The states of a camera.
const (
	cameraStarting = "starting"
	cameraUp       = "up"
	cameraFrozen   = "frozen" // up, and its picture stands still
	cameraStalled  = "stalled"
	cameraDown     = "down"
	cameraEnded    = "ended"
)

const (
	// openLimit is how long a source may take to connect before it is given up: RTSP cameras on slow links need several
	// seconds, nothing healthy needs twenty.
	openLimit = 20 * time.Second
	// stallAfter is how long a connected source may give nothing; ten of its periods where that is more.
	stallAfter = 5 * time.Second
	// hangLimit is how long a reader that was told to end may take before it is abandoned.
	hangLimit = 2 * time.Second
	// maxReaders bounds the readers of one camera that hang in foreign code; each holds a thread and a buffer.
	maxReaders = 3
	// The wait before a source is opened again: it doubles from first to most, with up to a half of jitter so that
	// cameras behind one switch do not come back all at once.
	reconnectFirst = 500 * time.Millisecond
	reconnectMost  = 30 * time.Second
	// steadyAfter is how long a source must have worked for the wait to begin anew.
	steadyAfter = 10 * time.Second
	// rebaseAfter is how late a file played at its own rate may be before its clock is set back: a burst of pictures to
	// catch up would be stale work.
	rebaseAfter = 500 * time.Millisecond
)

// newCamera returns the camera with index i of a graph, without a seat.
func newCamera(e *Engine, g *graph.Graph, i int) (*camera, error) {
	spec := &g.Cameras[i]
	c := &camera{e: e, id: spec.ID, fps: spec.FPS, file: !spec.Kind.Contract.Live, age: newHist(e.metrics.latency), counts: &cameraCounts{}, news: make(chan struct{}, 1)}
	c.pool = frame.NewPool(frame.PoolOptions{Camera: frame.CameraID(spec.ID), Slabs: spec.Buffers(), Shared: shared(g, i), Claim: func(bytes int) error {
		if err := e.memory.claim(c.claimed.Load(), int64(bytes)); err != nil {
			c.counts.refused.Add(1)
			return err
		}
		c.claimed.Store(int64(bytes))
		return nil
	}})
	c.mu.state, c.mu.since, c.mu.taken = cameraStarting, time.Now(), make(chan struct{})
	c.last.Store(-1)
	if spec.FPS > 0 {
		c.period.Store(int64(float64(time.Second) / spec.FPS))
	}
	src, err := spec.Kind.OpenCamera(node.CameraEnv{
		Env: e.env(g, "camera", spec.ID), Camera: frame.CameraID(spec.ID), FPS: spec.FPS, Width: spec.Width, Height: spec.Height, Loop: spec.Loop,
	}, spec.Options)
	if err != nil {
		return nil, fmt.Errorf("camera %q: %w", spec.ID, err)
	}
	c.src = src
	return c, nil
}

// start begins to watch the camera.
func (c *camera) start(ctx context.Context) {
	done := make(chan struct{})
	c.done = done
	c.mu.Lock()
	c.mu.halted = false
	c.mu.Unlock()
	c.e.spawn(func() {
		defer close(done)
		c.watch(ctx)
	})
}

// alive reports whether somebody watches the camera. Whoever may swap asks.
func (c *camera) alive() bool {
	select {
	case <-c.done:
		return c.over.Load()
	default:
		return true
	}
}

// end tells who watches the camera to end.
func (c *camera) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.halted = true
	if c.mu.cancel != nil {
		c.mu.cancel()
	}
}

// halt ends watching, and waits for it: no longer than for a reader that hangs.
func (c *camera) halt() {
	c.end()
	<-c.done
}

// again ends the context of the last session and returns that of the next: it ends with the camera's life.
func (c *camera) again(life context.Context) context.Context {
	ctx, cancel := context.WithCancel(life)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.cancel != nil {
		c.mu.cancel()
	}
	c.mu.cancel = cancel
	if c.mu.halted {
		cancel()
	}
	return ctx
}

// cut ends the present session.
func (c *camera) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.cancel()
}

// ends reports whether the camera is to end.
func (c *camera) ends(life context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.halted || life.Err() != nil
}

// watch keeps the camera running until life is done, it is halted or its file is over.
func (c *camera) watch(life context.Context) {
	defer c.end()
	ctx := c.again(life)
	wait := reconnectFirst
	for {
		begin := time.Now()
		err := c.session(ctx)
		if c.ends(life) {
			c.set(cameraEnded, nil)
			return
		}
		if errors.Is(err, io.EOF) && c.file {
			c.set(cameraEnded, nil)
			c.tell()
			c.e.log.Info("the camera's file is over", "node", "camera/"+c.id, "frames", c.counts.frames.Load())
			c.over.Store(true)
			select {
			case c.e.ended <- struct{}{}:
			default: // the core goroutine is told already, and will look at all of them
			}
			return
		}
		if time.Since(begin) > steadyAfter {
			wait = reconnectFirst
		}
		if t := c.try.Load(); t != nil && t.fail(err) {
			c.set(cameraDown, err)
			return
		}
		pause := wait + rand.N(wait/2)
		c.set(cameraDown, err)
		c.tell()
		c.e.log.Warn("camera is down", "node", "camera/"+c.id, "err", redact(err.Error()), "retry_in", pause.Round(time.Millisecond))
		ctx = c.again(life) //nolint:fatcontext // it comes from life, not from the last one
		select {
		case <-ctx.Done():
			c.set(cameraEnded, nil)
			return
		case <-time.After(pause):
		}
		c.counts.reconnects.Add(1)
		wait = min(2*wait, reconnectMost)
	}
}

// session connects and reads until the stream ends, stalls or ctx is done.
func (c *camera) session(ctx context.Context) error {
	if n := c.counts.leaked.Load(); n >= maxReaders {
		return fmt.Errorf("%d reads of this source hang and have not come back: it is left alone until one does", n)
	}
	r := &reader{c: c, ctx: ctx}
	r.beat.Store(int64(c.e.now()))
	c.e.spawn(r.run)
	timer := time.AfterFunc(stallAfter/4, c.nudge)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			r.hangUp()
			return ctx.Err()
		case <-c.news:
		}
		if err, over := r.ended(); over {
			return err
		}
		c.tell()
		limit := openLimit
		if r.up.Load() {
			limit = max(stallAfter, 10*time.Duration(c.period.Load()))
		}
		if quiet := time.Duration(int64(c.e.now()) - r.beat.Load()); quiet > limit && !r.waits.Load() {
			c.counts.stalls.Add(1)
			what := "the source gave no picture for %v"
			if !r.up.Load() {
				what = "the source did not connect within %v"
			}
			err := fmt.Errorf(what, quiet.Round(100*time.Millisecond))
			c.set(cameraStalled, err)
			c.tell()
			c.e.log.Warn("camera is stalled", "node", "camera/"+c.id, "err", err)
			r.hangUp()
			return err
		}
		timer.Reset(stallAfter / 4)
	}
}

// nudge has the watch goroutine look at the camera and tell the core how it does.
func (c *camera) nudge() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// tell tells the core how the camera does, where that changed. Rates count from a twentieth of a difference on: the rest
// is jitter. Of a camera without a seat the core knows nothing.
func (c *camera) tell() {
	s := c.state()
	if c.seat.Load() == nil || c.knows && s.Up == c.told.Up && s.Stalled == c.told.Stalled && s.Frozen == c.told.Frozen && math.Abs(s.FPS-c.told.FPS) <= c.told.FPS/20 {
		return
	}
	c.told, c.knows = s, true
	c.e.do(func() { c.tellCore(s) })
}

// tellCore gives the core the camera's state. The caller holds the turn.
func (c *camera) tellCore(s sched.CameraState) {
	if seat := c.seat.Load(); seat != nil {
		c.e.step(sched.Input{Kind: sched.InputCamera, Now: c.e.now(), Camera: seat.index, State: s})
	}
}

// state is how the camera does, as the core is told.
func (c *camera) state() sched.CameraState {
	st := c.status()
	return sched.CameraState{
		Up: st.State == cameraUp || st.State == cameraFrozen, Stalled: st.State == cameraStalled, Frozen: st.State == cameraFrozen, FPS: st.FPS,
	}
}

// tellNow is tell for lockstep, where the core goroutine itself reads. The rate is the file's own.
func (c *camera) tellNow() {
	st := c.status()
	c.tellCore(sched.CameraState{Up: true, Frozen: st.State == cameraFrozen, FPS: st.FPS})
}

// asked is the rate that the pipeline asks for, 0: the source's own.
func (c *camera) asked() float64 {
	if s := c.seat.Load(); s != nil {
		return s.spec.FPS
	}
	return c.fps
}

// freezeAfter is how long the picture may stand still, 0: for as long as it likes.
func (c *camera) freezeAfter() time.Duration {
	if s := c.seat.Load(); s != nil {
		return s.spec.FreezeAfter
	}
	return 0
}

// watchFreeze looks whether the picture stands still and reports whether that changed.
func (c *camera) watchFreeze(f *frame.Frame) bool {
	after := c.freezeAfter()
	frozen := after > 0 && c.freeze.look(f, after)
	if c.frozen.Swap(frozen) == frozen {
		return false
	}
	if frozen {
		c.e.log.Warn("the camera's picture is frozen: nothing looks at it until it moves", "node", "camera/"+c.id, "unchanged_for", after)
	} else {
		c.e.log.Info("the camera's picture moves again", "node", "camera/"+c.id)
	}
	return true
}

// publish makes a picture the camera's newest. It never waits: the picture before it is superseded when the core has
// not taken it, and the ring has its own way to it.
func (c *camera) publish(f *frame.Frame) {
	s := c.seat.Load()
	if s == nil { // parked since it was read
		c.counts.superseded.Add(1)
		f.Release()
		return
	}
	now := int64(f.Capture)
	if last := c.last.Swap(now); last >= 0 && now > last {
		p := c.period.Load()
		if p == 0 {
			p = now - last
		}
		// A burst, as after connecting, is no rate: half a period is the least that counts.
		c.period.Store(p + (max(now-last, p/2)-p)/8)
	}
	if c.counts.frames.Add(1) == 1 || f.Width != c.width() {
		c.size(f.Width, f.Height)
	}
	s.enc.offer(f)
	if c.tap.Load() != nil {
		c.hand(f)
	}
	if old := c.slot.Swap(f); old != nil {
		c.counts.superseded.Add(1)
		old.Release()
	}
	// Where it sits now: a swap looks at every slot, and so misses only what is noted in the new place.
	if s = c.seat.Load(); s != nil && s.ready.add(s.index) {
		c.e.news()
	}
}

// find returns a picture that the core holds.
func (c *camera) find(seq uint64) *frame.Frame {
	for _, f := range c.held {
		if f.Seq == seq {
			return f
		}
	}
	return nil
}

// drop gives a picture back that the core is done with.
func (c *camera) drop(seq uint64) {
	for i, f := range c.held {
		if f.Seq == seq {
			f.Release()
			last := len(c.held) - 1
			c.held[i], c.held[last] = c.held[last], nil
			c.held = c.held[:last]
			return
		}
	}
}

// close gives every picture back. The readers have ended or were given up.
func (c *camera) close() {
	if f := c.slot.Swap(nil); f != nil {
		f.Release()
	}
	for _, f := range c.held {
		f.Release()
	}
	c.held = nil
	if s := c.pool.Stats(); s.Held > 0 {
		c.e.log.Warn("frame buffers are still held after the end", "node", "camera/"+c.id, "held", s.Held, "hung_reads", c.counts.leaked.Load())
	}
	c.pool.Close()
}

func (c *camera) opened(info node.StreamInfo) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.state, c.mu.err, c.mu.info, c.mu.since = cameraUp, "", info, time.Now()
	if c.asked() == 0 && info.FPS > 0 {
		c.period.Store(int64(float64(time.Second) / info.FPS))
	}
	c.e.log.Info("camera is up", "node", "camera/"+c.id, "width", info.Width, "height", info.Height, "fps", info.FPS)
}

func (c *camera) set(state string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.state, c.mu.err, c.mu.since = state, "", time.Now()
	if err != nil {
		c.mu.err = redact(err.Error())
	}
}

func (c *camera) width() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.w
}

func (c *camera) size(w, h int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.w, c.mu.h = w, h
}

func (c *camera) status() CameraStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := CameraStatus{
		ID: c.id, State: c.mu.state, Error: c.mu.err, Width: c.mu.w, Height: c.mu.h,
		Frames: c.counts.frames.Load(), Dropped: c.counts.superseded.Load() + c.counts.noBuffer.Load() + c.counts.corrupt.Load(),
		Reconnects: c.counts.reconnects.Load(), Age: -1,
	}
	if s.State == cameraUp && c.frozen.Load() {
		s.State = cameraFrozen
		s.Error = fmt.Sprintf("the picture has not changed for %v", c.freezeAfter())
	}
	if p := c.period.Load(); p > 0 && (s.State == cameraUp || s.State == cameraFrozen) {
		s.FPS = float64(time.Second) / float64(p)
	}
	if last := c.last.Load(); last >= 0 {
		s.Age = time.Duration(int64(c.e.now()) - last)
	}
	return s
}

// redact takes credentials out of what a library writes into an error: they must not reach a log, a metric or the API.
func redact(s string) string { return hide.Text(s) }
