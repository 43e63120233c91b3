package event

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Compile makes a condition runnable: resolve says which cell each of its signals is. The error joins all that is wrong
// with the condition, each with its Path and a way out; there is a program only without one.
func Compile(c *Cond, resolve Resolver) (*Program, error) {
	k := compiler{resolve: resolve, prog: &Program{}}
	root := k.check(c, "condition", 0)
	if err := errors.Join(k.errs...); err != nil {
		return nil, err
	}
	k.hoist(root)
	k.emit(root, 0)
	p := k.prog
	p.root = root
	p.keys.root = keyOf(root.text())
	root.forget()
	slices.Sort(p.cells)
	p.cells = slices.Compact(p.cells)
	return p, nil
}

// node is a condition that was checked: the instructions are made from it and Explain walks it.
type node struct {
	op     Op
	arity  Arity
	invert bool
	over   Answer // what replaces Unknown; Unknown: nothing does
	need   quorum // of a group that counts its parts
	parts  []*node
	tests  []test   // of a leaf: all must hold
	leaf   *written // of a leaf
	bare   string   // what it means without its modifiers, while it is compiled; see canon.go

	span   time.Duration // of a sequence
	links  int32         // of a sequence: its first link
	held   memory        // for
	recent memory        // within
	kept   int32         // of a node that remembers, the answer that hoist kept; else none
}

// written is what an explanation says of a leaf before it is evaluated.
type written struct{ path, camera, signal, test string }

// test is one question about a value. With opRun it is about a number: num has it, with stop where it is no.
type test struct {
	inst
	num compare
}

// memory is one modifier that remembers.
type memory struct {
	d    time.Duration // 0: the node has no such modifier
	slot int32
}

// none is the slot of what has none.
const none = -1

// remembers reports whether a node must see every evaluation.
func (n *node) remembers() bool { return n.held.d != 0 || n.recent.d != 0 || n.op == OpSequence }

// forget lets go of the texts, which a program needs no longer: there is one for each condition and camera.
func (n *node) forget() {
	n.bare = ""
	for _, part := range n.parts {
		part.forget()
	}
}

// compiler builds one program: check turns the written tree into nodes, hoist and emit turn those into instructions.
type compiler struct {
	resolve Resolver
	prog    *Program
	errs    []error
}

// refuse notes what is wrong at path.
func (k *compiler) refuse(path, format string, args ...any) {
	k.errs = append(k.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

// check returns the node of c. It notes what is wrong and goes on, so that one attempt shows all.
func (k *compiler) check(c *Cond, path string, depth int) *node {
	if c == nil {
		k.refuse(path, "there is no condition: write one, or leave the field out")
		return &node{}
	}
	if c.Path != "" {
		path = c.Path
	}
	op, ok := operator(c.Op)
	switch {
	case !ok:
		k.refuse(path, "operator %d is not in the table: use one of Operators", uint8(c.Op))
		return &node{}
	case depth >= maxDepth:
		k.refuse(path, "condition has more than %d levels: let a detector give one signal for what is below", maxDepth)
		return &node{}
	}
	n := &node{
		op: c.Op, arity: op.Arity, invert: op.invert, span: c.Span, over: c.Unknown,
		links: none, held: memory{c.For, none}, recent: memory{c.Within, none}, kept: none,
	}
	k.modifiers(c, path)
	if op.Arity == AritySignal {
		k.leaf(c, n, path)
	} else {
		k.group(c, n, path, depth)
		if op.quorum != nil {
			yes, no := op.quorum(len(n.parts), c.N)
			n.need = quorum{int32(yes), int32(no)}
		}
	}
	return n
}

// modifiers checks what every node may have.
func (k *compiler) modifiers(c *Cond, path string) {
	if c.For < 0 {
		k.refuse(path, "for %s is negative: give a duration above 0s, or leave it out", c.For)
	}
	if c.Within < 0 {
		k.refuse(path, "within %s is negative: give a duration above 0s, or leave it out", c.Within)
	}
	if c.Unknown > Yes {
		k.refuse(path, "unknown %d is no answer: give yes or no, or leave it out", uint8(c.Unknown))
	}
	if c.Op != OpAtLeast && c.N != 0 {
		k.refuse(path, "%s takes no number of parts, and has %d: use atLeast", c.Op, c.N)
	}
	if c.Op != OpSequence && c.Span != 0 {
		k.refuse(path, "%s takes no span, and has %s: use sequence", c.Op, c.Span)
	}
	if c.Op == OpSequence && c.Span <= 0 {
		k.refuse(path, "sequence has the span %s: give the longest time from its first part to its last, above 0s", c.Span)
	}
	if c.Op != OpCompare && c.Filter != nil {
		k.refuse(path, "%s takes no filter of boxes: put it beside the signal it is meant for", c.Op)
	}
}

// group checks a condition on parts.
func (k *compiler) group(c *Cond, n *node, path string, depth int) {
	if c.Signal != "" || c.Camera != "" || len(c.Compare) != 0 {
		k.refuse(path, "%s takes %s and no signal %q: put the comparison into a part", n.op, n.arity, c.Signal)
	}
	switch parts := len(c.Of); {
	case parts == 0:
		k.refuse(path, "%s has no parts: it takes %s", n.op, n.arity)
	case n.arity == ArityOne && parts > 1:
		k.refuse(path, "%s has %d parts: it takes one, put all or any around them", n.op, parts)
	case n.arity == ArityOrder && parts == 1:
		k.refuse(path, "%s has one part: it takes %s", n.op, n.arity)
	case c.Op == OpAtLeast && (c.N < 1 || c.N > parts):
		k.refuse(path, "atLeast asks for %d of %d parts: give a number from 1 to %d", c.N, parts, parts)
	}
	for i, part := range c.Of {
		below := fmt.Sprintf("%s.%s", path, n.op)
		if n.arity != ArityOne {
			below = fmt.Sprintf("%s.%d", below, i)
		}
		n.parts = append(n.parts, k.check(part, below, depth+1))
	}
	n.bare = groupText(c, n)
}

// leaf checks a condition on a signal.
func (k *compiler) leaf(c *Cond, n *node, path string) {
	if len(c.Of) != 0 {
		k.refuse(path, "%s %q has %d parts: a signal has none, put all or any around both", n.op, c.Signal, len(c.Of))
	}
	if c.Signal == "" {
		k.refuse(path, "no signal is named: write detector.signal")
		return
	}
	ref, ok := k.resolve.Cell(c.Camera, c.Signal)
	if !ok {
		k.refuse(path, "signal %q is not known%s: write detector.signal, of a detector that runs there", c.Signal, on(c.Camera))
		return
	}
	k.prog.cells = append(k.prog.cells, ref.Cell)
	k.prog.leaves++
	n.leaf = &written{path: path, camera: c.Camera, signal: c.Signal}
	if c.Op == OpAbsent {
		if len(c.Compare) != 0 {
			k.refuse(path, "absent %q compares: absent asks only whether the signal is missing, compare in a part of its own",
				c.Signal)
		}
		n.leaf.test = n.op.String()
		n.tests = []test{{inst: inst{op: opAbsent}}}
	} else {
		n.leaf.test = testText(c.Compare)
		if c.Filter != nil {
			if text := c.Filter.String(); text != "" {
				n.leaf.test += " (" + text + ")"
			}
		}
		n.tests = k.tests(c, ref.Type, path)
	}
	if len(k.errs) == 0 {
		n.bare = k.leafText(c, ref, n)
	}
	for i := range n.tests {
		n.tests[i].cell, n.tests[i].num.cell = int32(ref.Cell), int32(ref.Cell)
	}
}
