package main

import (
	"os"
	"syscall"
)

// peak returns the most memory that a process that has ended had resident, in bytes.
func peak(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}
