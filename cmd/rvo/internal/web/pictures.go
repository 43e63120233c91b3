package web

import (
	"context"
	"errors"
	"image"
	"slices"
	"strconv"
	"sync"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
)

const (
	// maxFPS bounds the pictures a second that anybody gets of a camera.
	maxFPS = 15
	// maxWatchers bounds those who watch live pictures, maxVariants the sizes and drawings of one camera that are made at once.
	maxWatchers, maxVariants = 128, 4
	// waitPicture is how long a camera may give no picture before one who waits is told so.
	waitPicture = 2 * time.Second
	// lively is how old a picture may be that one who asks for a single one gets at once.
	lively = 200 * time.Millisecond
	// liveQuality is the JPEG quality of live pictures: they are looked at for a moment.
	liveQuality = 75
)

var (
	errTooMany = errors.New("too many watch already")
	errQuiet   = errors.New("the camera gives no picture")
)

// pictures shows cameras live to those who watch. For each camera that is watched there is one goroutine that takes its next
// picture at the rate of the fastest watcher; one thread of low priority for all makes it small, gives its buffer back, draws and
// encodes, once for all who want the same. Nothing is done for a camera that nobody watches.
type pictures struct {
	engine Engine
	codec  frame.Codec
	look   *look
	ctx    context.Context // done when the server ends
	count  func()          // called for each picture that was encoded
	jobs   chan func()     // for the one thread that draws and encodes: a processor is enough for what people look at

	// spare is the memory of the last pictures that were drawn; owned by that thread.
	spare [maxVariants]*image.RGBA

	wg sync.WaitGroup
	mu struct {
		sync.Mutex
		cameras map[string]*shown
		n       int
		ended   bool
	}
}

// shown is a camera that is watched.
type shown struct {
	id       string
	variants map[variant][]*watcher // guarded by pictures
	last     map[variant]*picture   // guarded by pictures
}

// variant is what a picture looks like.
type variant struct {
	width               int
	boxes, zones, masks bool
	found               bool // boxes are told beside the picture
}

// watcher is one who watches. It has the newest picture or none; older ones it did not take are gone.
type watcher struct {
	camera string
	look   variant
	every  time.Duration
	next   time.Time // when it is due, guarded by pictures
	got    chan *picture
	news   chan<- struct{} // told too that there is one; nil: nobody
}

// picture is an encoded picture.
type picture struct {
	camera   string
	jpeg     []byte
	boxes    string // what was found on it, for who draws it themselves; empty: that was not asked for
	seq      uint64
	captured time.Time
	err      error // instead of all that: why there is none
}

// tag is the picture's ETag.
func (p *picture) tag(v variant) string {
	return `"` + strconv.FormatUint(p.seq, 36) + "-" + strconv.FormatInt(p.captured.UnixNano(), 36) + "-" + v.String() + `"`
}

// String is the variant as part of a tag.
func (v variant) String() string {
	b := strconv.AppendInt(nil, int64(v.width), 10)
	for _, x := range []struct {
		on   bool
		word byte
	}{{v.boxes, 'b'}, {v.zones, 'z'}, {v.masks, 'm'}} {
		if x.on {
			b = append(b, x.word)
		}
	}
	return string(b)
}

func newPictures(ctx context.Context, e Engine, codec frame.Codec, l *look, count func()) *pictures {
	p := &pictures{ctx: ctx, engine: e, codec: codec, look: l, count: count, jobs: make(chan func())}
	p.mu.cameras = map[string]*shown{}
	p.wg.Go(func() { engine.Lowered(p.work) })
	return p
}

// work does what is to be drawn and encoded, until the server ends.
func (p *pictures) work() {
	for {
		select {
		case job := <-p.jobs:
			job()
		case <-p.ctx.Done():
			return
		}
	}
}

// do has a job done, and returns when it is; false: the server ends, and it is not begun.
func (p *pictures) do(job func()) bool {
	done := make(chan struct{})
	select {
	case p.jobs <- func() { defer close(done); job() }:
		<-done
		return true
	case <-p.ctx.Done():
		return false
	}
}

// watchers returns how many watch each camera.
func (p *pictures) watchers() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]int{}
	for id, c := range p.mu.cameras {
		for _, all := range c.variants {
			out[id] += len(all)
		}
	}
	return out
}

// watch begins to show a camera to somebody. fresh is a picture that is there already, or nil.
func (p *pictures) watch(camera string, v variant, fps float64, news chan<- struct{}) (w *watcher, fresh *picture, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.mu.cameras[camera]
	switch {
	case p.mu.ended:
		return nil, nil, errQuiet
	case p.mu.n >= maxWatchers, c != nil && len(c.variants) >= maxVariants && c.variants[v] == nil:
		return nil, nil, errTooMany
	}
	w = &watcher{camera: camera, look: v, every: time.Duration(float64(time.Second) / fps), next: time.Now(), got: make(chan *picture, 1), news: news}
	if c != nil {
		if last := c.last[v]; last != nil && last.err == nil && time.Since(last.captured) < lively {
			fresh = last
		}
		c.variants[v] = append(c.variants[v], w)
	} else {
		c = &shown{id: camera, variants: map[variant][]*watcher{v: {w}}, last: map[variant]*picture{}}
		p.mu.cameras[camera] = c
		p.wg.Go(func() { p.show(c) })
	}
	p.mu.n++
	return w, fresh, nil
}

