package bench

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/tick"
)

// crowdStep is how far apart the moments are that a crowd looks at: what network cards let pass between two interrupts when
// pictures come close together. A camera of a crowd is told up to that much late, which counts as lateness of its picture.
const crowdStep = 250 * time.Microsecond

// crowd is a clock that many cameras share. A beat for each takes one timer of the kernel's, one call and one wake-up a picture:
// at 30 000 pictures a second 42 to 46 % of a core, as much as the engine under test; a crowd wakes 4000 times a second for all
// of them and takes half of that.
type crowd struct {
	mu      sync.Mutex
	now     func() tick.Time
	members []place // a heap by the next moment
	beat    *beat   // runs while there are members
	ended   chan struct{}
}

// place is when a member is to be told next. It has the moment itself, so that thousands are kept in order without a look at any
// of them.
type place struct {
	next tick.Time
	m    *member
}

// member is one camera's part of a crowd. One goroutine waits, another may close.
type member struct {
	crowd *crowd
	step  time.Duration
	told  atomic.Int64 // moments that have come
	heard int64        // of them, owned by who waits
	over  atomic.Bool
	wake  chan struct{} // one token: look again
}

// crowded reports whether the cameras of a scenario share a clock: where pictures come closer together than its moments.
func crowded(s *Scenario) bool {
	return s.Cameras > 1 && time.Duration(float64(time.Second)/s.FPS/float64(s.Cameras)) < crowdStep
}

// join returns a beat as newBeat does, told by the crowd. All members read the same clock.
func (c *crowd) join(now func() tick.Time, first tick.Time, period time.Duration) (*member, error) {
	m := &member{crowd: c, step: period, wake: make(chan struct{}, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.members) == 0 {
		b, err := newBeat(now, now().Add(crowdStep), crowdStep, 0) // a camera is up to crowdStep late anyway
		if err != nil {
			return nil, fmt.Errorf("clock of many cameras: %w", err)
		}
		c.now, c.beat, c.ended = now, b, make(chan struct{})
		go c.run(b, c.ended)
	}
	c.members = append(c.members, place{first, m})
	c.rise(len(c.members) - 1)
	return m, nil
}

func (c *crowd) run(b *beat, ended chan struct{}) {
	defer close(ended)
	for b.wait() == nil {
		c.mu.Lock()
		now := c.now()
		for len(c.members) > 0 && c.members[0].next <= now {
			first := &c.members[0]
			m := first.m
			first.next = first.next.Add(m.step)
			c.sink(0)
			m.told.Add(1)
			m.nudge()
		}
		c.mu.Unlock()
	}
}

func (m *member) nudge() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// sink puts the place i behind those below it that come before it.
func (c *crowd) sink(i int) {
	list := c.members
	moved := list[i]
	for {
		next := 2*i + 1
		if next >= len(list) {
			break
		}
		if next+1 < len(list) && list[next+1].next < list[next].next {
			next++
		}
		if list[next].next >= moved.next {
			break
		}
		list[i] = list[next]
		i = next
	}
	list[i] = moved
}

// rise puts the place i before those above it that come after it.
func (c *crowd) rise(i int) {
	list := c.members
	for up := (i - 1) / 2; i > 0 && list[i].next < list[up].next; up = (i - 1) / 2 {
		list[i], list[up] = list[up], list[i]
		i = up
	}
}

// leave takes a member's place away.
func (c *crowd) leave(m *member) {
	i := slices.IndexFunc(c.members, func(p place) bool { return p.m == m })
	last := len(c.members) - 1
	c.members[i], c.members[last] = c.members[last], place{}
	c.members = c.members[:last]
	if i < last {
		c.sink(i)
		c.rise(i)
	}
}

// wait returns at the next moment, at once for one that has passed, or with os.ErrClosed once the member has left.
func (m *member) wait() error {
	for m.heard == m.told.Load() || m.over.Load() {
		if m.over.Load() {
			return os.ErrClosed
		}
		<-m.wake
	}
	m.heard++
	return nil
}

// close leaves the crowd and ends a wait that lasts, and all later ones. The last one to leave ends the clock.
func (m *member) close() error {
	if m.over.Swap(true) {
		return nil
	}
	m.nudge()
	c := m.crowd
	c.mu.Lock()
	c.leave(m)
	var b *beat
	if len(c.members) == 0 {
		b, c.beat = c.beat, nil
	}
	ended := c.ended
	c.mu.Unlock()
	if b == nil {
		return nil
	}
	err := b.close()
	<-ended
	return err
}
