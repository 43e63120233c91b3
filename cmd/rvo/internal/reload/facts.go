package reload

import (
	"os"
	"sync"

	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// maxKnown bounds how many files' hashes are kept.
const maxKnown = 4096

// facts are those of engine.Facts, but for files that are as they were when they were hashed last: a model of hundreds of megabytes
// is not read again because a threshold changed.
type facts struct {
	mu    sync.Mutex
	known map[string]known
}

type known struct {
	file os.FileInfo
	hash string
}

func newFacts() *facts { return &facts{known: map[string]known{}} }

// of returns the facts of a graph's folder.
func (k *facts) of(dir string) graph.Facts {
	f := engine.Facts(dir)
	fresh := f.File
	f.File = func(path string) string {
		at, err := node.Env{Dir: dir}.InputPath(path)
		if err != nil {
			return fresh(path)
		}
		st, err := os.Stat(at)
		if err != nil || !st.Mode().IsRegular() {
			return fresh(path)
		}
		k.mu.Lock()
		was, ok := k.known[at]
		k.mu.Unlock()
		if ok && os.SameFile(was.file, st) && was.file.Size() == st.Size() && was.file.ModTime().Equal(st.ModTime()) {
			return was.hash
		}
		hash := fresh(path)
		k.mu.Lock()
		defer k.mu.Unlock()
		if len(k.known) >= maxKnown {
			clear(k.known)
		}
		k.known[at] = known{st, hash}
		return hash
	}
	return f
}
