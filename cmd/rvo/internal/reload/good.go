package reload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

const (
	// goodSchema names the form of the file of the last good pipeline.
	goodSchema = "rvo.good/v1"
	goodFolder = "last-good"
	goodFile   = "pipeline.json"
	goodData   = "data"
	// maxCopy is the largest file of a node that is copied, and maxCopies how much is copied of all, in bytes: models and cascades.
	// What is larger has to be where it was.
	maxCopy   = 256 << 20
	maxCopies = 1 << 30
	// startEvery is how often it is looked whether the first graph has started.
	startEvery = 500 * time.Millisecond
)

// Good is a pipeline that proved good, as it is kept: it runs without the files that it was read from.
type Good struct {
	Schema   string            `json:"schema"`
	At       time.Time         `json:"at"`
	Revision string            `json:"revision"`
	Spec     *graph.Spec       `json:"spec"`
	Source   []byte            `json:"source"`
	Overlay  []byte            `json:"overlay,omitempty"`
	Texts    map[string][]byte `json:"texts"` // of the files it was read from
	Data     []copied          `json:"data"`
}

// copied is a file that a node reads.
type copied struct {
	Node   string `json:"node"` // "detector/person"
	Option string `json:"option"`
	Path   string `json:"path"`
	Hash   string `json:"hash"`
	Copy   string `json:"copy,omitempty"` // in the folder of copies; empty: it is a folder, or too large
}

// newest holds the newest pipeline that proved good until it is written.
type newest struct {
	mu   sync.Mutex
	in   *Loaded
	news chan struct{}
}

func newNewest() *newest { return &newest{news: make(chan struct{}, 1)} }

func (n *newest) put(in *Loaded) {
	n.mu.Lock()
	n.in = in
	n.mu.Unlock()
	tell(n.news)
}

func (n *newest) take() *Loaded {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.in
}

// keep writes each pipeline that proves good, the first one when it has started.
func (r *Reloader) keep(ctx context.Context) {
	for r.cfg.Started != nil && !r.cfg.Started() {
		if !pause(ctx, startEvery) {
			return
		}
	}
	r.mu.Lock()
	if r.trial == nil && r.cfg.Refused == nil {
		r.good.put(r.running)
	}
	r.mu.Unlock()
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.good.news:
		}
		in := r.good.take()
		if err := WriteGood(r.cfg.StateDir, in, r.facts.of(in.Graph.Dir)); err != nil {
			r.log.Warn("the last good pipeline is not kept: --resume will not have it", "err", err)
		} else {
			r.log.Debug("kept as the last good pipeline", "revision", in.Graph.Revision)
		}
	}
}

// WriteGood keeps a pipeline in the state folder in the place of the one before.
func WriteGood(stateDir string, in *Loaded, facts graph.Facts) error {
	dir := filepath.Join(stateDir, goodFolder)
	if err := os.MkdirAll(filepath.Join(dir, goodData), 0o700); err != nil {
		return err
	}
	g := Good{
		Schema: goodSchema, At: time.Now().UTC(), Revision: in.Graph.Revision, Spec: in.Spec, Source: in.Source, Overlay: in.Overlay,
		Texts: in.Texts, Data: []copied{},
	}
	room := int64(maxCopies)
	var errs []error
	each(in.Graph, func(id string, k *node.Kind, options []byte) {
		for _, u := range k.Contract.Uses(options).Reads {
			c := copied{Node: id, Option: u.Option, Hash: facts.File(u.Value)}
			var err error
			if c.Path, err = (node.Env{Dir: in.Graph.Dir}).InputPath(u.Value); err == nil {
				err = c.take(filepath.Join(dir, goodData), &room)
			}
			errs = append(errs, err)
			g.Data = append(g.Data, c)
		}
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	text, err := json.Marshal(&g)
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, goodFile), text); err != nil {
		return err
	}
	return sweep(filepath.Join(dir, goodData), g.Data)
}

// take copies the file, where it is one that is copied and is not there yet.
func (c *copied) take(dir string, room *int64) error {
	st, err := os.Stat(c.Path)
	if err != nil || !st.Mode().IsRegular() || st.Size() > min(maxCopy, *room) || c.Hash == "" {
		return nil // what cannot be read now was not read either
	}
	*room -= st.Size()
	c.Copy = c.Hash + filepath.Ext(c.Path)
	to := filepath.Join(dir, c.Copy)
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	from, err := os.Open(c.Path)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	f, err := os.CreateTemp(dir, ".copy-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), to)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// sweep removes copies that nothing names any more.
func sweep(dir string, keep []copied) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		if !slices.ContainsFunc(keep, func(c copied) bool { return c.Copy == e.Name() }) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// ErrNoGood says that a state folder has no last good pipeline.
var ErrNoGood = errors.New("no pipeline has run from this state folder before")

// ReadGood returns the last good pipeline of a state folder. A file of a node that is not what it was, or gone, is replaced by its
// copy. The error is ErrNoGood where there is none, else it says why it cannot be run.
func ReadGood(stateDir string, kinds *node.Set) (*Loaded, *Good, error) {
	dir := filepath.Join(stateDir, goodFolder)
	text, err := os.ReadFile(filepath.Join(dir, goodFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, ErrNoGood
	}
	if err != nil {
		return nil, nil, err
	}
	var g Good
	if err := json.Unmarshal(text, &g); err != nil || g.Schema != goodSchema || g.Spec == nil {
		return nil, nil, fmt.Errorf("%s is no pipeline that this rvo kept", filepath.Join(dir, goodFile))
	}
	now := newFacts().of(g.Spec.Dir)
	for i := range g.Data {
		c := &g.Data[i]
		if c.Copy == "" || now.File(c.Path) == c.Hash {
			continue
		}
		if err := point(g.Spec, c, filepath.Join(dir, goodData, c.Copy)); err != nil {
			return nil, nil, err
		}
	}
	in := &Loaded{Spec: g.Spec, Source: g.Source, Overlay: g.Overlay, Texts: g.Texts}
	for f := range g.Texts {
		in.Files = append(in.Files, f)
	}
	slices.Sort(in.Files)
	if in.Graph, err = graph.Build(g.Spec, kinds); err != nil {
		return nil, nil, fmt.Errorf("the last good pipeline cannot be run by this rvo: %w", err)
	}
	return in, &g, nil
}

// point has a node read the copy of a file.
func point(s *graph.Spec, c *copied, file string) error {
	var options *json.RawMessage
	for i := range s.Cameras {
		if "camera/"+s.Cameras[i].ID == c.Node {
			options = &s.Cameras[i].Options
		}
	}
	for i := range s.Detectors {
		if "detector/"+s.Detectors[i].ID == c.Node {
			options = &s.Detectors[i].Options
		}
	}
	for i := range s.Sinks {
		if "sink/"+s.Sinks[i].ID == c.Node {
			options = &s.Sinks[i].Options
		}
	}
	if options == nil {
		return fmt.Errorf("the last good pipeline has no node %s", c.Node)
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(*options, &all); err != nil {
		return fmt.Errorf("%s: %w", c.Node, err)
	}
	value, err := json.Marshal(file)
	if err != nil {
		return err
	}
	all[c.Option] = value
	*options, err = json.Marshal(all)
	return err
}
