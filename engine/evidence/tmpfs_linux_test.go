package evidence

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSmallDisk runs on a real disk of 1 MiB: clips are written until it is full, the next ones are dropped with a cause,
// nothing half written stays, and with minFree the oldest make room.
func TestSmallDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("a small tmpfs cannot be mounted here (it needs root and CAP_SYS_ADMIN): %v", err)
	}
	defer func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	}()
	run := func(p Policy, run string) PolicyStatus {
		r, err := New(Options{Pipeline: "demo", Run: run, Policies: []Policy{p}, Cameras: []CameraOptions{{ID: "front", Bytes: 4 << 20}}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			s := sample(uint64(i+1), time.Duration(i)*time.Second)
			s.Bytes = make([]byte, 30<<10)
			if err := r.Push("front", s); err != nil {
				t.Fatal(err)
			}
			if i%5 == 0 {
				open(t, r, request(fmt.Sprint(run, i), time.Duration(i)*time.Second))
			}
			r.Step(at(time.Duration(i) * time.Second))
		}
		r.Flush(context.Background(), at(100*time.Second))
		for _, name := range ls(t, dir) {
			if strings.HasPrefix(name, tmpPrefix) {
				t.Errorf("left %s", name)
				continue
			}
			verify(t, filepath.Join(dir, name))
		}
		return r.Status()[0]
	}
	p := policy(dir)
	p.Pre, p.Post = time.Second, time.Second
	full := run(p, "a")
	if full.Clips == 0 || full.Dropped[CauseFull] == 0 || full.Clips+full.Dropped[CauseFull] != 20 || !strings.Contains(full.Error, "is full") {
		t.Errorf("without minFree: %+v", full)
	}
	p.MinFree = 300 << 10
	rolling := run(p, "b")
	if rolling.Clips != 20 || len(rolling.Dropped) != 0 || rolling.Removed[byMinFree] == 0 {
		t.Errorf("with minFree: %+v", rolling)
	}
	t.Logf("full disk: %d written, %d dropped; with minFree: %d written, %d removed", full.Clips, full.Dropped[CauseFull], rolling.Clips, rolling.Removed[byMinFree])
}
