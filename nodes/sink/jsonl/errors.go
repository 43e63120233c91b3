package jsonl

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// wayOut adds to an error of the file system what to do about it. The path is in the error already.
func wayOut(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: make room, or set maxBytes and files lower", err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("%w: set maxBytes below the process's limit (ulimit -f)", err)
	case errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w: name a path that can be written", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: give the user of rvo the right to write there, or name another path", err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w: a file stands where the path needs a folder", err)
	}
	return err
}
