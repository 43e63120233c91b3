package engine

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/tick"
)

// fdAlarm is a timerfd that the runtime's network poller waits on: p50 5.6 us late, p99 40 us (PERF 2.1), because the
// kernel's own timer makes the descriptor ready and the poller's millisecond does not matter. It is set by absolute
// time, so that setting it reads no clock.
type fdAlarm struct {
	f    *os.File
	fd   int
	zero int64 // the kernel's monotonic clock at core time 0, in nanoseconds
	ring func()
	now  func() tick.Time
	at   atomic.Int64 // what it is set to
	rang atomic.Int64 // when it rang last
}

// The timer rings a little early and the rest is watched, for a processor that sleeps hears of it 60 to 100 us late: no more than
// watchMost, and one watchShare-th of the time since it rang last, so that many deadlines cost no more than that of a processor.
const (
	watchMost  = 50 * time.Microsecond
	watchShare = 20
)

// newAlarm returns the precise alarm of this system, or the runtime's where it cannot be had.
func newAlarm(e *Engine, ring func()) alarm {
	var ts unix.Timespec
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err == nil {
		err = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	}
	if err != nil {
		e.log.Warn("deadlines may be a millisecond late: no timerfd", "err", err)
		return newRuntimeAlarm(e.now, ring)
	}
	// Non-blocking descriptors join the poller in NewFile.
	a := &fdAlarm{f: os.NewFile(uintptr(fd), "timerfd"), fd: fd, zero: ts.Nano() - int64(e.now()), ring: ring, now: e.now}
	e.spawn(a.loop)
	return a
}

// loop turns expirations into calls until Stop closes the descriptor.
func (a *fdAlarm) loop() {
	var buf [8]byte
	for {
		if _, err := a.f.Read(buf[:]); err != nil {
			return
		}
		now := a.now()
		for most := now.Add(watchMost); now < tick.Time(a.at.Load()) && now < most; now = a.now() { // not longer where it was set to later
		}
		a.rang.Store(int64(now))
		a.ring()
	}
}

func (a *fdAlarm) Set(at tick.Time) {
	a.at.Store(int64(at))
	early := max(0, min(watchMost, at.Sub(tick.Time(a.rang.Load()))/watchShare))
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(a.zero + max(int64(at)-int64(early), 1))}
	if err := unix.TimerfdSettime(a.fd, unix.TFD_TIMER_ABSTIME, &spec, nil); err != nil {
		panic(fmt.Sprintf("engine: timerfd_settime to %v: %v", at, err)) // own descriptor, valid value: cannot be
	}
}

func (a *fdAlarm) Stop() { _ = a.f.Close() } // the loop's read fails and it ends
