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
	root := k.check(c, "condition")
	if err := errors.Join(k.errs...); err != nil {
		return nil, err
	}
	k.hoist(root)
	k.emit(root, noGroup, 0)
	p := k.prog
	p.root = root
	slices.Sort(p.cells)
	p.cells = slices.Compact(p.cells)
	return p, nil
}

// noGroup is the group of what is a part of none.
const noGroup = -1

// node is a condition that was checked: the instructions are made from it and Explain walks it.
type node struct {
	op      Operator
	parts   []*node
	tests   []inst        // of a leaf: all must hold
	leaf    Leaf          // of a leaf: what is known before it is evaluated
	lasting time.Duration // of a for node
	slot    int32         // of a for node: its number; else noGroup
	over    Answer        // what replaces Unknown; Unknown: nothing does
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
func (k *compiler) check(c *Cond, path string) *node {
	if c == nil {
		k.refuse(path, "there is no condition: write one, or leave the field out")
		return &node{}
	}
	if c.Path != "" {
		path = c.Path
	}
	op, ok := operator(c.Op)
	if !ok {
		k.refuse(path, "operator %d is not in the table: use one of Operators", uint8(c.Op))
		return &node{}
	}
	n := &node{op: op, lasting: c.For, slot: noGroup, over: c.Unknown}
	if c.Within != 0 || c.Filter != nil {
		k.refuse(path, "within and filters are not in this build")
	}
	if c.For < 0 {
		k.refuse(path, "for %s is negative: give a duration above 0s, or leave it out", c.For)
	}
	if c.Unknown > Yes {
		k.refuse(path, "unknown %d is no answer: give yes or no, or leave it out", uint8(c.Unknown))
	}
	if op.Arity == AritySignal {
		k.leaf(c, n, path)
		return n
	}
	if c.Signal != "" || c.Camera != "" || len(c.Compare) != 0 {
		k.refuse(path, "%s takes %s and no signal %q: put the comparison into a part", op.Name, op.Arity, c.Signal)
	}
	switch {
	case len(c.Of) == 0:
		k.refuse(path, "%s has no parts: it takes %s", op.Name, op.Arity)
	case op.Arity == ArityOne && len(c.Of) > 1:
		k.refuse(path, "%s has %d parts: it takes one, put all or any around them", op.Name, len(c.Of))
	}
	for i, part := range c.Of {
		below := fmt.Sprintf("%s.%s", path, op.Name)
		if op.Arity == ArityMany {
			below = fmt.Sprintf("%s.%d", below, i)
		}
		n.parts = append(n.parts, k.check(part, below))
	}
	return n
}

// leaf checks a condition on a signal.
func (k *compiler) leaf(c *Cond, n *node, path string) {
	if len(c.Of) != 0 {
		k.refuse(path, "%s %q has %d parts: a signal has none, put all or any around both", n.op.Name, c.Signal, len(c.Of))
	}
	if c.Signal == "" {
		k.refuse(path, "no signal is named: write detector.signal")
		return
	}
	ref, ok := k.resolve.Cell(c.Camera, c.Signal)
	if !ok {
		where := ""
		if c.Camera != "" {
			where = fmt.Sprintf(" on camera %q", c.Camera)
		}
		k.refuse(path, "signal %q is not known%s: write detector.signal, of a detector that runs there", c.Signal, where)
		return
	}
	k.prog.cells = append(k.prog.cells, ref.Cell)
	n.leaf = Leaf{Path: path, Camera: c.Camera, Signal: c.Signal}
	if c.Op == OpAbsent {
		if len(c.Compare) != 0 {
			k.refuse(path, "absent %q compares: absent asks only whether the signal is missing, compare in a part of its own",
				c.Signal)
		}
		n.leaf.Test = n.op.Name
		n.tests = []inst{{op: opAbsent}}
	} else {
		n.leaf.Test = testText(c.Compare)
		n.tests = k.tests(c, ref.Type, path)
	}
	for i := range n.tests {
		n.tests[i].cell = int32(ref.Cell)
	}
}

// hoist emits every for node under n ahead of the rest, inner ones first. So each sees every evaluation, and a break in
// its part is never missed because a sibling had settled the group.
func (k *compiler) hoist(n *node) {
	for _, part := range n.parts {
		k.hoist(part)
	}
	if n.lasting == 0 {
		return
	}
	k.operator(n, 0)
	n.slot = int32(k.prog.holds)
	k.prog.holds++
	k.add(inst{op: opHold, slot: n.slot, lo: int64(n.lasting)})
}

// emit emits n as a part of group, with depth groups open around it.
func (k *compiler) emit(n *node, group int32, depth int) {
	if n.slot != noGroup {
		k.add(inst{op: opKept, slot: n.slot})
	} else {
		k.operator(n, depth)
	}
	if n.over != Unknown {
		k.add(inst{op: opOverride, answer: n.over})
	}
	if group == noGroup {
		return
	}
	// The last instruction counts the answer in the group around it, unless a settled group inside comes out behind it.
	if out := &k.prog.code[len(k.prog.code)-1]; out.group != noGroup {
		k.add(inst{op: opNothing})
	}
	k.prog.code[len(k.prog.code)-1].group = group
}

// operator emits n without its modifiers.
func (k *compiler) operator(n *node, depth int) {
	switch {
	case n.op.Arity == AritySignal && len(n.tests) == 1:
		k.add(n.tests[0])
	case n.op.Arity == AritySignal:
		k.group(len(n.tests), quorum{int32(len(n.tests)), 1}, depth, func(i int, group int32) {
			k.add(n.tests[i])
			k.prog.code[len(k.prog.code)-1].group = group
		})
	case len(n.parts) == 1:
		k.emit(n.parts[0], noGroup, depth)
	default:
		yes, no := n.op.quorum(len(n.parts))
		k.group(len(n.parts), quorum{int32(yes), int32(no)}, depth, func(i int, group int32) {
			k.emit(n.parts[i], group, depth+1)
		})
	}
	if n.op.invert {
		k.add(inst{op: opInvert})
	}
}

// group emits a group of n parts; part emits the one with a given number.
func (k *compiler) group(n int, need quorum, depth int, part func(i int, group int32)) {
	k.prog.groups = max(k.prog.groups, depth+1)
	group := int32(depth)
	open := len(k.prog.code)
	k.add(inst{op: opOpen, need: need})
	k.prog.code[open].slot = group
	var ends []int
	for i := range n {
		part(i, group)
		ends = append(ends, len(k.prog.code)-1)
	}
	for _, e := range ends {
		k.prog.code[e].end = int32(len(k.prog.code))
	}
	k.prog.code[ends[n-1]].last = true
}

// add emits an instruction that is a part of no group yet.
func (k *compiler) add(in inst) {
	in.group = noGroup
	k.prog.code = append(k.prog.code, in)
}
