package evidence

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"time"
)

// Policy is what is kept of the events that name it, and for how long.
type Policy struct {
	ID       string
	Dir      string        // absolute; made where it is missing
	Pre      time.Duration // before the picture that decided
	Post     time.Duration // after the event was confirmed, or after it ended
	FPS      float64       // pictures a second at most; 0: every sample
	Quality  int           // of the snapshot, 1 to 100; the pictures come as they were encoded
	Keep     time.Duration // age at which a clip goes; 0: no limit
	MaxBytes int64         // of all clips of this policy; 0: no limit
	MinFree  int64         // bytes to be left free on the disk; 0: no limit
}

// CameraOptions bound what is remembered of a camera.
type CameraOptions struct {
	ID    string
	Bytes int64         // of the ring, in Sample.Cost; at least one picture
	Hold  int64         // beside the ring, for clips that are not written yet; 0: as much as Bytes
	Span  time.Duration // of the ring; 0: bytes alone bound it
}

// MaxID bounds the length of an id that becomes part of a folder's name: two of them, a time and a hash stay well below
// the 255 bytes that file systems allow.
const MaxID = 80

// The bounds of Policy.FPS: a picture in a quarter of an hour, and more than any camera gives.
const (
	MinFPS = 0.001
	MaxFPS = 1000
)

// safeID is what may become part of a path: no separator, no dot, nothing that a shell or a file system reads.
func safeID(what, id string) error {
	if len(id) > MaxID || !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`).MatchString(id) {
		return fmt.Errorf("%s id %q: must be 1 to %d letters, digits, _ and -, and begin with a letter or digit", what, id, MaxID)
	}
	return nil
}

func (p *Policy) validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("evidence %q: "+format, append([]any{p.ID}, args...)...))
	}
	if err := safeID("evidence", p.ID); err != nil {
		errs = append(errs, err)
	}
	if !filepath.IsAbs(p.Dir) {
		bad("dir %q must be absolute", p.Dir)
	}
	if p.Pre < 0 || p.Post < 0 || p.Keep < 0 {
		bad("pre %s, post %s and keep %s must not be negative", p.Pre, p.Post, p.Keep)
	}
	if p.Pre > MaxWindow || p.Post > MaxWindow {
		bad("pre %s and post %s must be at most %s: a ring cannot hold more", p.Pre, p.Post, MaxWindow)
	}
	if p.Quality < 1 || p.Quality > 100 {
		bad("quality %d must be from 1 to 100", p.Quality)
	}
	if p.FPS != 0 && !(p.FPS >= MinFPS && p.FPS <= MaxFPS) {
		bad("fps %g must be 0 for every picture, or from %g to %g", p.FPS, MinFPS, MaxFPS)
	}
	if p.MaxBytes < 0 || p.MinFree < 0 {
		bad("maxBytes %d and minFree %d must not be negative", p.MaxBytes, p.MinFree)
	}
	return errors.Join(errs...)
}

func (c *CameraOptions) validate() error {
	if err := safeID("camera", c.ID); err != nil {
		return err
	}
	if c.Bytes <= sampleOverhead || c.Hold < 0 || c.Span < 0 {
		return fmt.Errorf("camera %q: evidence ring of %d bytes, hold of %d and span of %s: bytes must be above %d, the others not negative",
			c.ID, c.Bytes, c.Hold, c.Span, sampleOverhead)
	}
	return nil
}
