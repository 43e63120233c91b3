package vet

import (
	"fmt"
	"strings"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
)

// text returns a condition as a person would say it; equal texts are equal conditions.
func text(c *event.Cond) string {
	var b strings.Builder
	switch c.Op {
	case event.OpCompare:
		b.WriteString(name(c))
		for i, cmp := range c.Compare {
			if i > 0 {
				b.WriteString(" and")
			}
			b.WriteString(" " + comparison(cmp))
		}
		if c.Filter != nil {
			fmt.Fprintf(&b, " of %+v", *c.Filter)
		}
	case event.OpAbsent:
		b.WriteString("absent " + name(c))
	case event.OpAll, event.OpAny, event.OpNot, event.OpAtLeast, event.OpSequence:
		b.WriteString(c.Op.String())
		if c.N > 0 {
			fmt.Fprintf(&b, " %d", c.N)
		}
		if c.Span > 0 {
			b.WriteString(" in " + short(c.Span))
		}
		parts := make([]string, len(c.Of))
		for i, p := range c.Of {
			parts[i] = text(p)
		}
		b.WriteString("(" + strings.Join(parts, "; ") + ")")
	}
	if c.For > 0 {
		b.WriteString(" for " + short(c.For))
	}
	if c.Within > 0 {
		b.WriteString(" within " + short(c.Within))
	}
	if c.Unknown != event.Unknown {
		fmt.Fprintf(&b, " (unknown: %s)", c.Unknown)
	}
	return b.String()
}

// name returns what a leaf reads.
func name(c *event.Cond) string {
	if c.Camera != "" {
		return c.Signal + " of " + c.Camera
	}
	return c.Signal
}

// comparison returns a comparison in the words of the language.
func comparison(cmp event.Comparison) string {
	if cmp.Rel == event.In {
		return fmt.Sprintf("in %q", cmp.Labels)
	}
	switch cmp.Value.Type() {
	case signal.TypeLabel:
		return fmt.Sprintf("%s %q", cmp.Rel, cmp.Value.AsLabel())
	case signal.TypeBool:
		return fmt.Sprintf("%s %t", cmp.Rel, cmp.Value.AsBool())
	case signal.TypeInt, signal.TypeFloat, signal.TypeBoxes, signal.TypeNone:
	}
	return fmt.Sprintf("%s %v", cmp.Rel, cmp.Value.Number())
}

// brief is the text of a condition, cut where it would fill the line.
func brief(c *event.Cond) string {
	if t := []rune(text(c)); len(t) > 60 {
		return string(t[:59]) + "…"
	}
	return text(c)
}
