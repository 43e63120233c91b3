//go:build !linux

package engine

import "time"

// lowerPriority does nothing where threads have no priority of their own.
func lowerPriority(int) (int, error) { return 0, nil }

// threadTime is not told here.
func threadTime() (time.Duration, bool) { return 0, false }
