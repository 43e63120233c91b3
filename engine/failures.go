package engine

import (
	"errors"
	"slices"
	"sync/atomic"

	"rvo.dev/engine/node"
)

// failures counts the failed runs of a lane by what a node.Failure says of them: a handful of words that a kind has fixed. The
// holder of the turn adds, anybody reads.
type failures struct {
	list atomic.Pointer[[]*failed]
}

type failed struct {
	hop, cause string
	n          atomic.Uint64
}

// maxFailures bounds what a lane counts apart, so that a kind that puts data into its words cannot fill the memory: the words
// beyond are counted as "other". The kinds there are have fifteen.
const maxFailures = 32

// add counts the error of a run, if it tells where and why it failed.
func (f *failures) add(err error) {
	why, ok := errors.AsType[*node.Failure](err)
	if !ok {
		return
	}
	hop, cause := why.Hop, why.Cause
	old := f.all()
	for range 2 {
		for _, x := range old {
			if x.hop == hop && x.cause == cause {
				x.n.Add(1)
				return
			}
		}
		if len(old) < maxFailures-1 {
			break
		}
		hop, cause = "other", "other"
	}
	x := &failed{hop: hop, cause: cause}
	x.n.Add(1)
	more := append(slices.Clone(old), x)
	f.list.Store(&more)
}

func (f *failures) all() []*failed {
	if l := f.list.Load(); l != nil {
		return *l
	}
	return nil
}
