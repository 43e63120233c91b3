package node

import (
	"encoding/json"
	"sync/atomic"
)

// Retuner is a Source, a Model or a Sink whose options change while it runs: those that its contract's Changes calls Retune.
// One that is none is replaced instead.
type Retuner interface {
	// Retune takes all options there will be, of which only such differ from the present ones as are Retune. It checks and
	// prepares off the live path, beside Next, Detect and Write in other goroutines: it may compute, read files and fail, and
	// an error or an apply that is never called leaves everything as it is. So it must hold nothing that somebody would have
	// to give back.
	//
	// apply makes the options hold and is called at most once, before the next Retune. It is short, cannot fail and does not
	// wait. A picture, a run or a record that is under way keeps the options it began with; those after it have the new ones.
	// Whatever the node has found out stays: identities, backgrounds, positions in files.
	Retune(options json.RawMessage) (apply func(), err error)
}

// Tuned holds what a node makes of its options, for others to read while Retune changes it. A Source, a Model or a Sink
// that embeds a *Tuned is a Retuner.
type Tuned[O, S any] struct {
	settle func(O) (S, error)
	now    atomic.Pointer[S]
}

// NewTuned returns the settings that settle makes of options, and its error. Retune calls settle again, from another
// goroutine than those that read, so it must depend on nothing that changes.
func NewTuned[O, S any](options O, settle func(O) (S, error)) (*Tuned[O, S], error) {
	s, err := settle(options)
	if err != nil {
		return nil, err
	}
	t := &Tuned[O, S]{settle: settle}
	t.now.Store(&s)
	return t, nil
}

// Now returns the settings that hold, not to be changed. What must not change half way reads them once.
func (t *Tuned[O, S]) Now() *S { return t.now.Load() }

// Retune implements Retuner.
func (t *Tuned[O, S]) Retune(options json.RawMessage) (apply func(), err error) {
	o, err := decode[O](options)
	if err != nil {
		return nil, err
	}
	s, err := t.settle(o)
	if err != nil {
		return nil, err
	}
	return func() { t.now.Store(&s) }, nil
}
