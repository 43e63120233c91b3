package engine

import (
	"time"

	"rvo.dev/engine/tick"
)

// alarm calls a function at the core's next deadline, on a goroutine of its own.
type alarm interface {
	// Set asks for a call at a point of core time, or at once where that has passed, replacing the one asked for before. A
	// call of an earlier Set may still come. Whoever holds the turn sets it.
	Set(at tick.Time)
	// Stop ends the alarm; a call that has begun goes on.
	Stop()
}

// runtimeAlarm is the Go runtime's timer: up to a millisecond late in an idle process, because the runtime's poller waits
// in whole milliseconds (PERF 2.1: p50 537 us, p99 1053 us), and the only one that knows a test's virtual time.
type runtimeAlarm struct {
	t   *time.Timer
	now func() tick.Time
}

func newRuntimeAlarm(now func() tick.Time, ring func()) alarm {
	a := &runtimeAlarm{t: time.AfterFunc(time.Duration(tick.Never), ring), now: now}
	return a
}

func (a *runtimeAlarm) Set(at tick.Time) { a.t.Reset(max(at.Sub(a.now()), 0)) }
func (a *runtimeAlarm) Stop()            { a.t.Stop() }
