package event

// hoist emits every node under n that remembers ahead of the rest, inner ones first. So each sees every evaluation, and
// what happens to its parts is never missed because a sibling had settled the group.
func (k *compiler) hoist(n *node) {
	for _, part := range n.parts {
		k.hoist(part)
	}
	if !n.remembers() {
		return
	}
	p := k.prog
	k.operator(n, 0)
	if n.held.d != 0 {
		n.held.slot = int32(len(p.keys.held))
		p.keys.held = append(p.keys.held, keyOf(n.heldText()))
		k.add(inst{op: opFor, slot: n.held.slot, lo: int64(n.held.d)})
	}
	if n.recent.d != 0 {
		n.recent.slot = int32(len(p.keys.recent))
		p.keys.recent = append(p.keys.recent, keyOf(n.recentText()))
		k.add(inst{op: opWithin, slot: n.recent.slot, lo: int64(n.recent.d)})
	}
	n.kept = int32(p.kept)
	p.kept++
	k.add(inst{op: opKeep, slot: n.kept})
}

// emit emits n with depth groups open around it.
func (k *compiler) emit(n *node, depth int) {
	if n.kept != none {
		k.add(inst{op: opKept, slot: n.kept})
	} else {
		k.operator(n, depth)
	}
	if n.over != Unknown {
		k.add(inst{op: opOverride, answer: n.over})
	}
}

// operator emits n without its modifiers.
func (k *compiler) operator(n *node, depth int) {
	part := func(depth int) func(int) {
		return func(i int) { k.emit(n.parts[i], depth) }
	}
	switch {
	case n.op.Arity == AritySignal && len(n.tests) == 1:
		k.add(n.tests[0])
	case n.op.Arity == AritySignal:
		k.settled(len(n.tests), No, depth, func(i int) { k.add(n.tests[i]) })
	case n.op.Op == OpSequence:
		k.sequence(n)
	case len(n.parts) == 1:
		k.emit(n.parts[0], depth)
	default:
		switch yes, no := n.op.quorum(len(n.parts), n.n); {
		case no == 1:
			k.settled(len(n.parts), No, depth, part(depth+1))
		case yes == 1:
			k.settled(len(n.parts), Yes, depth, part(depth+1))
		default:
			k.counted(len(n.parts), quorum{int32(yes), int32(no)}, part(depth+1))
		}
	}
	if n.op.invert {
		k.add(inst{op: opInvert})
	}
}

// settled emits a group of n parts that one answer settles; part emits the one with a given number.
func (k *compiler) settled(n int, by Answer, depth int, part func(i int)) {
	k.parts(n, part, func(in *inst) { in.settle, in.bit = by, 1<<depth })
}

// counted emits a group of n parts that need more than one answer.
func (k *compiler) counted(n int, need quorum, part func(i int)) {
	group := int32(k.prog.polls)
	k.prog.polls++
	k.add(inst{op: opPoll, slot: group, lo: int64(need.yes), hi: int64(need.no)})
	k.parts(n, part, func(in *inst) { in.poll, in.group = true, group })
}

// parts emits the parts of a group; join makes the last instruction of each a part of it.
func (k *compiler) parts(n int, part func(i int), join func(*inst)) {
	var ends []int
	for i := range n {
		part(i)
		// The last instruction brings the answer into the group around it, unless it is a part of a group inside: then
		// a settled one comes out behind it.
		if out := &k.prog.code[len(k.prog.code)-1]; out.settle != settleNone || out.poll {
			k.add(inst{op: opNothing})
		}
		join(&k.prog.code[len(k.prog.code)-1])
		ends = append(ends, len(k.prog.code)-1)
	}
	for _, e := range ends {
		k.prog.code[e].end = int32(len(k.prog.code))
	}
	k.prog.code[ends[n-1]].last = true
}

// sequence emits the parts of a sequence, each with its link, and asks it.
func (k *compiler) sequence(n *node) {
	n.links = int32(k.prog.links)
	k.prog.links += len(n.parts)
	k.prog.keys.chain = append(k.prog.keys.chain, chainKey{keyOf(n.chainText()), n.links, len(n.parts)})
	for i, part := range n.parts {
		k.emit(part, 0)
		k.add(inst{op: opLink, slot: n.links + int32(i), group: int32(i)})
	}
	k.add(inst{op: opSequence, slot: n.links, group: int32(len(n.parts)), lo: int64(n.span)})
}

// add emits an instruction that is a part of no group yet.
func (k *compiler) add(in inst) {
	in.settle = settleNone
	k.prog.code = append(k.prog.code, in)
}
