package test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/tick"
)

// Outcome is what came of the tests of one pipeline.
type Outcome struct {
	// Name is what the user named the pipeline by.
	Name string
	// Findings are what is wrong with the pipeline or its tests; with one at error level there may be no results.
	Findings []dsl.Finding
	Results  []Result
	// Coverage is what the tests have tried; nil where nobody asks.
	Coverage *Coverage
}

// Failed returns how many tests failed.
func (o *Outcome) Failed() int {
	n := 0
	for i := range o.Results {
		n += b2i(!o.Results[i].Passed())
	}
	return n
}

// near is how many lines of a timeline are printed on each side of one that is wrong.
const near = 12

// maxFailures is how many failures of a test are printed, and how many lines that are wrong: what one cause does on a
// hundred cameras is read once.
const maxFailures = 20

// Text prints outcomes for people. Findings are not among it: they have a printer of their own.
type Text struct {
	// Verbose prints the tests that passed too.
	Verbose bool
}

// Write prints outcomes.
func (x Text) Write(w io.Writer, outcomes []Outcome) error {
	var b strings.Builder
	for i := range outcomes {
		x.outcome(&b, &outcomes[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (x Text) outcome(b *strings.Builder, o *Outcome) {
	var length time.Duration
	for i := range o.Results {
		r := &o.Results[i]
		length += r.Length
		switch {
		case !r.Passed():
			writeFailed(b, r)
		case x.Verbose:
			fmt.Fprintf(b, "pass  %s (%s)\n", r.Test.Name, short(tick.Time(r.Length)))
		}
	}
	switch failed := o.Failed(); {
	case dsl.HasErrors(o.Findings):
		fmt.Fprintf(b, "error %s: the pipeline or its tests have faults\n", o.Name)
	case len(o.Results) == 0:
		fmt.Fprintf(b, "none  %s has no tests\n", o.Name)
	case failed > 0:
		fmt.Fprintf(b, "FAIL  %s: %d of %s failed\n", o.Name, failed, plural(len(o.Results), "test"))
	default:
		fmt.Fprintf(b, "ok    %s: %s of %s\n", o.Name, plural(len(o.Results), "test"), short(tick.Time(length)))
	}
	if o.Coverage != nil && len(o.Results) > 0 {
		writeCoverage(b, o.Coverage)
	}
}

// writeFailed prints a test that failed: what is wrong, with its place and what the condition said then, and what happened
// around it.
func writeFailed(b *strings.Builder, r *Result) {
	fmt.Fprintf(b, "FAIL  %s  %s\n", r.Test.Name, r.Test.Place)
	if r.Test.Description != "" {
		fmt.Fprintf(b, "      %s\n", r.Test.Description)
	}
	for i := range r.Failures {
		if i == maxFailures {
			fmt.Fprintf(b, "  … %s more\n", plural(len(r.Failures)-i, "failure"))
			break
		}
		f := &r.Failures[i]
		fmt.Fprintf(b, "  %s: %s\n", f.Place, f.Message)
		if len(f.Leaves) > 0 {
			fmt.Fprintf(b, "    its condition at %s:\n", short(tick.Time(f.At)))
			writeLeaves(b, "      ", f.Leaves, true)
		}
	}
	b.WriteString("  what happened:\n")
	left := 0
	for i, shown := range around(r.Timeline) {
		if !shown {
			left++
			continue
		}
		writeLeft(b, &left)
		writeLine(b, &r.Timeline[i])
	}
	writeLeft(b, &left)
}

// around returns which lines of a timeline are printed: those near one that is wrong, and the end where none is.
func around(lines []Line) []bool {
	shown := make([]bool, len(lines))
	mark := func(i int) {
		for j := max(0, i-near); j < min(len(lines), i+near+1); j++ {
			shown[j] = true
		}
	}
	wrong := 0
	for i := range lines {
		if lines[i].Wrong && wrong < maxFailures {
			mark(i)
			wrong++
		}
	}
	if wrong == 0 {
		mark(len(lines) - 1)
	}
	return shown
}

// writeLeft says how many lines were left out, if any.
func writeLeft(b *strings.Builder, left *int) {
	if *left > 0 {
		fmt.Fprintf(b, "    … %s\n", plural(*left, "line"))
	}
	*left = 0
}

func writeLine(b *strings.Builder, l *Line) {
	mark := " "
	if l.Wrong {
		mark = ">"
	}
	fmt.Fprintf(b, "  %s %-9s %-8s  %s", mark, short(tick.Time(l.At)), l.What, l.Text)
	if l.Place != (dsl.Place{}) {
		fmt.Fprintf(b, "  [%s]", l.Place)
	}
	b.WriteString("\n")
	if l.Wrong {
		writeLeaves(b, "                          ", l.Leaves, false)
	}
}

// writeLeaves prints what leaves said, all of them or those that decided.
func writeLeaves(b *strings.Builder, indent string, leaves []event.Leaf, all bool) {
	for i := range leaves {
		l := &leaves[i]
		switch {
		case all && l.Decided && len(leaves) > 1:
			fmt.Fprintf(b, "%s%s, decides\n", indent, leafSays(l))
		case all || l.Decided:
			fmt.Fprintf(b, "%s%s\n", indent, leafSays(l))
		}
	}
}

// writeCoverage prints a table: each event, and each part of its condition, with what was seen of it.
func writeCoverage(b *strings.Builder, c *Coverage) {
	seen, all := c.Count()
	fmt.Fprintf(b, "coverage: %d of %d\n", seen, all)
	for i := range c.Events {
		e := &c.Events[i]
		fmt.Fprintf(b, "  %s  [%s]: %s\n", e.Event, e.Place, tried(seenOr("confirmed", e.Confirmed), seenOr("ended", e.Ended)))
		for _, l := range e.Leaves {
			fmt.Fprintf(b, "    %s  [%s]: %s\n", l.Text, l.Place, tried(seenOr("yes", l.Yes), seenOr("no", l.No), seenOr("unknown", l.Unknown)))
		}
	}
}

// seenOr returns what was not seen, nothing where it was.
func seenOr(what string, seen bool) string {
	if seen {
		return ""
	}
	return what
}

// tried says what of several things was never seen.
func tried(missing ...string) string {
	missing = slices.DeleteFunc(missing, func(s string) bool { return s == "" })
	if len(missing) == 0 {
		return "all seen"
	}
	return "never " + strings.Join(missing, ", never ")
}
