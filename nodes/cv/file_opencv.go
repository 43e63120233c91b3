//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

func openFile(t turns) func(node.CameraEnv, FileOptions) (node.Source, error) {
	return func(env node.CameraEnv, o FileOptions) (node.Source, error) {
		path, err := env.InputPath(o.Path)
		if err != nil {
			return nil, err
		}
		return &fileSource{turns: t, path: path, given: o.Path, loop: env.Loop, fps: env.FPS, log: env.Log}, nil
	}
}

type fileSource struct {
	turns       turns
	path, given string
	loop        bool
	fps         float64
	log         *slog.Logger
}

// Open implements node.Source.
func (s *fileSource) Open(ctx context.Context) (node.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("file %q", s.given)
	if err := readable(s.path); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return newClip(ctx, clipOptions{
		name: name,
		loop: s.loop,
		fps:  s.fps,
		log:  s.log,
		open: func(ctx context.Context) (*capture, error) {
			c, err := s.turns.open(ctx, s.path, "", 0)
			if errors.Is(err, errOpen) {
				return nil, errors.New("is no video that OpenCV can read: try `ffprobe` on it, or re-encode it with ffmpeg")
			}
			return c, err
		},
	})
}

// readable says in the user's words why a path cannot be a video, before OpenCV says only that it cannot be opened.
func readable(path string) error {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s: correct the path; relative ones start at the pipeline's folder", path)
	case err != nil:
		return err
	case st.IsDir():
		return fmt.Errorf("%s is a folder: name one video in it, or use the camera kind images for a folder of pictures", path)
	case !st.Mode().IsRegular():
		// A named pipe would block the open for ever.
		return fmt.Errorf("%s is no regular file", path)
	case st.Size() == 0:
		return fmt.Errorf("%s is empty", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%w: make it readable for the user that runs rvo", err)
	}
	return f.Close()
}

// clip is a video with an end, from a file or over HTTP.
type clip struct {
	handle

	o      clipOptions
	info   node.StreamInfo
	period time.Duration

	// Owned by the goroutine that calls Next.
	width, height int
	held          bool // a picture is grabbed and not yet given
	pts           time.Duration
	last          time.Duration // media time of the newest grabbed picture, over all passes
	base          time.Duration // media time of the pass's first picture
	zero          time.Duration // what the file calls the time of its first picture
	n             int           // pictures of this pass, the missing ones that were seen to be missing included
	even, gaps    int           // intervals of this pass of one period, and of several
	short         bool          // the early end was reported
	ended         bool
	start         time.Time // when the first picture was given, where paced
}

type clipOptions struct {
	name string
	loop bool
	fps  float64 // taken when the clip has no rate of its own
	pace bool    // Next waits until a picture is due by its media time
	open func(context.Context) (*capture, error)
	log  *slog.Logger
}

// maxTries is how many reads in a row may fail before a clip is taken to have ended: enough to get over a damaged
// stretch, few enough that the end of every pass costs nothing.
const maxTries = 64

func newClip(ctx context.Context, o clipOptions) (*clip, error) {
	c, err := o.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	s := &clip{o: o, info: describe(c)}
	s.mu.c = c
	if s.info.FPS == 0 {
		if s.info.FPS = measure(c); s.info.FPS == 0 {
			if s.info.FPS = o.fps; o.fps == 0 {
				s.info.FPS = 25
			}
			o.log.Warn("video does not tell its rate", "name", o.name, "fps", s.info.FPS)
		}
		c.close()
		s.mu.c = nil
		if c, err = o.open(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", o.name, err)
		}
		s.mu.c = c
	}
	s.period = time.Duration(math.Round(float64(time.Second) / s.info.FPS))
	// The first picture now, so that a file without one fails at once and with a clear reason.
	if err = s.grab(c); !s.held {
		_ = s.Close()
		if errors.Is(err, io.EOF) || errors.Is(err, node.ErrCorrupt) {
			err = errNothing
		}
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	s.width, s.height = s.info.Width, s.info.Height
	return s, nil
}

var errNothing = errors.New("has no picture that can be decoded: try `ffprobe` on it, or re-encode it with ffmpeg")

// measure returns the rate of the first pictures by their media time, 0 where that does not tell.
func measure(c *capture) float64 {
	var first, last time.Duration
	n := 0
	for ; n < 12; n++ {
		if ok, err := c.grab(); !ok || err != nil {
			break
		}
		if last = position(c); n == 0 {
			first = last
		}
	}
	if n < 2 || last <= first {
		return 0
	}
	if fps := float64(n-1) / (last - first).Seconds(); plausible(fps) {
		return fps
	}
	return 0
}

func position(c *capture) time.Duration {
	ms := c.get(propPosMsec)
	if math.IsNaN(ms) || math.Abs(ms) > 1e12 {
		return 0
	}
	return time.Duration(math.Round(ms * float64(time.Millisecond)))
}

// Next implements node.Stream.
func (s *clip) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer s.leave()
	for !s.held {
		err := s.grab(c)
		if errors.Is(err, io.EOF) && s.o.loop {
			if s.n == 0 {
				return nil, fmt.Errorf("%s: %w", s.o.name, errNothing) // it changed under us
			}
			if c, err = s.rewind(ctx); err == nil {
				continue
			}
		}
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.o.name, err)
		}
	}
	if s.o.pace {
		if err := s.wait(ctx); err != nil {
			return nil, err
		}
	}
	s.held = false
	f, err := c.retrieve(s.width, s.height, alloc)
	if errors.Is(err, errNoPicture) {
		return nil, fmt.Errorf("%s at %s: %w: %w", s.o.name, s.pts, node.ErrCorrupt, err)
	}
	if err != nil {
		return nil, err
	}
	s.width, s.height = f.Width, f.Height
	f.PTS = s.pts
	return f, nil
}

