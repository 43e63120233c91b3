package evidence

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rvo.dev/engine/tick"
)

// ready returns a recorder with a clip whose window is over at 5 s.
func ready(t *testing.T, p Policy) (*Recorder, string) {
	t.Helper()
	r := recorder(t, p)
	for i := range 50 {
		s := sample(uint64(i+1), time.Duration(i)*100*ms)
		s.Bytes = append(s.Bytes, make([]byte, 4000)...)
		if err := r.Push("front", s); err != nil {
			t.Fatal(err)
		}
	}
	return r, open(t, r, request("r1", 3*time.Second))
}

func ls(t testing.TB, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, d.Name())
	}
	return out
}

// TestDiskFaults is a table of what fails on the disk and what becomes of the clip.
func TestDiskFaults(t *testing.T) {
	pathErr := func(err error) error { return &os.PathError{Op: "write", Path: "x", Err: err} }
	tests := []struct {
		name  string
		err   func(op, name string, n int) error
		tries int
		cause Cause // "": written in the end
		short Reason
		says  string
	}{
		{
			name: "no space once", tries: 2,
			err: func(op, _ string, n int) error {
				if op == "write" && n == 5 {
					return pathErr(syscall.ENOSPC)
				}
				return nil
			},
		},
		{
			name: "no space for half of the clip", tries: 3, short: ShortDisk,
			err: func(op, name string, _ int) error {
				if op == "write" && inFrame(name) && name[len(name)-8:] >= "0020.jpg" {
					return pathErr(syscall.ENOSPC)
				}
				return nil
			},
		},
		{
			name: "no space at all", tries: 3, cause: CauseFull, says: "is full",
			err: func(op, _ string, _ int) error {
				if op == "write" {
					return pathErr(syscall.ENOSPC)
				}
				return nil
			},
		},
		{
			name: "no space for the manifest", tries: 3, cause: CauseFull, says: "is full",
			err: func(op, name string, _ int) error {
				if op == "write" && strings.HasSuffix(name, ManifestName) {
					return pathErr(syscall.ENOSPC)
				}
				return nil
			},
		},
		{
			name: "read-only", tries: 3, cause: CauseNotWritable, says: "not writable",
			err: func(op, _ string, _ int) error {
				if op == "mkdir" {
					return pathErr(syscall.EROFS)
				}
				return nil
			},
		},
		{
			name: "no permission", tries: 3, cause: CauseNotWritable, says: "give this user the right",
			err: func(op, _ string, _ int) error {
				if op == "open" {
					return pathErr(syscall.EACCES)
				}
				return nil
			},
		},
		{
			name: "i/o error", tries: 3, cause: CauseIO, says: "input/output error",
			err: func(op, name string, _ int) error {
				if op == "write" && inFrame(name) {
					return pathErr(syscall.EIO)
				}
				return nil
			},
		},
		{
			name: "i/o error at sync, twice", tries: 3,
			err: func(op, _ string, n int) error {
				if op == "sync" && (n == 1 || n == 2) {
					return pathErr(syscall.EIO)
				}
				return nil
			},
		},
		{
			name: "rename fails", tries: 3, cause: CauseIO, says: "input/output error",
			err: func(op, _ string, _ int) error {
				if op == "rename" {
					return pathErr(syscall.EIO)
				}
				return nil
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			r, name := ready(t, policy(dir))
			inject(r, tt.err)
			var got []Result
			var waits []time.Duration
			now := at(5 * time.Second)
			for range 10 {
				done, wake := r.Step(now)
				got = append(got, done...)
				if wake == tick.Never {
					break
				}
				if st := r.Status()[0]; st.Error == "" || st.Pending != 1 {
					t.Errorf("while it waits for another try: %+v", st)
				}
				waits = append(waits, wake.Sub(now))
				now = wake
			}
			if len(got) != 1 {
				t.Fatalf("%d results", len(got))
			}
			res, st := got[0], r.Status()[0]
			if res.Tries != tt.tries || res.Cause != tt.cause || int(st.Retries) != tt.tries-1 {
				t.Errorf("%d tries, cause %q, %d retries counted; want %d, %q", res.Tries, res.Cause, st.Retries, tt.tries, tt.cause)
			}
			if want := []time.Duration{RetryDelay, 4 * RetryDelay}[:tt.tries-1]; !slices.Equal(waits, want) {
				t.Errorf("waits %v, want %v", waits, want)
			}
			if tt.cause == "" {
				m := verify(t, filepath.Join(dir, name))
				if st.Clips != 1 || st.Error != "" || len(st.Dropped) != 0 {
					t.Errorf("status %+v", st)
				}
				if tt.short != "" && (len(m.Short) != 1 || m.Short[0].Reason != tt.short || st.Short[tt.short] != 1 || m.Delivered.Frames == 0 || m.Delivered.Frames >= 20) {
					t.Errorf("short %+v, delivered %+v", m.Short, m.Delivered)
				}
				if l := ls(t, dir); len(l) != 1 {
					t.Errorf("folder has %v", l)
				}
				return
			}
			if st.Dropped[tt.cause] != 1 || st.Clips != 0 || st.Asked != 1 || st.Pending != 0 {
				t.Errorf("status %+v", st)
			}
			if res.Err == nil || res.Path != "" || !strings.Contains(res.Err.Error(), tt.says) || !strings.Contains(st.Error, dir) {
				t.Errorf("result says %v, status %q; want %q", res.Err, st.Error, tt.says)
			}
			if l := ls(t, dir); len(l) != 0 {
				t.Errorf("a failed clip left %v", l)
			}
			if held := r.Rings()["front"].Held; held != 0 {
				t.Errorf("%d samples held for a clip that is gone", held)
			}
		})
	}
}

