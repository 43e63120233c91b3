// Package event turns signals into events: conditions that are yes, no or unknown, and the machine that confirms one
// when it held long enough.
//
//	prog, err := event.Compile(cond, resolve)
//	answer, wake := prog.Eval(cells, state, now)
//	transitions = machine.Step(&config, answer, now, transitions)
//
// A program knows what it asks (Key), so that what its state remembers, and the machine on top of it, can go on in the
// program of an edited pipeline (EvalState.Carry, Machine.Carry). A Schedule tells open hours from closed ones.
//
// Time is an argument, an answer that cannot be known is Unknown and never No, and every step returns what happened
// instead of doing it. The package reads no clock and starts no goroutine. Its tests speak the language described in
// testdata/README.md.
package event

import (
	"fmt"
	"time"

	"rvo.dev/engine/signal"
)

// Answer is what a condition says at one instant.
type Answer uint8

const (
	// Unknown means that a signal it depends on is missing or stale.
	Unknown Answer = iota
	// No means that the condition does not hold.
	No
	// Yes means that the condition holds.
	Yes
)

// String returns "unknown", "no" or "yes".
func (a Answer) String() string {
	switch a {
	case Unknown:
		return "unknown"
	case No:
		return "no"
	case Yes:
		return "yes"
	}
	panic(fmt.Sprintf("event: no answer %d", a))
}

// Op is the kind of a condition node. The table in ops.go says what each does.
type Op uint8

const (
	// OpCompare compares one signal; with no comparisons it asks whether a bool signal is true.
	OpCompare Op = iota
	// OpAbsent is yes when its signal is stale or was never seen.
	OpAbsent
	// OpAll is yes when every part is.
	OpAll
	// OpAny is yes when some part is.
	OpAny
	// OpNot is yes when its one part is no.
	OpNot
	// OpAtLeast is yes when N of its parts are.
	OpAtLeast
	// OpSequence is yes when its parts became yes in order, first to last within Span, and the last one still is.
	OpSequence
)

// Rel is a comparison's relation.
type Rel uint8

// The relations of the pipeline language.
const (
	Eq Rel = iota
	Ne
	Gt
	Gte
	Lt
	Lte
	In
)

// String returns the relation's name in the pipeline language.
func (r Rel) String() string {
	names := [...]string{"eq", "ne", "gt", "gte", "lt", "lte", "in"}
	return names[r]
}

// Comparison is one test of a signal's value: all comparisons of a node must hold (gte and lt together are a range).
type Comparison struct {
	Rel    Rel
	Value  signal.Value // what Eq and Ne compare with; a number for the ordered relations
	Labels []string     // what In compares with
}

// Cond is a condition as it was written: a tree. Compile makes it runnable.
//
// The modifiers apply in the order For, Within, Unknown, to what the comparison or operator says; any other order is
// written by nesting.
type Cond struct {
	Op      Op
	Signal  string // "detector.signal", for OpCompare and OpAbsent
	Camera  string // the camera whose signal is meant; empty: the machine's own
	Compare []Comparison
	Filter  *BoxFilter    // of OpCompare on boxes: which of them count; nil: all
	Of      []*Cond       // the parts, for operators on parts
	N       int           // of OpAtLeast: how many parts, from 1 to all of them
	Span    time.Duration // of OpSequence: the longest time from the first part to the last, above 0
	For     time.Duration // yes only after it was yes for this long without a break; 0: at once
	Within  time.Duration // yes if it was yes at some time in the last so long; 0: now
	Unknown Answer        // what replaces Unknown: Yes or No; Unknown leaves it
	Path    string        // where it stands in the pipeline, for explanations: "when.all.1"
}

// CellRef is what a resolver knows of a signal: its index among the cells and the type of its values.
type CellRef struct {
	Cell int
	Type signal.Type
}

// Resolver finds what a condition names, as seen from one camera: that of the machine or detector that asks. The name of
// a camera is empty for that one. Compile calls it and keeps nothing of it.
type Resolver struct {
	// Cell finds a signal. It returns false where no such signal exists.
	Cell func(camera, name string) (CellRef, bool)
	// Zone finds a named part of a camera's picture. It returns false where there is none; nil: there are none.
	Zone func(camera, name string) (signal.Polygon, bool)
	// Masks returns the parts of a camera's picture in which no box counts; nil: there are none.
	Masks func(camera string) []signal.Polygon
}

// Leaf is one leaf's part in an answer: what an explanation is made of.
type Leaf struct {
	Path    string        // where the leaf stands in the pipeline
	Camera  string        // the camera it read, empty for the machine's own
	Signal  string        // "detector.signal"
	Test    string        // the comparison as text, with the filter: "gte 2 (label person, in yard)"
	Answer  Answer        //
	Value   signal.Value  // what it read, none when never seen; of filtered boxes those that counted
	Age     time.Duration // now minus the value's capture time; negative when never seen
	Frame   uint64        // sequence number of the picture the value was found on
	Decided bool          // whether it had a part in the answer: Explain says when it has
}
