package bench

import (
	"container/heap"
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
	members members
	beat    *beat // runs while there are members
	ended   chan struct{}
}

// member is one camera's part of a crowd. One goroutine waits, another may close.
type member struct {
	crowd *crowd
	next  tick.Time // guarded by crowd.mu
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
	m := &member{crowd: c, next: first, step: period, wake: make(chan struct{}, 1)}
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
	heap.Push(&c.members, m)
	return m, nil
}

func (c *crowd) run(b *beat, ended chan struct{}) {
	defer close(ended)
	for b.wait() == nil {
		c.mu.Lock()
		now := c.now()
		for len(c.members) > 0 && c.members[0].next <= now {
			m := c.members[0]
			m.next = m.next.Add(m.step)
			heap.Fix(&c.members, 0)
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

// members is a heap by the next moment.
type members []*member

// Len implements heap.Interface.
func (m members) Len() int { return len(m) }

// Less implements heap.Interface.
func (m members) Less(i, j int) bool { return m[i].next < m[j].next }

// Swap implements heap.Interface.
func (m members) Swap(i, j int) { m[i], m[j] = m[j], m[i] }

// Push implements heap.Interface.
func (m *members) Push(x any) { *m = append(*m, x.(*member)) }

// Pop implements heap.Interface.
func (m *members) Pop() any {
	last := len(*m) - 1
	x := (*m)[last]
	(*m)[last] = nil
	*m = (*m)[:last]
	return x
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
	heap.Remove(&c.members, slices.Index(c.members, m))
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
