package engine

import (
	"log/slog"

	"golang.org/x/sys/unix"
)

// laneNice is the mildest lowering that keeps a busy detector from delaying the core by a scheduler slice: p99 of
// arrival to start fell from 2-4 ms to 50-256 us with it (PERF 2.3).
const laneNice = 5

func lowerPriority(log *slog.Logger) {
	if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), laneNice); err != nil {
		log.Warn("detector threads run at normal priority", "err", err)
	}
}
