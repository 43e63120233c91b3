package event

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rvo.dev/engine/signal"
)

// This file writes down what a condition means, the same text for all that mean the same on one camera: the order of
// parts and comparisons counts only where it does, the place in the pipeline never. What a node remembers is found again
// by it when the pipeline is edited.

// key stands for a text.
type key [sha256.Size]byte

func keyOf(text string) key { return sha256.Sum256([]byte(text)) }

// keys say what each piece of an EvalState belongs to.
type keys struct {
	root   key
	held   []key
	recent []key
	chain  []chainKey
}

// chainKey belongs to the links of one sequence.
type chainKey struct {
	key
	first int32
	n     int
}

// Key returns a text that is the same for two programs if they ask the same of one camera's signals, however their
// conditions are written: 64 hexadecimal digits.
func (p *Program) Key() string { return hex.EncodeToString(p.keys.root[:]) }

// text returns what n means.
func (n *node) text() string {
	s := n.bare + modifier("for", n.held.d) + modifier("within", n.recent.d)
	if n.over != Unknown {
		s += " unknown " + n.over.String()
	}
	return s
}

// What a node remembers does not depend on the durations it is compared with: these may change and keep it.

func (n *node) heldText() string   { return "for " + n.bare }
func (n *node) recentText() string { return "within " + n.bare + modifier("for", n.held.d) }
func (n *node) chainText() string  { return "sequence " + partsText(n) }

func modifier(name string, d time.Duration) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(" %s %s", name, d)
}

// groupText returns what a condition on parts means without its modifiers.
func groupText(c *Cond, n *node) string {
	switch n.op {
	case OpAtLeast:
		return fmt.Sprintf("%s %d %s", n.op, c.N, partsText(n))
	case OpSequence:
		return fmt.Sprintf("%s %s %s", n.op, n.span, partsText(n))
	case OpCompare, OpAbsent, OpAll, OpAny, OpNot:
	}
	return n.op.String() + partsText(n)
}

func partsText(n *node) string {
	texts := make([]string, len(n.parts))
	for i, part := range n.parts {
		texts[i] = part.text()
	}
	if n.arity != ArityOrder {
		slices.Sort(texts)
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

// leafText returns what a condition on a signal means without its modifiers. Zones and masks are part of it: who moves one
// asks something else.
func (k *compiler) leafText(c *Cond, ref CellRef, n *node) string {
	var texts []string
	for _, cmp := range c.Compare {
		texts = append(texts, cmp.canon())
	}
	slices.Sort(texts)
	s := fmt.Sprintf("%s %q %q %s [%s]", n.op, c.Camera, c.Signal, ref.Type, strings.Join(texts, ", "))
	for i := range n.tests {
		if n.tests[i].op == opBoxes {
			t := k.prog.boxes[n.tests[i].slot]
			return s + fmt.Sprintf(" of %q %v %v %v %v %v %s", t.labels, t.score, t.area, t.ratio, t.zones, t.outside, t.anchor)
		}
	}
	return s
}

// canon returns the comparison exactly, numbers alike whether they are written as whole ones or not.
func (c Comparison) canon() string {
	switch c.Value.Type() {
	case signal.TypeInt:
		return c.Rel.String() + " " + strconv.FormatInt(c.Value.AsInt(), 10)
	case signal.TypeFloat:
		return c.Rel.String() + " " + strconv.FormatFloat(c.Value.Number(), 'f', -1, 64)
	case signal.TypeNone, signal.TypeBool, signal.TypeLabel, signal.TypeBoxes:
	}
	if c.Rel == In {
		words := slices.Clone(c.Labels)
		slices.Sort(words)
		return fmt.Sprintf("in %q", slices.Compact(words))
	}
	return c.String()
}
