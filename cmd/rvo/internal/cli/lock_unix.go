//go:build unix

package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock takes a file for this process, or fails at once when another has it.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
