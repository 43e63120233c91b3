//go:build !linux

package bench

import (
	"runtime"
	"time"
)

func machineCPU() (time.Duration, bool) { return 0, false }

// ownCPU is not told here: CPU shows as 0.
func ownCPU() time.Duration { return 0 }

// die does nothing: there are no processes for detectors here.
func die(Work) {}

func kernel() string    { return runtime.GOOS }
func processor() string { return runtime.GOARCH }
func load() string      { return "" }
