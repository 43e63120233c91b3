package reload

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

const (
	// maxText is the largest file that is handed to the reading process as it was read here, in bytes.
	maxText = 4 << 20
	// rounds bounds how often a pipeline is read again because it names files that were not known.
	rounds = 3
)

// Loaded is a pipeline that was read, and what it was read from.
type Loaded struct {
	Spec     *graph.Spec
	Graph    *graph.Graph
	Nodes    []graph.Node // as the files that nodes read were then
	Findings []dsl.Finding
	Files    []string          // what it was read from, absolute
	Texts    map[string][]byte // what was in those of them that are CUE
	Source   []byte            // as it was evaluated, in CUE
	Overlay  []byte
}

// reader reads pipelines. It may be used by several goroutines.
type reader struct {
	cfg *Config

	mu   sync.Mutex
	next *vet.Child // waits for the next question
}

// read reads the pipeline with an overlay, from disk or, where texts is not nil, from what was on disk before. files are those that
// it was read from last. The first result is nil where there are errors; the second has the findings.
func (r *reader) read(ctx context.Context, files []string, overlay []byte, texts map[string][]byte) (*Loaded, *vet.Result, error) {
	opts := r.cfg.Options
	opts.Overlay = overlay
	for range rounds {
		now := texts
		if now == nil {
			now = r.texts(files)
		}
		opts.Files = maps.Clone(r.cfg.Options.Files)
		if opts.Files == nil {
			opts.Files = map[string][]byte{}
		}
		maps.Copy(opts.Files, now)
		v, err := r.vet(ctx, r.cfg.Paths, opts)
		if err != nil {
			return nil, nil, err
		}
		// A pipeline that was made for a camera is a text alone.
		v.Files = slices.DeleteFunc(v.Files, func(f string) bool { _, err := os.Stat(f); return err != nil })
		unknown := slices.ContainsFunc(v.Files, func(f string) bool { _, ok := now[f]; return !ok && strings.HasSuffix(f, ".cue") && readable(f) })
		if files = v.Files; unknown && texts == nil {
			continue // what was read of the new ones may be older than what is known of the others
		}
		if v.Graph == nil {
			return nil, v, nil
		}
		return &Loaded{
			Spec: v.Spec, Graph: v.Graph, Findings: v.Findings, Files: v.Files, Texts: now, Source: v.Source, Overlay: overlay,
		}, v, nil
	}
	return nil, nil, errors.New("the pipeline's files change while they are read: save once more")
}

// texts reads files. Those that are gone are left out: so are they from the pipeline.
func (r *reader) texts(files []string) map[string][]byte {
	out := map[string][]byte{}
	for _, f := range files {
		if !strings.HasSuffix(f, ".cue") || !readable(f) {
			continue
		}
		if data, err := os.ReadFile(f); err == nil {
			out[f] = data
		}
	}
	return out
}

func readable(file string) bool {
	st, err := os.Stat(file)
	return err == nil && st.Mode().IsRegular() && st.Size() <= maxText
}

// vet asks the process that waits for it, and has the next one wait.
func (r *reader) vet(ctx context.Context, paths []string, opts vet.Options) (*vet.Result, error) {
	if r.cfg.Vet != nil {
		return r.cfg.Vet(ctx, paths, opts)
	}
	r.mu.Lock()
	c := r.next
	r.next = nil
	r.mu.Unlock()
	if c == nil {
		var err error
		if c, err = vet.StartChild(ctx, r.cfg.Command); err != nil {
			return nil, err
		}
	}
	return c.Vet(ctx, paths, opts)
}

// ready starts the process for the next question: one that has read a pipeline before answers in half the time.
func (r *reader) ready(ctx context.Context, log *slog.Logger) {
	if r.cfg.Vet != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil {
		return
	}
	c, err := vet.StartChild(ctx, r.cfg.Command)
	if err != nil {
		log.Warn("no process is made ready for the next reload", "err", err)
		return
	}
	r.next = c
}

// close ends the process that waits.
func (r *reader) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next != nil {
		r.next.Close()
		r.next = nil
	}
}

// Data lists the files and folders that the nodes of a graph read, absolute: models, pictures, the files of secrets.
func Data(g *graph.Graph) []string {
	env := node.Env{Dir: g.Dir}
	found := map[string]bool{}
	add := func(path string) {
		if at, err := env.InputPath(path); err == nil {
			found[at] = true
		}
	}
	each(g, func(_ string, k *node.Kind, options []byte) {
		uses := k.Contract.Uses(options)
		for _, u := range uses.Reads {
			add(u.Value)
		}
		for _, u := range uses.Secrets {
			if u.Secret.File != "" {
				add(u.Secret.File)
			}
		}
	})
	return slices.Sorted(maps.Keys(found))
}

// each calls f for every node of a graph that has a kind.
func each(g *graph.Graph, f func(id string, k *node.Kind, options []byte)) {
	for i := range g.Cameras {
		f("camera/"+g.Cameras[i].ID, g.Cameras[i].Kind, g.Cameras[i].Options)
	}
	for i := range g.Detectors {
		f("detector/"+g.Detectors[i].ID, g.Detectors[i].Kind, g.Detectors[i].Options)
	}
	for i := range g.Sinks {
		f("sink/"+g.Sinks[i].ID, g.Sinks[i].Kind, g.Sinks[i].Options)
	}
}

// changed returns when a pipeline's files were last written, the zero time where none can be looked at.
func changed(files []string) time.Time {
	var last time.Time
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && st.ModTime().After(last) {
			last = st.ModTime()
		}
	}
	return last
}