// leave ends that.
func (p *pictures) leave(w *watcher) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.mu.cameras[w.camera]
	if c == nil {
		return
	}
	all := c.variants[w.look]
	for i, x := range all {
		if x == w {
			all = append(all[:i:i], all[i+1:]...)
			p.mu.n--
			break
		}
	}
	if c.variants[w.look] = all; len(all) == 0 {
		delete(c.variants, w.look)
		delete(c.last, w.look)
	}
}

// stop waits until nothing is shown any more; the server's end was told before.
func (p *pictures) stop() {
	p.mu.Lock()
	p.mu.ended = true
	p.mu.Unlock()
	p.wg.Wait()
}

// show shows a camera until nobody watches it.
func (p *pictures) show(c *shown) {
	for {
		wanted, wait := p.wanted(c)
		switch {
		case wanted != nil:
			p.next(c, wanted)
		case wait < 0:
			return
		default:
			p.sleep(wait)
		}
		if p.ctx.Err() != nil {
			p.forget(c)
			return
		}
	}
}

// next waits for the camera's next picture and makes of it what is wanted.
func (p *pictures) next(c *shown, wanted []variant) {
	ctx, cancel := context.WithTimeout(p.ctx, waitPicture)
	defer cancel()
	f, err := p.engine.Picture(ctx, c.id)
	if err == nil {
		if !p.do(func() { p.make(c, f, wanted) }) {
			f.Release()
		}
		return
	}
	quiet := errors.Is(err, context.DeadlineExceeded)
	if quiet {
		err = errQuiet
	}
	for _, v := range wanted {
		p.publish(c, v, &picture{camera: c.id, err: err})
	}
	if !quiet { // a camera that is gone: not again at once
		p.sleep(lively)
	}
}

// sleep waits for so long, or until the server ends.
func (p *pictures) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ctx.Done():
	}
}

// wanted returns the looks that somebody is due for, else how long until somebody is; negative: nobody watches, and the camera is
// forgotten.
func (p *pictures) wanted(c *shown) ([]variant, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, first := time.Now(), time.Duration(-1)
	var out []variant
	for v, all := range c.variants {
		due := false
		for _, w := range all {
			wait := w.next.Sub(now)
			due = due || wait <= 0
			if first < 0 || wait < first {
				first = max(wait, 0)
			}
		}
		if due {
			out = append(out, v)
		}
	}
	if first < 0 {
		delete(p.mu.cameras, c.id)
	}
	return out, first
}

// forget ends a camera when the server ends.
func (p *pictures) forget(c *shown) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.mu.cameras, c.id)
}

// make makes the looks that are wanted of a picture, whose reference it gives back.
func (p *pictures) make(c *shown, f *frame.Frame, wanted []variant) {
	canvases := make([]*canvas, len(wanted))
	for i, look := range wanted {
		canvases[i] = newCanvas(f, look.width, p.spare[i])
		p.spare[i] = canvases[i].img
	}
	seq, capture := f.Seq, f.Capture
	f.Release() // the camera has few buffers: what takes long is done without
	at := p.engine.At(capture)
	var found []engine.Found
	if slices.ContainsFunc(wanted, func(v variant) bool { return v.boxes || v.found }) {
		found = p.engine.Found(c.id)
	}
	spec := &graph.Camera{}
	if slices.ContainsFunc(wanted, func(v variant) bool { return v.zones || v.masks }) {
		spec = p.spec(c.id)
	}
	for i, look := range wanted {
		if look.masks {
			canvases[i].masks(spec.Masks)
		}
		if look.zones {
			canvases[i].zones(spec.Zones)
		}
		if look.boxes {
			canvases[i].boxes(found, capture)
		}
		jpeg, err := canvases[i].encode(p.codec)
		p.count()
		pic := &picture{camera: c.id, jpeg: jpeg, seq: seq, captured: at, err: err}
		if look.found {
			pic.boxes = told(found, capture)
		}
		p.publish(c, look, pic)
	}
}

// spec is what the graph that runs says of a camera; one with nothing in it where there is no such.
func (p *pictures) spec(camera string) *graph.Camera {
	g := p.look.now().Graph
	if i := g.CameraIndex(camera); i >= 0 {
		return &g.Cameras[i]
	}
	return &graph.Camera{}
}

// publish gives a picture to those who are due.
func (p *pictures) publish(c *shown, v variant, pic *picture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if len(c.variants[v]) > 0 {
		c.last[v] = pic
	}
	for _, w := range c.variants[v] {
		if w.next.After(now) {
			continue
		}
		if w.next = w.next.Add(w.every); w.next.Before(now) {
			w.next = now // what was missed is not caught up
		}
		select {
		case <-w.got: // one that it did not take in time
		default:
		}
		w.got <- pic
		if w.news != nil {
			select {
			case w.news <- struct{}{}:
			default:
			}
		}
	}
}
