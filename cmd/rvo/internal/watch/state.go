package watch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxText is up to how many bytes a text's content counts; beyond it size and time do.
const maxText = 16 << 20

// maxEntries is how many entries of a folder of data are looked at.
const maxEntries = 10_000

// state is what a path held at one look.
type state struct {
	content string
	file    os.FileInfo // of data; nil where it cannot be looked at
}

// same reports whether nothing changed between two looks. Data that was written anew is another file even where size and time
// are those of before.
func (s state) same(o state) bool {
	if s.content != o.content || (s.file == nil) != (o.file == nil) {
		return false
	}
	return s.file == nil || s.file.ModTime().Equal(o.file.ModTime()) && os.SameFile(s.file, o.file)
}

// look looks at every path.
func (w *Watcher) look() map[string]state {
	out := make(map[string]state, len(w.paths)+len(w.data))
	for _, p := range w.paths {
		out[p] = state{content: content(p)}
	}
	for _, p := range w.data {
		out[p] = data(p)
	}
	return out
}

// content stands for what a text or folder holds; what cannot be read holds the reason.
func content(p string) string {
	st, err := os.Stat(p)
	if err == nil && st.IsDir() {
		entries, err := os.ReadDir(p)
		if err != nil {
			return err.Error()
		}
		var names []string
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".cue") {
				names = append(names, e.Name())
			}
		}
		slices.Sort(names)
		return strings.Join(names, "\x00")
	}
	switch {
	case err != nil:
		return err.Error()
	case !st.Mode().IsRegular(): // opening a pipe waits for somebody at its other end, and a device may have none
		return st.Mode().Type().String()
	case st.Size() > maxText:
		return fmt.Sprint(st.Size(), st.ModTime().UnixNano())
	}
	f, err := os.Open(p)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.CopyN(h, f, maxText+1); err != nil && !errors.Is(err, io.EOF) {
		return err.Error()
	}
	return string(h.Sum(nil))
}

// data stands for what a file or folder of data holds, without reading it.
func data(p string) state {
	st, err := os.Stat(p)
	switch {
	case err != nil:
		return state{content: err.Error()}
	case !st.IsDir():
		return state{content: fmt.Sprint(st.Size(), st.Mode().Type()), file: st}
	}
	entries, err := os.ReadDir(p)
	if err != nil {
		return state{content: err.Error()}
	}
	h := sha256.New()
	for _, e := range entries[:min(len(entries), maxEntries)] {
		if info, err := e.Info(); err == nil {
			fmt.Fprintf(h, "%q %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return state{content: string(h.Sum(nil))}
}

// folders returns what to watch for a path: the nearest folder that exists at or above it, and those that hold the links on the way
// to it and what they lead to.
func folders(p string) []string {
	out := []string{folder(p)}
	if real, err := filepath.EvalSymlinks(p); err == nil && real != p {
		out = append(out, folder(real))
	}
	for at := filepath.Dir(p); ; at = filepath.Dir(at) {
		if st, err := os.Lstat(at); err == nil && st.Mode()&os.ModeSymlink != 0 {
			out = append(out, filepath.Dir(at))
		}
		if at == filepath.Dir(at) {
			return out
		}
	}
}

// folder returns the nearest folder that exists at or above a path.
func folder(p string) string {
	for {
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			return p
		}
		up := filepath.Dir(p)
		if up == p {
			return p
		}
		p = up
	}
}
