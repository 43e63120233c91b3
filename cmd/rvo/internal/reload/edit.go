package reload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/graph"
)

// readFor reads what a job is about: the files with the nodes that were edited, and the edit. Where what is on disk is refused, an
// edit is one of what runs.
func (r *Reloader) readFor(ctx context.Context, j *job, now *Loaded, files []string) (*Loaded, *vet.Result, error) {
	if j.edit == nil {
		return r.reader.read(ctx, files, now.Overlay, nil)
	}
	return r.readEdit(ctx, j.edit.edit, now, files)
}

func (r *Reloader) readEdit(ctx context.Context, e *Edit, now *Loaded, files []string) (*Loaded, *vet.Result, error) {
	var texts map[string][]byte
	if r.Refused() != nil {
		texts = now.Texts
	}
	have, err := dsl.Entries(now.Overlay)
	if err != nil {
		return nil, nil, fmt.Errorf("nodes that were edited before: %w", err)
	}
	rest := slices.DeleteFunc(slices.Clone(have), func(h dsl.Entry) bool { return h.Collection == e.Entry.Collection && h.Name == e.Entry.Name })
	if e.Entry.Gone() && len(rest) < len(have) {
		// A node that was given over HTTP alone is gone when that is; it takes a null where the files have it too.
		in, v, err := r.readWith(ctx, rest, files, texts)
		if err != nil || in == nil || !Has(in.Spec, e.Entry.Collection, e.Entry.Name) {
			return in, v, err
		}
	}
	return r.readWith(ctx, append(rest, e.Entry), files, texts)
}

// readWith reads the pipeline with these nodes in the place of its own.
func (r *Reloader) readWith(ctx context.Context, es []dsl.Entry, files []string, texts map[string][]byte) (*Loaded, *vet.Result, error) {
	overlay, err := dsl.Overlay(es)
	if err != nil {
		return nil, nil, err
	}
	return r.reader.read(ctx, files, overlay, texts)
}

// Has reports whether a pipeline has a node of this name in this collection.
func Has(s *graph.Spec, collection, name string) bool {
	_, _, ok := nodeOf(s, collection, name)
	return ok
}

// nodeOf returns kind and place of a node.
func nodeOf(s *graph.Spec, collection, name string) (kind string, at graph.Place, ok bool) {
	switch collection {
	case "cameras":
		for i := range s.Cameras {
			if c := &s.Cameras[i]; c.ID == name {
				return c.Kind, c.Place, true
			}
		}
	case "detectors":
		for i := range s.Detectors {
			if d := &s.Detectors[i]; d.ID == name {
				return d.Kind, d.Place, true
			}
		}
	case "events":
		for i := range s.Events {
			if e := &s.Events[i]; e.ID == name {
				return "", e.Place, true
			}
		}
	case "evidence":
		for i := range s.Evidence {
			if e := &s.Evidence[i]; e.ID == name {
				return "", e.Place, true
			}
		}
	case "sinks":
		for i := range s.Sinks {
			if k := &s.Sinks[i]; k.ID == name {
				return k.Kind, k.Place, true
			}
		}
	}
	return "", graph.Place{}, false
}

// overlayHead begins the file, for who finds it.
const overlayHead = `// Nodes that were added, replaced or taken away (null) over HTTP while rvo ran. rvo run puts them in the place of
// the pipeline's own. Delete this file to run the pipeline as it is written.
`

// OverlayPath returns where the overlay is kept in a state folder.
func OverlayPath(stateDir string) string { return filepath.Join(stateDir, dsl.OverlayFile) }

// ReadOverlay returns the overlay of a state folder, nil where there is none or no such folder.
func ReadOverlay(stateDir string) ([]byte, error) {
	if st, err := os.Stat(stateDir); err != nil || !st.IsDir() {
		return nil, nil //nolint:nilerr // who makes the folder says what is wrong with it
	}
	text, err := os.ReadFile(OverlayPath(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// WriteOverlay keeps an overlay in a state folder, whole or not at all; one without nodes is taken away. It returns the file.
func WriteOverlay(stateDir string, text []byte) (string, error) {
	file := OverlayPath(stateDir)
	if len(text) == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("overlay: %w", err)
		}
		return file, nil
	}
	if err := replace(file, append([]byte(overlayHead), text...)); err != nil {
		return "", fmt.Errorf("overlay: %w", err)
	}
	return file, nil
}

// replace writes a file whole or not at all, for its owner's eyes.
func replace(file string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
