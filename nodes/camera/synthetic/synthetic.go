// Package synthetic is the camera kind that draws its own pictures: for the first run without a camera, for tests and
// for measurements.
//
//	cameras: front: {fps: 30, synthetic: {pattern: "object", seed: 7}}
//
// Picture n is a function of the options, the size and n alone, so two runs see the same. Its media time is n / fps and
// it is ready at once: the engine paces it, live or in lockstep. Options that change while it runs hold from the next
// picture on, whose number stays what it would have been. The package reads no clock and starts no goroutine.
package synthetic

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the synthetic camera.
func Kind() node.Kind {
	return node.Camera(node.Contract{
		Name: "synthetic",
		Doc: "pictures drawn by the program: a thing that moves and rests on a textured background, or a plain test " +
			"pattern, at the camera's width, height (640 x 480) and fps (30)",
		Options: optionsCUE,
		Changes: map[string]node.Change{
			"pattern": node.Retune, "seed": node.Retune, "size": node.Retune, "speed": node.Retune, "moving": node.Retune, "still": node.Retune,
			"noise": node.Retune, "level": node.Retune, "period": node.Retune,
			"camera.loop": node.Retune,  // pictures that are drawn have no end to begin again at
			"frames":      node.Replace, // a camera whose pictures are over has nothing left to change
		},
	}, open)
}

// Options are what stands under the kind's key. Zero values stand for the defaults.
type Options struct {
	Pattern string        `json:"pattern"`
	Seed    uint64        `json:"seed"`
	Size    float64       `json:"size"`  // fraction of the shorter side, above 0 and at most 1
	Speed   float64       `json:"speed"` // picture widths a second, above 0 and at most 1
	Moving  node.Duration `json:"moving"`
	Still   node.Duration `json:"still"`
	Noise   int           `json:"noise"` // levels, 0 to 32
	Level   *int          `json:"level"` // 0 to 255
	Period  int           `json:"period"`
	Frames  int           `json:"frames"` // 0: no end
}

// What a camera gives when the pipeline asks for nothing else.
const (
	defaultWidth  = 640
	defaultHeight = 480
	defaultFPS    = 30
)

// maxNoise keeps background plus noise inside a byte: the texture stays as far from black and white.
const maxNoise = 32

func (o *Options) complete(env node.CameraEnv) error {
	if o.Pattern == "" {
		o.Pattern = "object"
	}
	if o.Seed == 0 {
		o.Seed = env.Seed
	}
	if o.Size == 0 {
		o.Size = 0.2
	}
	if o.Speed == 0 {
		o.Speed = 0.25
	}
	o.Moving = node.Duration(o.Moving.Or(4 * time.Second))
	o.Still = node.Duration(o.Still.Or(6 * time.Second))
	if o.Level == nil {
		mid := 128
		o.Level = &mid
	}
	if o.Period == 0 {
		o.Period = 15
	}
	names := []string{"object", "still", "rectangle", "alternating", "solid"}
	switch {
	case !slices.Contains(names, o.Pattern):
		return fmt.Errorf("pattern %q: must be one of %q", o.Pattern, names)
	case o.Size < 0 || o.Size > 1:
		return fmt.Errorf("size %g: must be above 0 and at most 1, a fraction of the picture's shorter side", o.Size)
	case o.Speed < 0 || o.Speed > 1:
		return fmt.Errorf("speed %g: must be above 0 and at most 1, in picture widths a second", o.Speed)
	case o.Noise < 0 || o.Noise > maxNoise:
		return fmt.Errorf("noise %d: must be from 0 to %d levels", o.Noise, maxNoise)
	case *o.Level < 0 || *o.Level > 255:
		return fmt.Errorf("level %d: must be from 0 (black) to 255 (white)", *o.Level)
	case o.Period < 0:
		return fmt.Errorf("period %d: must be at least 1 picture", o.Period)
	case o.Frames < 0:
		return fmt.Errorf("frames %d: must be 0 (no end) or more", o.Frames)
	}
	return nil
}

func open(env node.CameraEnv, o Options) (node.Source, error) {
	s := &source{width: env.Width, height: env.Height, fps: env.FPS}
	if s.width == 0 {
		s.width = defaultWidth
	}
	if s.height == 0 {
		s.height = defaultHeight
	}
	if s.fps == 0 {
		s.fps = defaultFPS
	}
	if s.width < 1 || s.height < 1 || s.width > frame.MaxSide || s.height > frame.MaxSide {
		return nil, fmt.Errorf("camera %q: picture of %d x %d: each side must be from 1 to %d", env.ID, s.width, s.height, frame.MaxSide)
	}
	var err error
	s.Tuned, err = node.NewTuned(o, func(o Options) (settings, error) {
		if err := o.complete(env); err != nil {
			return settings{}, fmt.Errorf("camera %q: synthetic: %w", env.ID, err)
		}
		p := settings{frames: o.Frames, painter: sync.OnceValue(func() painter { return newPainter(o, s.width, s.height) })}
		if s.opened.Load() {
			p.painter() // here and not before the next picture
		}
		return p, nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// settings are what a picture is drawn by. The painter is made when it is first asked for: it takes milliseconds, and
// cameras are made one after the other.
type settings struct {
	painter func() painter
	frames  int
}

type source struct {
	*node.Tuned[Options, settings]
	width, height int
	fps           float64
	opened        atomic.Bool
}

// Open implements node.Source: it draws what is the same in every picture.
func (s *source) Open(context.Context) (node.Stream, error) {
	s.opened.Store(true)
	s.Now().painter()
	return &stream{source: s}, nil
}

type stream struct {
	*source
	n int // of the next picture, from 0
}

// Next implements node.Stream.
func (s *stream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now := s.Now()
	if now.frames > 0 && s.n >= now.frames {
		return nil, io.EOF
	}
	n := s.n
	s.n++ // also for a picture that finds no buffer: it was taken and is lost
	f, err := alloc.Get(frame.BGR, s.width, s.height)
	if err != nil {
		return nil, err
	}
	f.PTS = mediaTime(n, s.fps)
	now.painter()(f.Pix(), n, f.PTS)
	return f, nil
}

// mediaTime is n / fps, rounded down to a nanosecond; it does not add up rounding errors.
func mediaTime(n int, fps float64) time.Duration {
	return time.Duration(float64(n) / fps * float64(time.Second))
}

// Info implements node.Stream.
func (s *stream) Info() node.StreamInfo {
	return node.StreamInfo{Width: s.width, Height: s.height, FPS: s.fps, Frames: s.Now().frames}
}

// Close implements node.Stream.
func (s *stream) Close() error { return nil }