// TestFault25SlowDiskCostsClipsOnly: while one policy's disk fails, the other camera's and the other policy's clips are
// written, pictures are taken in, and what waits is bounded.
func TestFault25BrokenDiskCostsClipsOnly(t *testing.T) {
	good, bad := policy(t.TempDir()), policy(filepath.Join(t.TempDir(), "broken"))
	bad.ID = "other"
	r := recorder(t, good, bad)
	inject(r, func(op, name string, _ int) error {
		if op == "open" && strings.HasSuffix(name, "broken") {
			return syscall.EIO
		}
		return nil
	})
	var written, dropped, refused int
	for i := range 400 {
		d := time.Duration(i) * 100 * ms
		for _, camera := range []string{"front", "back"} {
			if err := r.Push(camera, sample(uint64(i), d)); err != nil {
				t.Fatal(err)
			}
		}
		if i%10 == 0 { // every second one; windows of nothing but the picture itself
			for _, p := range []string{"clip", "other"} {
				q := request(fmt.Sprint(p, i), d)
				q.Policy = p
				if _, err := r.Open(q); err != nil {
					refused++
				}
			}
		}
		done, _ := r.Step(at(d))
		for _, res := range done {
			if res.Err == nil {
				written++
			} else {
				dropped++
			}
		}
	}
	for _, res := range r.Flush(context.Background(), at(40*time.Second)) {
		if res.Err == nil {
			written++
		} else {
			dropped++
		}
	}
	st := r.Status()
	if st[0].Clips == 0 || int(st[0].Clips) != written || len(st[0].Dropped) != 0 {
		t.Errorf("good disk: %+v", st[0])
	}
	if st[1].Clips != 0 || int(st[1].Dropped[CauseIO]) != dropped || dropped == 0 || st[1].Error == "" || refused != 0 {
		t.Errorf("broken disk: %+v, %d results dropped, %d requests refused", st[1], dropped, refused)
	}
	for _, s := range st {
		if s.Asked != 40 || s.Asked != s.Clips+s.Merged+s.Dropped[CauseIO] || s.Pending != 0 {
			t.Errorf("account of %s does not add up: %+v", s.ID, s)
		}
	}
}

func TestBacklogIsBounded(t *testing.T) {
	p := policy(t.TempDir())
	p.Pre, p.Post = 0, 0
	r := recorder(t, p)
	feed(t, r, "front", 0, 60*time.Second, 100*ms)
	for i := range MaxPending + 3 { // nobody calls Step
		_, err := r.Open(request(fmt.Sprint("r", i), time.Duration(i+1)*time.Second))
		if (err != nil) != (i >= MaxPending) {
			t.Errorf("request %d: %v", i, err)
		}
	}
	if st := r.Status()[0]; st.Dropped[CauseBacklog] != 3 || st.Pending != MaxPending || !strings.Contains(st.Error, "does not keep up") {
		t.Errorf("%+v", st)
	}
	if done, wake := r.Step(at(60 * time.Second)); len(done) != MaxPending || wake != tick.Never {
		t.Errorf("%d written, wake %s", len(done), wake)
	}
}

