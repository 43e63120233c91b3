package jsonl

import (
	"errors"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/node/nodetest"
)

// limitFiles makes every write past n bytes of a file fail, after the part that fits: what a full disk does, without
// the right to mount one.
func limitFiles(t *testing.T, n uint64) (lift func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Skip("no file size limit here: ", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: old.Max}); err != nil {
		t.Skip("file size limit cannot be set: ", err)
	}
	return func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTornLineIsTakenBack(t *testing.T) {
	for _, mode := range []string{"never", "interval", "record"} {
		s, path := start(t, `{"fsync": "`+mode+`"}`)
		put(t, s, "123456789")
		lift := limitFiles(t, 15)
		for range 3 { // the engine tries again
			err := s.Write(t.Context(), nodetest.Record(0), []byte("abcdefghi"))
			if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), "set maxBytes") {
				t.Errorf("write past the limit: %v", err)
			}
		}
		torn := read(t, path)
		lift()
		if torn != "123456789\n" {
			t.Errorf("fsync %s: a torn line stays: %q", mode, torn)
		}
		put(t, s, "abcdefghi")
		if got := read(t, path); got != "123456789\nabcdefghi\n" {
			t.Errorf("fsync %s: once there is room the file is %q", mode, got)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFullAndReadOnlyDisk(t *testing.T) {
	env := nodetest.Env(t)
	if err := unix.Mount("tmpfs", env.StateDir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip("mounting a small disk needs more rights: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(env.StateDir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := nodetest.OpenSink(t, Kind(), `{}`, env).(*sink)
	line := strings.Repeat("x", 999)
	var err error
	lines := 0
	for ; err == nil; lines++ {
		err = s.Write(t.Context(), nodetest.Record(0), []byte(line))
	}
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "make room, or set maxBytes and files lower") {
		t.Fatalf("a full disk gives %v", err)
	}
	path := filepath.Join(env.StateDir, "events.jsonl")
	if got, want := read(t, path), strings.Repeat(line+"\n", lines-1); got != want {
		t.Errorf("after %d lines that fitted the file ends with %q", lines-1, got[max(0, len(got)-20):])
	}

	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := unix.Mount("", env.StateDir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Skip("the disk cannot be made read-only: ", err)
	}
	k := Kind()
	_, err = k.OpenSink(t.Context(), env, nil)
	if !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "name a path that can be written") {
		t.Errorf("a read-only disk gives %v", err)
	}
}
