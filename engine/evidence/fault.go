package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// causeOf sorts an error of the disk.
func causeOf(err error) Cause {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, errQuota), errors.Is(err, io.ErrShortWrite):
		return CauseFull
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return CauseNotWritable
	}
	return CauseIO
}

// explain says what happened in a policy's folder and what to do about it.
func explain(p *Policy, cause Cause, err error) error {
	switch cause {
	case CauseFull:
		return fmt.Errorf("evidence %q: the disk of %s is full: free some space, set keep, maxBytes or minFree, or choose another dir: %w", p.ID, p.Dir, err)
	case CauseNotWritable:
		return fmt.Errorf("evidence %q: %s is not writable: give this user the right to write there, mount it read-write, or choose another dir: %w", p.ID, p.Dir, err)
	case CauseIO, CauseRequest, CauseBacklog, CauseNoFrames, CauseMinFree, CauseMaxBytes, CauseExists, CauseShutdown:
	}
	return fmt.Errorf("evidence %q in %s: %w", p.ID, p.Dir, err)
}
