package sched

import (
	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
)

// entry stands for a lane in a heap. A lane is in each heap at most once: its entry stays when its turn has passed or its
// key has grown, and is put right when it comes to the top, so that nothing is ever searched for.
type entry struct {
	key tick.Time
	id  int32
}

// before is the order of all heaps: by key, of equal keys the lower id.
func (e entry) before(o entry) bool { return e.key < o.key || e.key == o.key && e.id < o.id }

// heap is a binary heap of entries, the earliest first; of equal keys the lower lane.
type heap []entry

func (h heap) less(i, j int) bool { return h[i].before(h[j]) }

func (h *heap) push(e entry) {
	*h = append(*h, e)
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if !s.less(i, up) {
			return
		}
		s[i], s[up] = s[up], s[i]
		i = up
	}
}

func (h *heap) pop() entry {
	s := *h
	top, last := s[0], len(s)-1
	s[0] = s[last]
	s = s[:last]
	*h = s
	for i := 0; ; {
		low := 2*i + 1
		if low >= last {
			return top
		}
		if low+1 < last && s.less(low+1, low) {
			low++
		}
		if !s.less(low, i) {
			return top
		}
		s[i], s[low] = s[low], s[i]
		i = low
	}
}

// ready is the lanes that every gate lets start and that wait for a slot: by priority and whose turn it is, long ones (see
// guard) apart, and those with a floor also by the moment at which they fall to it.
type ready struct {
	turns  [graph.Critical + 1][2]heap
	floors [graph.Critical + 1]heap
	n      int // lanes that wait
}

// enqueue lets a lane wait for a slot.
func (c *Core) enqueue(li int32) {
	l := &c.lanes[li]
	q := c.queue(l)
	if l.queued {
		return
	}
	l.queued = true
	q.n++
	if !l.inDue {
		l.inDue, l.long = true, c.isLong(l)
		q.turns[l.priority][kind(l.long)].push(entry{l.turn, li})
	}
	if l.slowest > 0 && !l.inFloor && l.priority != graph.Critical {
		l.inFloor = true
		q.floors[l.priority].push(entry{l.began.Add(l.slowest), li})
	}
}

// unqueue takes a lane out of the line; its entries go when they come to the top.
func (c *Core) unqueue(l *lane) {
	if l.queued {
		l.queued = false
		c.queue(l).n--
	}
}

func (c *Core) queue(l *lane) *ready {
	if l.blocking {
		return &c.remote
	}
	return &c.local
}

// kind is where a lane stands in ready.turns.
func kind(long bool) int {
	if long {
		return 1
	}
	return 0
}

// allowed is which lanes may be given a slot now, beside critical ones.
type allowed struct{ others, long bool }

// best takes the lane that is to start first out of the line, or returns -1: critical ones, then what has fallen to its
// floor, by priority, then by priority and turn. Without others only critical ones are taken, without long no long
// ones that have not fallen to their floor.
func (c *Core) best(q *ready, may allowed) int {
	if li := c.earliest(q, graph.Critical, true); li >= 0 || !may.others {
		return li
	}
	for p := graph.High; ; p-- {
		if li := c.starved(q, p); li >= 0 {
			return li
		}
		if p == graph.Low {
			break
		}
	}
	for p := graph.High; ; p-- {
		if li := c.earliest(q, p, may.long); li >= 0 {
			return li
		}
		if p == graph.Low {
			return -1
		}
	}
}

// earliest takes the waiting lane of a priority whose turn came first.
func (c *Core) earliest(q *ready, p graph.Priority, long bool) int {
	h := &q.turns[p][0]
	some := c.settleTop(h)
	if l := &q.turns[p][1]; long && c.settleTop(l) && (!some || (*l)[0].before((*h)[0])) {
		h, some = l, true
	}
	if !some {
		return -1
	}
	li := h.pop().id
	l := &c.lanes[li]
	l.inDue = false
	c.unqueue(l)
	return int(li)
}

// settleTop takes entries whose turn has passed from the top of a heap and reports whether any is left.
func (c *Core) settleTop(h *heap) bool {
	for len(*h) > 0 {
		e := (*h)[0]
		l := &c.lanes[e.id]
		switch {
		case !l.queued:
			l.inDue = false
			h.pop()
		case e.key < l.turn:
			h.pop()
			h.push(entry{l.turn, e.id})
		default:
			return true
		}
	}
	return false
}

// starved takes the waiting lane of a priority that has been below its floor for longest.
func (c *Core) starved(q *ready, p graph.Priority) int {
	for h := &q.floors[p]; len(*h) > 0 && (*h)[0].key <= c.now; {
		e := h.pop()
		l := &c.lanes[e.id]
		at := l.began.Add(l.slowest)
		switch {
		case !l.queued:
			l.inFloor = false
		case e.key < at:
			h.push(entry{at, e.id})
		default:
			l.inFloor = false
			c.unqueue(l)
			return int(e.id)
		}
	}
	return -1
}