// TestFolderRecovers: a folder that can be written again is well again, without waiting for the next event; a camera
// without pictures is not the folder's fault.
func TestFolderRecovers(t *testing.T) {
	p := policy(t.TempDir())
	r, _ := ready(t, p)
	f := inject(r, func(op, _ string, _ int) error {
		if op == "write" {
			return syscall.EROFS
		}
		return nil
	})
	r.Flush(context.Background(), at(5*time.Second))
	for range 2 {
		if _, err := r.Retain(epoch()); err == nil || !strings.Contains(r.Status()[0].Error, "not writable") {
			t.Fatalf("while it cannot be written: %v, %q", err, r.Status()[0].Error)
		}
	}
	f.mu.Lock()
	f.err = nil
	f.mu.Unlock()
	if _, err := r.Retain(epoch()); err != nil || r.Status()[0].Error != "" {
		t.Errorf("after the repair: %v, %q", err, r.Status()[0].Error)
	}
	if l := ls(t, p.Dir); len(l) != 0 {
		t.Errorf("the probe left %v", l)
	}
	q := request("r2", 5*time.Second)
	q.Camera = "back"
	open(t, r, q)
	if res := one(t, r, 9*time.Second); res.Cause != CauseNoFrames || r.Status()[0].Error != "" {
		t.Errorf("%+v, %q", res, r.Status()[0].Error)
	}
	f.free, f.used = 1000, func() int64 { return 0 }
	p.MinFree = 2000
	if err := r.Configure([]Policy{p}, []CameraOptions{{ID: "front", Bytes: 1 << 20}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Check("clip"); err == nil || !strings.Contains(err.Error(), "lower minFree") {
		t.Errorf("a disk below minFree passes the check: %v", err)
	}
}

// TestFlushIsBounded: at the end each clip gets one try, and none once the time is over.
func TestFlushIsBounded(t *testing.T) {
	r, _ := ready(t, policy(t.TempDir()))
	q := request("r2", 4900*ms)
	q.Camera = "back"
	open(t, r, q)
	f := inject(r, func(op, _ string, _ int) error {
		if op == "write" {
			return syscall.EIO
		}
		return nil
	})
	cause := errors.New("drain is over")
	ctx, cancel := context.WithCancelCause(context.Background())
	f.mu.Lock()
	fail := f.err
	f.err = func(op, name string, n int) error { cancel(cause); return fail(op, name, n) }
	f.mu.Unlock()
	done := r.Flush(ctx, at(5*time.Second))
	if len(done) != 2 || done[0].Cause != CauseIO || done[0].Tries != 1 || done[1].Cause != CauseShutdown || !errors.Is(done[1].Err, cause) {
		t.Fatalf("%+v", done)
	}
	if _, wake := r.Step(at(6 * time.Second)); wake != tick.Never {
		t.Errorf("something is pending after a flush")
	}
}

func TestNoPicturesNoClip(t *testing.T) {
	r := recorder(t, policy(t.TempDir()))
	open(t, r, request("r1", 3*time.Second))
	if res := one(t, r, 5*time.Second); res.Cause != CauseNoFrames || !strings.Contains(res.Err.Error(), `"front"`) {
		t.Errorf("%+v", res)
	}
}

func TestCheckAndSweep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	r, name := ready(t, policy(dir))
	if err := r.Check("clip"); err != nil {
		t.Fatal(err)
	}
	if l := ls(t, dir); len(l) != 0 {
		t.Errorf("a check left %v", l)
	}
	if err := r.Check("nosuch"); err == nil {
		t.Error("a policy that is not there passes")
	}
	one(t, r, 5*time.Second)

	for _, d := range []string{tmpPrefix + name, tmpPrefix + "cache", "holiday", "broken"} {
		if err := os.MkdirAll(filepath.Join(dir, d, "sub"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "broken", ManifestName), []byte(`{"schema":`), 0o644); err != nil {
		t.Fatal(err)
	}
	again := recorder(t, policy(dir))
	swept, err := again.Sweep()
	if err != nil || len(swept) != 1 {
		t.Fatalf("%v, %v", swept, err)
	}
	s := swept[0]
	if !slices.Equal(s.Removed, []string{tmpPrefix + name}) || s.Clips != 1 || len(s.Unreadable) != 2 || !strings.HasPrefix(s.Unreadable[0], "broken: ") {
		t.Errorf("swept %+v", s)
	}
	if l := ls(t, dir); !slices.Equal(l, []string{tmpPrefix + "cache", "broken", "holiday", name}) {
		t.Errorf("left: %v", l)
	}
	verify(t, filepath.Join(dir, name))
}

func TestCheckSaysWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		err  error
		says string
	}{
		{syscall.EROFS, "mount it read-write"},
		{syscall.EACCES, "give this user the right"},
		{syscall.ENOSPC, "free some space"},
		{syscall.EIO, "input/output error"},
	} {
		dir := t.TempDir()
		r := recorder(t, policy(dir))
		f := inject(r, func(op, _ string, _ int) error {
			if op == "write" {
				return tt.err
			}
			return nil
		})
		err := r.Check("clip")
		if err == nil || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v: %v", tt.err, err)
		}
		if r.Status()[0].Error == "" {
			t.Errorf("%v: not in the status", tt.err)
		}
		f.mu.Lock()
		f.err = nil
		f.mu.Unlock()
		if err := r.Check("clip"); err != nil || r.Status()[0].Error != "" {
			t.Errorf("after the repair: %v, %q", err, r.Status()[0].Error)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	r := recorder(t, policy(file))
	if err := r.Check("clip"); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as folder: %v", err)
	}
}

