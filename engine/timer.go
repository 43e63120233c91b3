package engine

import (
	"time"

	"rvo.dev/engine/tick"
)

// alarm wakes the core goroutine at its next deadline. One goroutine sets it and receives from C.
type alarm interface {
	// Set asks for a wake-up after d, replacing the one asked for before. A wake-up of an earlier Set may still come.
	Set(d time.Duration)
	// Wake gives the wake-ups.
	Wake() <-chan struct{}
	// Stop ends the alarm; nothing comes any more.
	Stop()
}

// runtimeAlarm is the Go runtime's timer: up to a millisecond late in an idle process, because the runtime's poller waits
// in whole milliseconds (PERF 2.1: p50 537 us, p99 1053 us), and the only one that knows a test's virtual time.
type runtimeAlarm struct {
	t *time.Timer
	c chan struct{}
}

func newRuntimeAlarm() alarm {
	a := &runtimeAlarm{c: make(chan struct{}, 1)}
	a.t = time.AfterFunc(time.Duration(tick.Never), func() {
		select {
		case a.c <- struct{}{}:
		default:
		}
	})
	return a
}

func (a *runtimeAlarm) Set(d time.Duration)   { a.t.Reset(d) }
func (a *runtimeAlarm) Wake() <-chan struct{} { return a.c }
func (a *runtimeAlarm) Stop()                 { a.t.Stop() }
