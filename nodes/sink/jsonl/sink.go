package jsonl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rvo.dev/engine/node"
)

// sink is one file. Its calls come from one goroutine; the lock is for the timer of fsync "interval".
type sink struct {
	*node.Tuned[Options, Options]
	path string
	log  *slog.Logger

	mu struct {
		sync.Mutex
		file  *os.File // nil after a failed reopen, until a write finds it again
		size  int64    // of the file, as far as this sink knows
		timer *time.Timer
		due   time.Duration // what the timer was set to
		dirty bool          // written and not forced to the disk
		late  error         // of a sync by the timer: told by the next call
		stuck bool          // the last rotation failed and was logged
		buf   []byte
	}
}

// Write implements node.Sink. After an error the file is as it was before, so that the engine may try again.
func (s *sink) Write(ctx context.Context, _ *node.Record, line []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.mu.late; err != nil {
		s.mu.late = nil
		return err
	}
	if err := s.attach(); err != nil {
		return err
	}
	s.mu.buf = append(append(s.mu.buf[:0], line...), '\n')
	o := s.Now()
	s.rotate(o, int64(len(s.mu.buf)))
	if s.mu.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	return s.append(o)
}

// append writes buf to the file and syncs it as the options say.
func (s *sink) append(o *Options) error {
	n, err := s.mu.file.Write(s.mu.buf)
	if err == nil && o.Fsync == "record" {
		err = s.mu.file.Sync()
	}
	if err != nil {
		s.takeBack(int64(n))
		return wayOut(err)
	}
	s.mu.size += int64(n)
	if o.Fsync != "interval" || s.mu.dirty && s.mu.due <= o.Interval.D() {
		return nil
	}
	if s.mu.dirty {
		s.mu.timer.Stop() // it was set for longer than is allowed now
	}
	s.mu.dirty, s.mu.due = true, o.Interval.D()
	s.mu.timer = time.AfterFunc(s.mu.due, s.syncLate)
	return nil
}

// takeBack cuts off the n bytes that a failed write left at the end, unless somebody has appended since.
func (s *sink) takeBack(n int64) {
	info, err := s.mu.file.Stat()
	if err == nil && info.Size() == s.mu.size+n {
		err = s.mu.file.Truncate(s.mu.size)
	}
	if err != nil {
		// The torn line stays; open ends it before the next one.
		s.log.Warn("cannot take back a torn line", "path", s.path, "error", err)
		s.detach()
	}
}

// syncLate is the timer's: it forces to the disk what was written since it was set.
func (s *sink) syncLate() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sync(); err != nil {
		s.mu.late = err
	}
}

func (s *sink) sync() error {
	if !s.mu.dirty || s.mu.file == nil {
		return nil
	}
	s.mu.dirty = false
	if err := s.mu.file.Sync(); err != nil {
		return wayOut(err)
	}
	return nil
}

// attach makes sure that the file is the one its path names: others delete files, and logrotate moves them.
func (s *sink) attach() error {
	if s.mu.file == nil {
		return s.open()
	}
	there, err := os.Stat(s.path)
	if err == nil {
		ours, err := s.mu.file.Stat()
		if err == nil && os.SameFile(there, ours) {
			s.mu.size = ours.Size() // somebody may have cut it
			return nil
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return wayOut(err)
	}
	s.log.Warn("events file was moved or deleted: beginning a new one", "path", s.path)
	s.detach()
	return s.open()
}

// open opens the file at the path, making it and its folder as needed, and ends a line that a crash left unfinished.
func (s *sink) open() error {
	info, statErr := os.Stat(s.path)
	if statErr == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file (%s): name a file, or use the stdout sink", s.path, info.Mode().Type())
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		return wayOut(err)
	}
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return wayOut(err)
	}
	size, err := endLine(f)
	if err != nil {
		return wayOut(errors.Join(err, f.Close()))
	}
	if statErr != nil && s.Now().Fsync != "never" {
		if err := syncFolder(filepath.Dir(s.path)); err != nil {
			s.log.Warn("the folder of the events file was not synced", "path", s.path, "error", err)
		}
	}
	s.mu.file, s.mu.size = f, size
	return nil
}

// syncFolder makes a new file's name last: without it a power cut may take a file whose contents are on the disk. Some
// file systems and systems cannot do it, so a failure is no reason not to write.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// endLine ends the file's last line where that is missing and returns the file's size.
func endLine(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return 0, err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], info.Size()-1); err != nil {
		return 0, err
	}
	if last[0] == '\n' {
		return info.Size(), nil
	}
	n, err := f.Write([]byte{'\n'})
	return info.Size() + int64(n), err
}

// detach lets go of the file, whatever state it is in.
func (s *sink) detach() {
	if s.mu.file == nil {
		return
	}
	err := s.sync()
	if err := errors.Join(err, s.mu.file.Close()); err != nil {
		s.log.Warn("events file was not closed in order", "path", s.path, "error", err)
	}
	s.mu.file, s.mu.size = nil, 0
}

// Reopen implements node.Reopener: the next record goes into the file that the path names now.
func (s *sink) Reopen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.detach()
	return s.open()
}

// Close implements node.Sink: what was written is on the disk when it returns without an error, unless fsync is "never".
func (s *sink) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mu.timer != nil {
		s.mu.timer.Stop() // one that runs already waits for the lock and finds nothing to do
	}
	if s.mu.file == nil {
		return s.mu.late
	}
	err := errors.Join(s.mu.late, s.sync(), s.mu.file.Close())
	s.mu.file = nil
	return err
}
