package bench

import (
	"encoding/binary"
	"fmt"
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/tick"
)

// beat tells the moments of an exact rate: a timerfd that is set once and counts them itself. What it costs the process is
// one call of the kernel for each moment, beside the runtime's wait; an alarm that is set anew each time costs three, and a
// thousand cameras of 30 pictures a second would then be a measurement of their clock.
type beat struct {
	f     *os.File
	raw   syscall.RawConn
	look  func(fd uintptr) bool // once says it all: a closure for each wait would be garbage
	now   func() tick.Time
	next  tick.Time // the first moment that the timer has not been seen to count
	step  time.Duration
	ready uint64 // moments that have passed and were not waited for yet
	err   error  // of the read
}

// newBeat returns a beat whose first moment is first, on the clock that now reads, the others each a period after the one
// before.
func newBeat(now func() tick.Time, first tick.Time, period time.Duration) (*beat, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	b := &beat{f: os.NewFile(uintptr(fd), "timerfd"), now: now, next: first, step: period}
	b.look = b.read
	if b.raw, err = b.f.SyscallConn(); err == nil {
		err = b.set(fd)
	}
	if err != nil {
		_ = b.f.Close() // nothing was made of it
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return b, nil
}

// set starts the timer. Its clock is read after the other, so that no moment is counted before the other clock has come to it:
// read relies on that.
func (b *beat) set(fd int) error {
	var kernel unix.Timespec
	ahead := b.next.Sub(b.now())
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &kernel); err != nil {
		return err
	}
	return unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME, &unix.ItimerSpec{
		Value: unix.NsecToTimespec(kernel.Nano() + int64(ahead)), Interval: unix.NsecToTimespec(int64(b.step)),
	}, nil)
}

// wait returns at the next moment, at once for one that has passed, or with an error once the beat is closed.
func (b *beat) wait() error {
	if b.ready == 0 {
		if b.raw.Read(b.look) != nil {
			return os.ErrClosed // the poller knows no other reason
		}
		if b.err != nil {
			return fmt.Errorf("timerfd: %w", b.err)
		}
	}
	b.ready--
	return nil
}

// read takes what the timer has counted and reports whether it has counted, or failed. Before the moment there is nothing to
// take, so the kernel is not asked; the poller has been told to look out by then, and hears of a moment that comes meanwhile.
func (b *beat) read(fd uintptr) bool {
	if b.now() < b.next {
		return false
	}
	var buf [8]byte
	// It never waits, so the runtime need not hear of it: on an idle process that would wake its monitor's thread each time.
	_, _, err := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&buf)), uintptr(len(buf)))
	if err == unix.EAGAIN {
		return false
	}
	if err != 0 {
		b.err = err
		return true
	}
	b.ready = binary.NativeEndian.Uint64(buf[:])
	b.next = b.next.Add(time.Duration(b.ready) * b.step)
	return true
}

// close ends a wait that lasts, and all later ones.
func (b *beat) close() error { return b.f.Close() }
