package bench

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm wakes one goroutine at a time given to the microsecond: a timerfd in the runtime's poller. The runtime's own
// timers are up to a millisecond late on an idle process, which would measure the harness.
type alarm struct {
	f  *os.File
	fd int
}

func newAlarm() (*alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("timerfd: %w", err)
	}
	return &alarm{f: os.NewFile(uintptr(fd), "timerfd"), fd: fd}, nil
}

// wait returns after d, or with an error once the alarm is closed. No time at all passes for d <= 0.
func (a *alarm) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := unix.TimerfdSettime(a.fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}, nil); err != nil {
		return fmt.Errorf("timerfd: %w", err)
	}
	var buf [8]byte
	_, err := a.f.Read(buf[:])
	return err
}

// close ends a wait that lasts, and all later ones.
func (a *alarm) close() error { return a.f.Close() }

// nap sleeps as the first RVO's loop does: the calling thread, with the kernel's usual slack of 50 us.
func nap(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	for unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &ts, &ts) == unix.EINTR { // the rest of it, after a signal
	}
}

// threadTime is the processor time of the calling thread.
func threadTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic("bench: clock_gettime of the own thread: " + err.Error()) // there is none without it
	}
	return time.Duration(ts.Nano())
}
