package jsonl

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
)

// rotate begins a new file when n more bytes would make this one too large. A rotation that fails costs nothing but the
// bound: records go on into the present file.
func (s *sink) rotate(o *Options, n int64) {
	bound := int64(o.MaxBytes)
	if s.mu.size == 0 || s.mu.size+n <= bound {
		return
	}
	if err := s.sync(); err != nil {
		s.log.Warn("events file was not synced before its rotation", "path", s.path, "error", err)
	}
	if err := s.shift(o.Files); err != nil {
		if !s.mu.stuck {
			s.mu.stuck = true
			s.log.Warn("events file cannot be rotated and grows past maxBytes", "path", s.path, "maxBytes", bound, "error", err)
		}
		return
	}
	s.mu.stuck = false
	s.detach()
}

// shift renames path.7 to path.8 and so on down to path to path.1, and deletes what is past the last that is kept, of which
// there may be some when more were kept before. A gap ends it early: what is older may stay.
func (s *sink) shift(files int) error {
	for i := files + 1; i <= maxFiles && os.Remove(s.old(i)) == nil; i++ {
	}
	free := 1
	for free < files {
		if _, err := os.Lstat(s.old(free)); errors.Is(err, fs.ErrNotExist) {
			break
		}
		free++
	}
	for i := free; i > 1; i-- {
		if err := os.Rename(s.old(i-1), s.old(i)); err != nil {
			return err
		}
	}
	return os.Rename(s.path, s.old(1))
}

func (s *sink) old(i int) string { return s.path + "." + strconv.Itoa(i) }
