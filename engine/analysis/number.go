package analysis

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Source is where a number comes from. The order is by how much it is worth: what is computed from several numbers is
// worth as much as the least of them.
type Source uint8

const (
	// Given stands in the pipeline.
	Given Source = iota
	// Measured was observed on a machine.
	Measured
	// Assumed is a default: of a kind's contract, of the language, of this package.
	Assumed
)

// String returns "given", "measured" or "assumed".
func (s Source) String() string {
	switch s {
	case Given:
		return "given"
	case Measured:
		return "measured"
	case Assumed:
		return "assumed"
	}
	panic(fmt.Sprintf("analysis: no source %d", s))
}

// MarshalText writes the source's name.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the source's name.
func (s *Source) UnmarshalText(text []byte) error {
	for _, known := range []Source{Given, Measured, Assumed} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("%q is no source of a number: must be given, measured or assumed", text)
}

// Span is a length of time that may be without end.
type Span time.Duration

// Unbounded is longer than every other Span.
const Unbounded Span = math.MaxInt64

// Bounded reports whether the span has an end.
func (s Span) Bounded() bool { return s != Unbounded }

// Duration returns the span as a duration; that of Unbounded is the longest there is.
func (s Span) Duration() time.Duration { return time.Duration(s) }

// String returns "250ms", or "unbounded".
func (s Span) String() string {
	if s == Unbounded {
		return "unbounded"
	}
	return time.Duration(s).String()
}

// MarshalText writes the span as a duration with a unit, or "unbounded".
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (s *Span) UnmarshalText(text []byte) error {
	if string(text) == "unbounded" {
		*s = Unbounded
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("span %q: %w", text, err)
	}
	*s = Span(d)
	return nil
}

// add returns the sum of spans, Unbounded when one of them is.
func add(spans ...Span) Span {
	sum := Span(0)
	for _, s := range spans {
		if s == Unbounded || s > 0 && sum > Unbounded-s {
			return Unbounded
		}
		sum += s
	}
	return sum
}

// Number is a length of time and where it comes from.
type Number struct {
	Value  time.Duration `json:"-"`
	Source Source        `json:"source"`
}

// MarshalJSON writes {"value": "40ms", "source": "given"}.
func (n Number) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value  Span   `json:"value"`
		Source Source `json:"source"`
	}{Span(n.Value), n.Source})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(raw []byte) error {
	var v struct {
		Value  Span   `json:"value"`
		Source Source `json:"source"`
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	n.Value, n.Source = v.Value.Duration(), v.Source
	return nil
}

// Bound is the longest that something can take, and what it is made of.
type Bound struct {
	// Total is the sum of the parts, or Unbounded.
	Total Span `json:"total"`
	// Parts are what the time goes to, in the order in which it passes; those known so far where there is no bound.
	Parts []Part `json:"parts,omitempty"`
	// Source is the least of the parts', but for the ingest: that is small and nobody gives it.
	Source Source `json:"source"`
	// Why says what keeps it from having a bound; empty where it has one.
	Why string `json:"why,omitempty"`
}

// Part is one of the things that a bound's time goes to.
type Part struct {
	// What it is: one of the names below.
	What string `json:"what"`
	// Node is where it is spent: "person@gate", or an event.
	Node   string `json:"node,omitempty"`
	Span   Span   `json:"span"`
	Source Source `json:"source"`
}

// The names of the parts of bounds.
const (
	PartIngest = "ingest" // from capture until the core has the picture
	PartSample = "sample" // until a picture that shows it is offered to a detector that may take it
	PartGate   = "gate"   // until the detector may run again after its gate has opened
	PartWait   = "wait"   // for a slot
	PartRun    = "run"    // of the detector
	PartFor    = "for"    // of a condition
	PartHold   = "hold"   // of an event
	PartGap    = "gap"    // of a signal that goes stale between two values, within the event's grace
	PartCamera = "camera" // until a camera's own signal says it
	PartStale  = "stale"  // until a signal that nobody renews is stale
)

// push appends a part; its span and source go into the bound's.
func (b *Bound) push(what, node string, span Span, source Source) {
	if span == 0 {
		return
	}
	b.Parts = append(b.Parts, Part{What: what, Node: node, Span: span, Source: source})
	b.Total = add(b.Total, span)
	if what != PartIngest {
		b.Source = max(b.Source, source)
	}
}

// without returns b as a bound that there is not, and why.
func (b Bound) without(why string) Bound {
	b.Total, b.Why = Unbounded, why
	return b
}

// plus returns b followed by more parts, on memory of its own.
func (b *Bound) plus(parts int) Bound {
	out := *b
	out.Parts = make([]Part, len(b.Parts), len(b.Parts)+parts)
	copy(out.Parts, b.Parts)
	return out
}