// TestNamesCannotLeaveTheFolder: ids are checked by the graph, and again here.
func TestNamesCannotLeaveTheFolder(t *testing.T) {
	r := recorder(t, policy(t.TempDir()))
	for _, id := range []string{"", "..", "../x", "a/b", `a\b`, "a b", ".x", "-x", "a\x00", "é", strings.Repeat("x", MaxID+1)} {
		q := request("r1", time.Second)
		q.Event = id
		if name, err := r.Open(q); err == nil {
			t.Errorf("event id %q gives %s", id, name)
		}
		if _, err := New(Options{Policies: []Policy{{ID: id, Dir: "/x", Quality: 80}}}); err == nil {
			t.Errorf("policy id %q passes", id)
		}
		if _, err := New(Options{Cameras: []CameraOptions{{ID: id, Bytes: 1 << 20}}}); err == nil {
			t.Errorf("camera id %q passes", id)
		}
	}
	q := request("../../../etc/passwd\x00", time.Second)
	if name := open(t, r, q); !filepath.IsLocal(name) || filepath.Base(name) != name || len(name) > 255 {
		t.Errorf("folder %q", name)
	}
	q.Event, q.RecordID = strings.Repeat("x", MaxID), strings.Repeat("y", 1000)
	q.Confirmed = at(time.Hour)
	if name := open(t, r, q); len(name) > 255 {
		t.Errorf("folder name of %d bytes", len(name))
	}

	// Not even a symbolic link in the folder leads out of it.
	dir, outside := t.TempDir(), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Skipf("no symbolic links here: %v", err)
	}
	f, err := openRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Write("link/x", []byte("x")); err == nil {
		t.Error("wrote through a link out of the folder")
	}
	if l := ls(t, outside); len(l) != 0 {
		t.Errorf("outside: %v", l)
	}
}

// TestClipsOfOneCameraGoInOrder: while a clip waits for another try nothing joins it and the next one waits behind it,
// so that no picture is in both, and none in neither when the first is lost in the end.
func TestClipsOfOneCameraGoInOrder(t *testing.T) {
	for _, lost := range []bool{false, true} {
		dir := t.TempDir()
		r := recorder(t, policy(dir))
		feed(t, r, "front", 0, 8*time.Second, 100*ms)
		tries := 0
		inject(r, func(op, _ string, _ int) error {
			if op != "mkdir" {
				return nil
			}
			if tries++; tries <= 2 || lost && tries == 3 {
				return syscall.EIO
			}
			return nil
		})
		first := open(t, r, request("r1", 3*time.Second))
		if done, wake := r.Step(at(5 * time.Second)); len(done) != 0 || wake != at(6*time.Second) {
			t.Fatalf("first try: %v, wake %s", done, wake)
		}
		second := open(t, r, request("r2", 5*time.Second)) // asks for 3 s to 6 s, the first for 1 s to 4 s
		if second == first {
			t.Fatal("an event joined a clip whose window is closed")
		}
		for _, now := range []time.Duration{6 * time.Second, 7 * time.Second, 9900 * ms} {
			if done, _ := r.Step(at(now)); len(done) != 0 {
				t.Fatalf("at %s: %+v", now, done)
			}
		}
		done, wake := r.Step(at(10 * time.Second))
		if len(done) != 2 || wake != tick.Never || done[0].Clip != first || done[1].Clip != second || (done[0].Err != nil) != lost || done[1].Err != nil {
			t.Fatalf("%+v, wake %s", done, wake)
		}
		m := verify(t, filepath.Join(dir, second))
		if want := map[bool]int{false: 20, true: 31}[lost]; m.Delivered.Frames != want || (m.Follows == first) == lost {
			t.Errorf("first lost: %v; second has %d frames and follows %q, want %d", lost, m.Delivered.Frames, m.Follows, want)
		}
	}
}
