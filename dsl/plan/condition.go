package plan

import (
	"encoding/json"
	"fmt"
	"strings"

	"rvo.dev/engine/event"
)

// written is a condition as a node's field has it.
type written struct {
	Cond event.Cond
	Of   []written
}

// condition returns the text of a condition in a node's field: "all(person.count gte 2 for 3s, not(door.open is true))".
func condition(raw json.RawMessage) (string, bool) {
	var w written
	if json.Unmarshal(raw, &w) != nil {
		return "", false
	}
	return w.text(), true
}

func (w *written) text() string {
	c := &w.Cond
	var parts []string
	for i := range w.Of {
		parts = append(parts, w.Of[i].text())
	}
	of := "(" + strings.Join(parts, ", ") + ")"
	name := c.Signal
	if c.Camera != "" {
		name = c.Camera + ":" + name
	}
	var s string
	switch c.Op {
	case event.OpCompare:
		s = name + " " + compared(c)
	case event.OpAbsent:
		s = name + " absent"
	case event.OpAll:
		s = "all" + of
	case event.OpAny:
		s = "any" + of
	case event.OpNot:
		s = "not" + of
	case event.OpAtLeast:
		s = fmt.Sprintf("atLeast %d%s", c.N, of)
	case event.OpSequence:
		s = fmt.Sprintf("sequence within %s%s", c.Span, of)
	}
	if c.For > 0 {
		s += " for " + c.For.String()
	}
	if c.Within > 0 {
		s += " within " + c.Within.String()
	}
	if c.Unknown != event.Unknown {
		s += " unknown " + c.Unknown.String()
	}
	return s
}

// compared returns what a leaf asks of its signal.
func compared(c *event.Cond) string {
	var tests []string
	for _, x := range c.Compare {
		tests = append(tests, x.String())
	}
	if len(tests) == 0 {
		tests = []string{"is true"}
	}
	s := strings.Join(tests, " ")
	if c.Filter != nil {
		if f := c.Filter.String(); f != "" {
			s += " of those with " + f
		}
	}
	return s
}
