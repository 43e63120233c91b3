//go:build !linux

package bench

import (
	"os"
	"sync"
	"time"
)

// alarm wakes one goroutine, by the runtime's timers: up to a millisecond late on an idle process.
type alarm struct {
	closed chan struct{}
	once   sync.Once
}

func newAlarm() (*alarm, error) { return &alarm{closed: make(chan struct{})}, nil }

// wait returns after d, or with an error once the alarm is closed. No time at all passes for d <= 0.
func (a *alarm) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-a.closed:
		return os.ErrClosed
	}
}

// close ends a wait that lasts, and all later ones.
func (a *alarm) close() error {
	a.once.Do(func() { close(a.closed) })
	return nil
}

func nap(d time.Duration) { time.Sleep(d) }

// threadTime is wall time: this system does not tell a thread's own.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
