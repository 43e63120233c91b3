//go:build cgo && opencv

package cv

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"gocv.io/x/gocv"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// rate is the share of a new picture in the background model when the last one is dt older. OpenCV takes a colour for
// background once the model holds a tenth of it (its background ratio of 0.9): the rate is the one at which that takes
// history, however many pictures come in that time.
func (s mog2Settings) rate(dt time.Duration) float64 {
	return 1 - math.Pow(0.9, max(dt, 0).Seconds()/s.history.Seconds())
}

func openMOG2() func(context.Context, node.DetectorEnv, MOG2Options) (node.Model, error) {
	return func(_ context.Context, env node.DetectorEnv, o MOG2Options) (node.Model, error) {
		t, err := node.NewTuned(o, MOG2Options.settings)
		if err != nil {
			return nil, err
		}
		if err := raiseThreads(env.Threads); err != nil {
			return nil, err
		}
		return mog2Shared{t}, nil
	}
}

type mog2Shared struct {
	*node.Tuned[MOG2Options, mog2Settings]
}

// NewInstance implements node.Model.
func (m mog2Shared) NewInstance(_ context.Context, env node.InstanceEnv) (node.Instance, error) {
	s := m.Now()
	model, err := newMOG2(s.varThreshold, s.shadows)
	if err != nil {
		return nil, fmt.Errorf("mog2: %w", err)
	}
	return &mog2{
		shared: m,
		s:      s,
		model:  model,
		kernel: gocv.GetStructuringElement(gocv.MorphRect, image.Pt(3, 3)),
		mask:   gocv.NewMat(), open: gocv.NewMat(), moving: gocv.NewMat(),
		labels: gocv.NewMat(), stats: gocv.NewMat(), centroids: gocv.NewMat(), counts: gocv.NewMat(),
		masks: env.Masks,
	}, nil
}

// Close implements node.Model.
func (mog2Shared) Close() error { return nil }

// mog2 is the background of one camera. Its Mats are reused from run to run.
type mog2 struct {
	shared mog2Shared
	s      *mog2Settings // of the present run
	model  *mog2Model

	kernel, mask, moving, open gocv.Mat
	labels, stats, centroids   gocv.Mat

	masks  []signal.Polygon // parts of the picture in which nothing counts
	counts gocv.Mat         // 255 outside of them, empty without any

	size    image.Point // of the pictures the background is made of
	learned tick.Time   // capture time of the newest
}

// Detect implements node.Instance.
func (d *mog2) Detect(_ context.Context, run *node.Run) error {
	if len(run.Frames) == 0 {
		return errors.New("mog2: run without a picture")
	}
	if s := d.shared.Now(); s != d.s {
		if err := d.model.tune(s.varThreshold, s.shadows); err != nil {
			return fmt.Errorf("mog2: %w", err)
		}
		d.s = s
	}
	for _, f := range run.Frames[:len(run.Frames)-1] {
		if _, err := d.learn(f); err != nil {
			return err
		}
	}
	first, err := d.learn(run.Frames[len(run.Frames)-1])
	if err != nil || first {
		return err
	}
	boxes, level := d.find()
	run.Set("level", signal.Float(level))
	run.Set("boxes", signal.Boxes(boxes))
	return nil
}

// learn takes one picture into the background and leaves what moves in d.mask. first says that there was no background
// before, so that the mask means nothing.
func (d *mog2) learn(f *frame.Frame) (first bool, err error) {
	p := f.SmallLuma()
	src, err := gocv.NewMatFromBytes(p.Height, p.Width, gocv.MatTypeCV8UC1, p.Pix)
	if err != nil {
		return false, fmt.Errorf("mog2: %w", err)
	}
	defer src.Close()
	size, rate := image.Pt(p.Width, p.Height), d.s.rate(f.Capture.Sub(d.learned))
	if size != d.size {
		first, rate = true, 1
		if err := d.cover(size); err != nil {
			return false, err
		}
	}
	if err := d.model.apply(src, d.mask, rate); err != nil {
		return false, fmt.Errorf("mog2: %w", err)
	}
	d.size, d.learned = size, f.Capture
	return first, nil
}

// cover lays the masks over pictures of this size. A pixel is where its middle is.
func (d *mog2) cover(size image.Point) error {
	if len(d.masks) == 0 {
		return nil
	}
	pix := make([]byte, size.X*size.Y)
	for i := range pix {
		x, y := (float64(i%size.X)+0.5)/float64(size.X), (float64(i/size.X)+0.5)/float64(size.Y)
		if !slices.ContainsFunc(d.masks, func(p signal.Polygon) bool { return p.Contains(x, y) }) {
			pix[i] = 255
		}
	}
	counts, err := gocv.NewMatFromBytes(size.Y, size.X, gocv.MatTypeCV8UC1, pix)
	if err != nil {
		return fmt.Errorf("mog2: %w", err)
	}
	old := d.counts
	d.counts = counts
	return old.Close()
}

// find reduces the mask to the share of moving pixels and the boxes around them.
func (d *mog2) find() ([]signal.Box, float64) {
	gocv.Threshold(d.mask, &d.moving, 200, 255, gocv.ThresholdBinary) // shadows are 127
	if len(d.masks) > 0 {
		gocv.BitwiseAnd(d.moving, d.counts, &d.moving)
	}
	gocv.MorphologyEx(d.moving, &d.open, gocv.MorphOpen, d.kernel) // single pixels are noise
	total := float64(d.size.X * d.size.Y)
	level := float64(gocv.CountNonZero(d.open)) / total
	n := gocv.ConnectedComponentsWithStats(d.open, &d.labels, &d.stats, &d.centroids)
	var boxes []signal.Box
	for i := 1; i < n; i++ { // 0 is the background
		x, y := d.stats.GetIntAt(i, 0), d.stats.GetIntAt(i, 1)
		w, h, area := d.stats.GetIntAt(i, 2), d.stats.GetIntAt(i, 3), d.stats.GetIntAt(i, 4)
		if float64(area) < d.s.minArea*total {
			continue
		}
		boxes = append(boxes, signal.Box{
			X: float32(x) / float32(d.size.X), Y: float32(y) / float32(d.size.Y),
			W: float32(w) / float32(d.size.X), H: float32(h) / float32(d.size.Y),
			Score: float32(area) / float32(w*h),
		})
	}
	slices.SortStableFunc(boxes, func(a, b signal.Box) int { return cmp.Compare(b.W*b.H, a.W*a.H) })
	return boxes[:min(len(boxes), maxBoxes)], level
}

// Close implements node.Instance.
func (d *mog2) Close() error {
	d.model.close()
	var errs []error
	for _, m := range []*gocv.Mat{&d.kernel, &d.mask, &d.moving, &d.open, &d.labels, &d.stats, &d.centroids, &d.counts} {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}
