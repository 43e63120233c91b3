package enginetest

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// Cameras is a camera kind whose cameras show what the test pushes. Each camera id has a Feed of its own, which outlives
// its streams: what was pushed while no stream was open is shown by the next one.
type Cameras struct {
	mu struct {
		sync.Mutex
		feeds map[frame.CameraID]*Feed
	}
}

// NewCameras returns cameras without feeds.
func NewCameras() *Cameras {
	c := &Cameras{}
	c.mu.feeds = map[frame.CameraID]*Feed{}
	return c
}

// Kind returns the camera kind "virtual", without options. It is not live, so it may run in lockstep.
func (c *Cameras) Kind() node.Kind {
	return node.Camera(node.Contract{
		Name:    "virtual",
		Doc:     "pictures, errors and hangs as a test pushes them",
		Options: "#Options: {}\n",
	}, c.open)
}

// LiveKind returns the same cameras as the live kind "live".
func (c *Cameras) LiveKind() node.Kind {
	return node.Camera(node.Contract{
		Name:    "live",
		Doc:     "pictures, errors and hangs as a test pushes them, from a source that goes on without us",
		Options: "#Options: {}\n",
		Live:    true,
	}, c.open)
}

func (c *Cameras) open(env node.CameraEnv, _ struct{}) (node.Source, error) {
	return c.Feed(env.Camera), nil
}

// Feed returns the feed of a camera, the same one each time.
func (c *Cameras) Feed(id frame.CameraID) *Feed {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.mu.feeds[id]
	if f == nil {
		f = &Feed{id: id, next: make(chan item, maxPushed)}
		c.mu.feeds[id] = f
	}
	return f
}

// Shot is one picture to be shown. The zero Shot is a black picture of 64 x 48.
type Shot struct {
	Width, Height int
	Format        frame.Format
	Level         byte             // of every byte
	Draw          func(pix []byte) // draws over it; nil: nothing
	PTS           time.Duration    // media time; frame.NoPTS for none
	Capture       tick.Time        // 0: the engine stamps it
}

// maxPushed bounds what a feed holds: half a minute at 30 a second, with room.
const maxPushed = 1024

type item struct {
	shot Shot
	err  error
	hang *Hang
}

// Feed is what one camera shows. It implements node.Source.
type Feed struct {
	id   frame.CameraID
	next chan item

	mu struct {
		sync.Mutex
		refuse error
		opens  int
		open   bool
		shown  int
	}
}

// Push shows these pictures after what was pushed before. It panics when the feed is full: 1024 items that nobody took.
func (f *Feed) Push(shots ...Shot) {
	for _, s := range shots {
		f.push(item{shot: s})
	}
}

// PushError makes the stream give this error in its turn: io.EOF ends it, one that wraps node.ErrCorrupt loses a
// picture, any other breaks it.
func (f *Feed) PushError(err error) { f.push(item{err: err}) }

// PushEnd makes the stream end in its turn, as a file does.
func (f *Feed) PushEnd() { f.PushError(io.EOF) }

// PushHang makes the stream hang in its turn, deaf to its context, until the hang is ended.
func (f *Feed) PushHang() *Hang {
	h := &Hang{began: make(chan struct{}), ended: make(chan struct{})}
	f.push(item{hang: h})
	return h
}

func (f *Feed) push(i item) {
	select {
	case f.next <- i:
	default:
		panic(fmt.Sprintf("enginetest: camera %q: %d pictures were pushed and not taken", f.id, maxPushed))
	}
}

// Refuse makes Open fail with this error from now on; nil lets it work again.
func (f *Feed) Refuse(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.refuse = err
}

// Opens returns how often Open was called, in vain or not.
func (f *Feed) Opens() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.opens
}

// IsOpen reports whether a stream is open.
func (f *Feed) IsOpen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.open
}

// Shown returns how many pictures the engine was given.
func (f *Feed) Shown() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mu.shown
}

// Left returns how much of what was pushed was not taken yet.
func (f *Feed) Left() int { return len(f.next) }

// Open implements node.Source.
func (f *Feed) Open(ctx context.Context) (node.Stream, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mu.opens++
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case f.mu.refuse != nil:
		return nil, f.mu.refuse
	case f.mu.open:
		return nil, fmt.Errorf("camera %q is opened while a stream is open", f.id)
	}
	f.mu.open = true
	return &stream{f: f, closed: make(chan struct{})}, nil
}

// Hang is a stream that does not return.
type Hang struct {
	began, ended chan struct{}
	once         sync.Once
}

// Began is closed when the stream hangs.
func (h *Hang) Began() <-chan struct{} { return h.began }

// End lets the stream go on with what follows. Later calls do nothing.
func (h *Hang) End() { h.once.Do(func() { close(h.ended) }) }

type stream struct {
	f      *Feed
	closed chan struct{}
}

// Next implements node.Stream.
func (s *stream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		select {
		case i := <-s.f.next:
			switch {
			case i.hang != nil:
				close(i.hang.began)
				<-i.hang.ended
			case i.err != nil:
				return nil, i.err
			default:
				return s.show(&i.shot, alloc)
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.closed:
			return nil, node.ErrClosed
		}
	}
}

func (s *stream) show(shot *Shot, alloc node.Allocator) (*frame.Frame, error) {
	w, h := shot.Width, shot.Height
	if w == 0 {
		w = 64
	}
	if h == 0 {
		h = 48
	}
	fr, err := alloc.Get(shot.Format, w, h)
	if err != nil {
		return nil, err
	}
	fr.PTS, fr.Capture = shot.PTS, shot.Capture
	pix := fr.Pix()
	for i := range pix {
		pix[i] = shot.Level
	}
	if shot.Draw != nil {
		shot.Draw(pix)
	}
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	s.f.mu.shown++
	return fr, nil
}

// Info implements node.Stream: a virtual camera knows nothing ahead.
func (s *stream) Info() node.StreamInfo { return node.StreamInfo{} }

// Close implements node.Stream.
func (s *stream) Close() error {
	s.f.mu.Lock()
	defer s.f.mu.Unlock()
	select {
	case <-s.closed:
		return node.ErrClosed
	default:
	}
	close(s.closed)
	s.f.mu.open = false
	return nil
}
