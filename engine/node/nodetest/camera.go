package nodetest

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"slices"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// Camera is one camera run alone: opened, with a pool of its own. It belongs to one goroutine.
type Camera struct {
	Stream node.Stream
	Pool   *frame.Pool

	t    testing.TB
	seq  uint64
	shut bool
}

// OpenCamera opens a camera and fails the test when that does not work. The test's cleanup closes it and checks that
// every frame was given back.
func OpenCamera(t testing.TB, k node.Kind, options string, env node.CameraEnv) *Camera {
	t.Helper()
	src, err := k.OpenCamera(env, []byte(options))
	if err != nil {
		t.Fatalf("camera %s with %s: %v", k.Contract.Name, options, err)
	}
	s, err := src.Open(t.Context())
	if err != nil {
		t.Fatalf("camera %s with %s: open: %v", k.Contract.Name, options, err)
	}
	c := &Camera{Stream: s, Pool: frame.NewPool(frame.PoolOptions{Camera: env.Camera, Slabs: 8}), t: t}
	t.Cleanup(c.Close)
	return c
}

// Next returns the next picture as the engine would publish it: numbered, its capture time the media time. The caller
// releases it. The error is the stream's.
func (c *Camera) Next() (*frame.Frame, error) {
	f, err := c.Stream.Next(c.t.Context(), c.Pool)
	c.seq++
	if err != nil {
		return nil, err
	}
	f.Seq = c.seq
	if f.Capture == 0 && f.PTS != frame.NoPTS {
		f.Capture = tick.Time(f.PTS)
	}
	return f, nil
}

// Each calls do with each of the next n pictures, or with all up to the end of the stream when n is 0, and releases
// it. Pictures that are corrupt or find no buffer are passed over; any other error fails the test. It returns how many
// there were.
func (c *Camera) Each(n int, do func(*frame.Frame)) int {
	c.t.Helper()
	for i := 0; ; {
		if n > 0 && i == n {
			return i
		}
		f, err := c.Next()
		switch {
		case errors.Is(err, io.EOF) && n == 0:
			return i
		case errors.Is(err, node.ErrCorrupt), errors.Is(err, frame.ErrNoBuffer):
			continue
		case err != nil:
			c.t.Fatalf("picture %d: %v", i, err)
		}
		i++
		do(f)
		f.Release()
	}
}

// Close closes the stream and fails the test when a frame is still held. Later calls do nothing.
func (c *Camera) Close() {
	if c.shut {
		return
	}
	c.shut = true
	if err := c.Stream.Close(); err != nil {
		c.t.Errorf("close: %v", err)
	}
	if s := c.Pool.Stats(); s.Held != 0 {
		c.t.Errorf("%d frames are still held after the end", s.Held)
	}
	c.Pool.Close()
}

// Hash returns a hash of the picture's base pixels, the same for equal pictures in one process.
func Hash(seed maphash.Seed, f *frame.Frame) uint64 { return maphash.Bytes(seed, f.Pix()) }

func runCamera(t *testing.T, k node.Kind, c Case) {
	env := CameraEnv(t)
	env.FPS, env.Width, env.Height, env.Loop = c.FPS, c.Width, c.Height, c.Loop
	if c.Env != nil {
		c.Env(t, &env.Env)
	}
	src, err := k.OpenCamera(env, []byte(c.options()))
	var stream node.Stream
	if err == nil {
		stream, err = src.Open(t.Context())
	}
	if refused(t, c, err) {
		return
	}
	n := c.Pictures
	if n == 0 {
		n = 5
	}
	seed := maphash.MakeSeed()
	first := takePictures(t, stream, n, seed)
	closeStream(t, stream)

	// A source is opened again after its stream has ended; one that is not live gives the same pictures again.
	stream, err = src.Open(t.Context())
	if err != nil {
		t.Fatalf("second open: %v", err)
	}
	second := takePictures(t, stream, n, seed)
	if !k.Contract.Live && !slices.Equal(first, second) {
		t.Error("the second opening gives other pictures than the first")
	}
	starve(t, stream)
	closeStream(t, stream)

	stream, err = src.Open(t.Context())
	if err != nil {
		t.Fatalf("third open: %v", err)
	}
	endSoon(t, stream)
	closeStream(t, stream)
}

// takePictures takes n pictures and checks each one.
func takePictures(t *testing.T, s node.Stream, n int, seed maphash.Seed) []uint64 {
	t.Helper()
	pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 2})
	defer pool.Close()
	info := s.Info()
	last := time.Duration(-1)
	var hashes []uint64
	for i := 0; i < n; {
		f, err := s.Next(t.Context(), pool)
		if errors.Is(err, node.ErrCorrupt) {
			i++
			continue
		}
		if err != nil {
			t.Fatalf("picture %d of %d: %v", i+1, n, err)
		}
		i++
		if f.Refs() != 1 {
			t.Errorf("picture %d has %d references, want the caller's one", i, f.Refs())
		}
		if f.Seq != 0 {
			t.Errorf("picture %d has the number %d: numbering is the engine's", i, f.Seq)
		}
		if f.PTS != frame.NoPTS {
			if f.PTS <= last {
				t.Errorf("picture %d has the media time %s after %s", i, f.PTS, last)
			}
			last = f.PTS
		}
		if i == 1 && info.Width != 0 && (info.Width != f.Width || info.Height != f.Height) {
			t.Errorf("the first picture is %d x %d, Info says %d x %d", f.Width, f.Height, info.Width, info.Height)
		}
		hashes = append(hashes, Hash(seed, f))
		f.Release()
	}
	if held := pool.Stats().Held; held != 0 {
		t.Errorf("%d frames are held by the camera", held)
	}
	return hashes
}

// starve checks that a picture without a buffer is an error that the stream outlives.
func starve(t *testing.T, s node.Stream) {
	t.Helper()
	_, err := s.Next(t.Context(), noBuffers{})
	if err != nil && !errors.Is(err, frame.ErrNoBuffer) && !errors.Is(err, io.EOF) && !errors.Is(err, node.ErrCorrupt) {
		t.Errorf("without a buffer Next gives %v, want frame.ErrNoBuffer", err)
	}
	if err == nil {
		t.Error("without a buffer Next gives a picture that is not from the allocator")
	}
	pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 1})
	defer pool.Close()
	f, err := s.Next(t.Context(), pool)
	switch {
	case err == nil:
		f.Release()
	case !errors.Is(err, io.EOF) && !errors.Is(err, node.ErrCorrupt):
		t.Errorf("after a picture was dropped the stream gives %v", err)
	}
}

type noBuffers struct{}

func (noBuffers) Get(frame.Format, int, int) (*frame.Frame, error) { return nil, frame.ErrNoBuffer }

// endSoon checks that Next returns when its context is done, with or without a picture.
func endSoon(t *testing.T, s node.Stream) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 1})
	defer pool.Close()
	within(t, "Next", func() {
		f, err := s.Next(ctx, pool)
		if err == nil {
			f.Release()
		}
	})
}

func closeStream(t *testing.T, s node.Stream) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
