package bench

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/tick"
)

// beat tells the moments of an exact rate: a timerfd that is set to each and never read, for the runtime's poller says that
// it has come. That is one call of the kernel for each moment, which the runtime need not hear of; an alarm takes three, two of
// which wake the runtime's monitor in an idle process, and a thousand cameras would then be a measurement of their clock.
type beat struct {
	f    *os.File
	raw  syscall.RawConn
	look func(fd uintptr) bool // once says it all: a closure for each wait would be garbage
	now  func() tick.Time
	zero int64 // the kernel's monotonic clock at 0 of now, in nanoseconds, or a little later
	next tick.Time
	step time.Duration
	lead time.Duration // how long before a moment the timer rings
	most time.Duration // that it may be
	err  error         // of setting the timer
}

// newBeat returns a beat whose first moment is first, on the clock that now reads, the others each a period after the one
// before. At most the last so long of each wait is watched instead of slept.
func newBeat(now func() tick.Time, first tick.Time, period, watched time.Duration) (*beat, error) {
	var kernel unix.Timespec
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	b := &beat{f: os.NewFile(uintptr(fd), "timerfd"), now: now, next: first, step: period, lead: watched, most: watched}
	b.look = b.due
	at := now() // before the kernel's clock: the timer must not ring before the other clock has come to the moment
	if err = unix.ClockGettime(unix.CLOCK_MONOTONIC, &kernel); err == nil {
		b.zero = kernel.Nano() - int64(at)
		b.raw, err = b.f.SyscallConn()
	}
	if err != nil {
		_ = b.f.Close() // nothing was made of it
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return b, nil
}

// wait returns at the next moment, at once for one that has passed, or with an error once the beat is closed.
func (b *beat) wait() error {
	if b.raw.Read(b.look) != nil {
		return os.ErrClosed // the poller knows no other reason
	}
	if b.err != nil {
		return fmt.Errorf("timerfd: %w", b.err)
	}
	b.watch()
	b.next = b.next.Add(b.step)
	return nil
}

// watch lets the rest of a wait pass.
func (b *beat) watch() {
	b.lead = lead(b.lead, b.next.Sub(b.now()), b.most)
	for b.now() < b.next {
	}
}

// due reports whether the next moment has come. Until then it sets the timer, after the poller was told to look out.
func (b *beat) due(fd uintptr) bool {
	if b.now() >= b.next.Add(-b.lead) {
		return true
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(b.zero + int64(b.next.Add(-b.lead)))}
	b.err = unix.TimerfdSettime(int(fd), unix.TFD_TIMER_ABSTIME, &spec, nil)
	return b.err != nil
}

// close ends a wait that lasts, and all later ones.
func (b *beat) close() error { return b.f.Close() }