// grab reads the next picture of this pass and dates it. It returns io.EOF at the end, and an error that wraps
// node.ErrCorrupt where pictures are missing before the one it has read or before the end.
func (s *clip) grab(c *capture) error {
	if s.ended {
		return io.EOF
	}
	tries := 0
	for ; tries < maxTries; tries++ {
		ok, err := c.grab()
		if err != nil {
			return err
		}
		if ok {
			break
		}
	}
	if tries == maxTries {
		// FFmpeg skips what it cannot decode without a word; that it ends before the header's time is what shows. The
		// count alone would accuse clips of a varying rate, whose header tells the duration in periods.
		end := s.last - s.base + s.period
		if missing := time.Duration(s.info.Frames)*s.period - end; missing > 3*s.period && !s.short {
			s.short = true
			return fmt.Errorf("%w: ends after %s, %s before the time its header tells: it is damaged or cut off",
				node.ErrCorrupt, end, missing)
		}
		s.ended = true
		return io.EOF
	}
	missing := s.date(position(c))
	s.held = true
	if tries > 0 || missing > 0 {
		return fmt.Errorf("%w: %d pictures before %s cannot be decoded", node.ErrCorrupt, max(tries, missing), s.pts)
	}
	return nil
}

// date gives the grabbed picture its media time and returns how many pictures are missing before it: a hole of several
// periods in a clip that otherwise keeps to one.
func (s *clip) date(pos time.Duration) (missing int) {
	if s.n == 0 {
		s.zero, s.pts = pos, s.base
		s.last, s.n = s.pts, 1
		return 0
	}
	s.pts = s.base + pos - s.zero
	if s.pts <= s.last {
		s.pts = s.last + s.period // the container has no times, or they stand still
	}
	switch periods := float64(s.pts-s.last) / float64(s.period); {
	case periods >= 1.5:
		s.gaps++
		if s.even >= 10 && s.even >= 10*s.gaps {
			missing = int(math.Round(periods)) - 1
		}
	case periods >= 0.75:
		s.even++
	default:
		s.even = 0 // not of one rate: its holes say nothing
	}
	s.last = s.pts
	s.n += 1 + missing
	return missing
}

// rewind opens the clip again for another pass: seeking is not exact in every format, a new start is.
func (s *clip) rewind(ctx context.Context) (*capture, error) {
	c, err := s.o.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.replace(c); err != nil {
		return nil, err
	}
	s.base = s.last + s.period
	s.n, s.even, s.gaps, s.short, s.ended = 0, 0, 0, false, false
	return c, nil
}

// wait returns when the held picture is due.
func (s *clip) wait(ctx context.Context) error {
	if s.start.IsZero() {
		s.start = time.Now().Add(-s.pts)
	}
	t := time.NewTimer(time.Until(s.start.Add(s.pts)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Info implements node.Stream.
func (s *clip) Info() node.StreamInfo { return s.info }

// Close implements node.Stream.
func (s *clip) Close() error {
	s.close()
	return nil
}
