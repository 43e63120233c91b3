package scripted

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// step is what is in force from one entry to the next: all values, not only the new ones, so that a run at any time
// needs no other step.
type step struct {
	at     time.Duration
	values []signal.Value // by signal, none where it is not given

	fail, panic string
	silent      bool
	hang        time.Duration
}

// steps compiles the timeline. It returns all that is wrong with it.
func steps(o *Options, emits []node.Emit) ([]step, error) {
	var all []step
	var errs []error
	values := make([]signal.Value, len(emits))
	for n, e := range o.Timeline {
		bad := func(err error) { errs = append(errs, fmt.Errorf("timeline.%d: %w", n, err)) }
		if n > 0 && e.At < o.Timeline[n-1].At {
			bad(fmt.Errorf("at %s comes after an entry at %s: write entries in order of time", e.At, o.Timeline[n-1].At))
		}
		if o.Loop > 0 && e.At >= o.Loop {
			bad(fmt.Errorf("at %s is never reached: the loop begins again at %s", e.At, o.Loop))
		}
		if faults(&e) > 1 {
			bad(errors.New("fail, panic, silent and hang exclude each other: keep one"))
		}
		values = slices.Clone(values)
		for _, name := range slices.Sorted(maps.Keys(e.Set)) {
			i := slices.IndexFunc(emits, func(m node.Emit) bool { return m.Name == name })
			if i < 0 {
				bad(fmt.Errorf("set.%s: no such signal: declare it in signals", name))
				continue
			}
			v, err := value(&emits[i], e.Set[name])
			if err != nil {
				bad(fmt.Errorf("set.%s: %w", name, err))
			}
			values[i] = v
		}
		all = append(all, step{
			at: e.At.D(), values: values,
			fail: e.Fail, panic: e.Panic, silent: e.Silent, hang: e.Hang.D(),
		})
	}
	return all, errors.Join(errs...)
}

func faults(e *Entry) int {
	n := 0
	for _, set := range []bool{e.Fail != "", e.Panic != "", e.Silent, e.Hang > 0} {
		if set {
			n++
		}
	}
	return n
}

// value reads a value of the signal's type; none for null.
func value(e *node.Emit, raw json.RawMessage) (signal.Value, error) {
	if string(raw) == "null" {
		return signal.Value{}, nil
	}
	var v signal.Value
	var err error
	switch e.Type {
	case signal.TypeBool:
		var b bool
		err = json.Unmarshal(raw, &b)
		v = signal.Bool(b)
	case signal.TypeInt:
		var n int64
		err = json.Unmarshal(raw, &n)
		v = signal.Int(n)
	case signal.TypeFloat:
		var f float64
		err = json.Unmarshal(raw, &f)
		v = signal.Float(f)
	case signal.TypeLabel:
		var s string
		err = json.Unmarshal(raw, &s)
		v = signal.Label(s)
	case signal.TypeBoxes:
		var b []signal.Box
		err = json.Unmarshal(raw, &b)
		v = signal.Boxes(b)
	case signal.TypeNone:
		err = errors.New("signal has no type")
	}
	switch n := v.Number(); {
	case err != nil:
		return signal.Value{}, fmt.Errorf("%s: must be of type %s", raw, e.Type)
	case e.Max > e.Min && (n < e.Min || n > e.Max):
		return signal.Value{}, fmt.Errorf("%s: must be from %g to %g", raw, e.Min, e.Max)
	case len(e.Labels) > 0 && !slices.Contains(e.Labels, v.AsLabel()):
		return signal.Value{}, fmt.Errorf("%s: must be one of %q", raw, e.Labels)
	}
	return v, nil
}

// at returns the step in force so long after the first run; nil before the first entry.
func (m *model) at(since time.Duration) *step {
	if m.loop > 0 {
		since %= m.loop
	}
	// The last entry that is not later: of two at the same moment the second.
	n := sort.Search(len(m.steps), func(i int) bool { return m.steps[i].at > since })
	if n == 0 {
		return nil
	}
	return &m.steps[n-1]
}
