//go:build cgo && opencv

package cv

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

func openHaar() func(context.Context, node.DetectorEnv, HaarOptions) (node.Model, error) {
	return func(_ context.Context, env node.DetectorEnv, o HaarOptions) (node.Model, error) {
		t, err := node.NewTuned(o, HaarOptions.withDefaults)
		if err != nil {
			return nil, err
		}
		path, err := findCascade(env.Env, t.Now().Cascade, dataDirs())
		if err != nil {
			return nil, err
		}
		if err := raiseThreads(env.Threads); err != nil {
			return nil, err
		}
		m := &haarModel{Tuned: t, path: path}
		c, err := m.load() // a file that is no cascade fails here, not at the first picture
		if err != nil {
			return nil, err
		}
		c.close()
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("cascade %s: %w", path, err)
		}
		m.id = node.Identity{Name: filepath.Base(path), SHA256: fmt.Sprintf("%x", sha256.Sum256(text))}
		return m, nil
	}
}

type haarModel struct {
	*node.Tuned[HaarOptions, HaarOptions]
	path string
	id   node.Identity
}

// Identity implements node.Identifier.
func (m *haarModel) Identity() node.Identity { return m.id }

func (m *haarModel) load() (*cascade, error) {
	c, err := loadCascade(m.path)
	if err != nil {
		return nil, fmt.Errorf("cascade %s: %w", m.path, err)
	}
	return c, nil
}

// NewInstance implements node.Model.
func (m *haarModel) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	c, err := m.load()
	if err != nil {
		return nil, err
	}
	return &haar{m: m, c: c}, nil
}

// Close implements node.Model.
func (*haarModel) Close() error { return nil }

type haar struct {
	m   *haarModel
	c   *cascade
	raw []rawBox
}

// Detect implements node.Instance.
func (d *haar) Detect(_ context.Context, run *node.Run) error {
	if len(run.Frames) == 0 {
		return errors.New("haar: run without a picture")
	}
	o, p := d.m.Now(), run.Frames[len(run.Frames)-1].Luma()
	var err error
	d.raw, err = d.c.detect(p, cascadeParams{
		step: o.Step, neighbours: o.MinNeighbors, minSide: int(o.MinSize * float64(p.Height)),
	}, d.raw[:0])
	if err != nil {
		return fmt.Errorf("haar: %w", err)
	}
	boxes := toBoxes(d.raw, p.Width, p.Height, o.Label, func(votes float64) float64 {
		return votes / (votes + float64(o.MinNeighbors))
	})
	run.Set("count", signal.Int(int64(len(boxes))))
	run.Set("boxes", signal.Boxes(boxes))
	return nil
}

// Close implements node.Instance.
func (d *haar) Close() error {
	d.c.close()
	return nil
}
