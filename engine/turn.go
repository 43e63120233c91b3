package engine

import "sync/atomic"

// turn is the right to call the core. One holds it at a time; nobody waits for it. Whoever has news (a picture, the end
// of a run, a deadline) leaves it where the core's side looks and asks for the turn: it is free, then he calls the core
// himself, or it is not, then its holder looks again before he gives it back. So a picture needs no hand-over to another
// goroutine to be seen, which costs a wake-up of 15 to 50 us and as much processor time, and none is ever missed.
//
// The core goroutine is the one that can be given the turn: by those who may not call the core themselves, and by those
// who have called it long enough.
type turn struct {
	state atomic.Uint32
	given chan struct{} // a token of the turn itself for the core goroutine
}

// The bits of a turn's state; 0: it is free.
const (
	turnHeld   uint32 = 1 << iota
	turnNews          // there is news since its holder last looked
	turnWanted        // the core goroutine waits for it
)

func newTurn() *turn { return &turn{given: make(chan struct{}, 1)} }

// try takes the turn when it is free. When it is not, its holder will look for news once more.
func (t *turn) try() bool {
	for {
		switch s := t.state.Load(); {
		case s == 0:
			if t.state.CompareAndSwap(0, turnHeld) {
				return true
			}
		case s&turnNews != 0:
			return false
		default:
			if t.state.CompareAndSwap(s, s|turnNews) {
				return false
			}
		}
	}
}

// release frees the turn. It returns false, and the holder keeps the turn, when there is news or the core goroutine
// waits for it.
func (t *turn) release() bool {
	if t.state.CompareAndSwap(turnHeld, 0) {
		return true
	}
	t.state.And(^turnNews) // what it stands for is looked at from here on
	return false
}

// wanted reports whether the core goroutine waits for the turn: its holder is to give it.
func (t *turn) wanted() bool { return t.state.Load()&turnWanted != 0 }

// give hands the turn to the core goroutine, which finds a token in given.
func (t *turn) give() { t.given <- struct{}{} }

// claim takes the turn for the core goroutine, which waits for as long as somebody else's call of the core.
func (t *turn) claim() {
	for {
		s := t.state.Load()
		if s == 0 {
			if t.state.CompareAndSwap(0, turnHeld) {
				return
			}
			continue
		}
		if t.state.CompareAndSwap(s, s|turnWanted) {
			<-t.given
			t.state.And(^turnWanted)
			return
		}
	}
}
