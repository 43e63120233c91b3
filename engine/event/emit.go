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
	begin := len(k.prog.code)
	switch {
	case n.arity == AritySignal:
		k.settled([]*node{n}, No, depth)
	case n.op == OpSequence:
		k.sequence(n)
	case len(n.parts) == 1:
		k.emit(n.parts[0], depth)
	default:
		switch {
		case n.need.no == 1:
			k.settled(n.parts, No, depth)
		case n.need.yes == 1:
			k.settled(n.parts, Yes, depth)
		default:
			k.counted(n.parts, n.need, depth+1)
		}
	}
	if !n.invert {
		return
	}
	if only := &k.prog.code[begin]; begin == len(k.prog.code)-1 && only.op == opRun {
		only.answer = only.answer.inverse()
		return
	}
	k.add(inst{op: opInvert})
}

// settled emits a group of parts that one answer settles. Comparisons of numbers that stand side by side become one run, and
// need no group if they are all there is.
func (k *compiler) settled(parts []*node, by Answer, depth int) {
	var emit []func()
	var nums []compare
	flush := func() {
		if list := nums; len(list) > 0 {
			emit = append(emit, func() { k.run(list, by) })
		}
		nums = nil
	}
	for _, part := range parts {
		if plain, ok := part.plain(by, len(parts) == 1); ok {
			nums = append(nums, plain...)
			continue
		}
		flush()
		if part.arity != AritySignal || len(parts) > 1 {
			emit = append(emit, func() { k.emit(part, depth+1) })
			continue
		}
		for i := range part.tests { // a leaf on its own, of which each test is a part
			emit = append(emit, func() { k.add(part.tests[i].inst) })
		}
	}
	flush()
	if len(emit) == 1 {
		emit[0]()
		return
	}
	k.parts(emit, func(in *inst) { in.settle, in.bit = by, 1<<depth })
}

// plain returns the comparisons that n is made of if it is nothing else, such that each of them settles a group of what
// the answer given settles. bare says that the modifiers of n are dealt with elsewhere.
func (n *node) plain(by Answer, bare bool) ([]compare, bool) {
	if !bare && (n.remembers() || n.over != Unknown) {
		return nil, false
	}
	if n.invert {
		return n.parts[0].inverse(by)
	}
	if n.op != OpCompare || by == Yes && len(n.tests) > 1 {
		return nil, false
	}
	var nums []compare
	for _, t := range n.tests {
		if t.op != opRun {
			return nil, false
		}
		t.num.stop = t.num.stop == (by == No)
		nums = append(nums, t.num)
	}
	return nums, true
}

// inverse is plain of what is not n.
func (n *node) inverse(by Answer) ([]compare, bool) {
	nums, ok := n.plain(by, false)
	if !ok || len(nums) > 1 {
		return nil, false
	}
	nums[0].stop = !nums[0].stop
	return nums, true
}

// run emits comparisons of which one settles what it is by.
func (k *compiler) run(nums []compare, by Answer) {
	k.add(inst{op: opRun, slot: int32(len(k.prog.nums)), lo: int64(len(nums)), answer: by})
	k.prog.nums = append(k.prog.nums, nums...)
}

// counted emits a group of parts that needs more than one answer.
func (k *compiler) counted(parts []*node, need quorum, depth int) {
	group := int32(k.prog.polls)
	k.prog.polls++
	k.add(inst{op: opPoll, slot: group, lo: int64(need.yes), hi: int64(need.no)})
	var emit []func()
	for _, part := range parts {
		emit = append(emit, func() { k.emit(part, depth) })
	}
	k.parts(emit, func(in *inst) { in.poll, in.group = true, group })
}

// parts emits the parts of a group; join makes the last instruction of each a part of it.
func (k *compiler) parts(emit []func(), join func(*inst)) {
	var ends []int
	for _, part := range emit {
		part()
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
	k.prog.code[ends[len(ends)-1]].last = true
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
