package jsonl

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

func TestDefaults(t *testing.T) {
	var o Options
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	nodetest.Defaults(t, Kind(), o)
}

func TestKind(t *testing.T) {
	nodetest.Run(t, Kind(),
		nodetest.Case{},
		nodetest.Case{Name: "folder", Options: `{"path": "a/b/c.jsonl", "fsync": "record"}`},
		nodetest.Case{Name: "never", Options: `{"fsync": "never", "maxBytes": "1TiB", "files": 1}`},
		nodetest.Case{Name: "rotating", Options: `{"maxBytes": "1KiB", "files": 2}`},
		nodetest.Case{Name: "fsync", Options: `{"fsync": "often"}`, Refused: `fsync "often": must be never, interval or record`},
		nodetest.Case{Name: "files", Options: `{"files": -1}`, Refused: "files -1: must be from 1 to 1000"},
		nodetest.Case{Name: "leaves", Options: `{"path": "../x"}`, Refused: "leaves the state folder"},
		nodetest.Case{Name: "no file", Options: `{"path": "."}`, Refused: "is no regular file (d---------): name a file"},
		nodetest.Case{
			Name: "below a file", Options: `{"path": "a/b"}`, Refused: "a file stands where the path needs a folder",
			Env: func(t *testing.T, env *node.Env) { write(t, filepath.Join(env.StateDir, "a"), "") },
		},
	)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// start opens a sink in a folder of its own.
func start(t testing.TB, options string) (s *sink, path string) {
	t.Helper()
	env := nodetest.Env(t)
	path = filepath.Join(env.StateDir, "events.jsonl")
	return nodetest.OpenSink(t, Kind(), options, env).(*sink), path
}

// put writes a line of its own words.
func put(t testing.TB, s *sink, line string) {
	t.Helper()
	if err := s.Write(t.Context(), nodetest.Record(0), []byte(line)); err != nil {
		t.Fatal(err)
	}
}

func TestAppend(t *testing.T) {
	env := nodetest.Env(t)
	path := filepath.Join(env.StateDir, "events.jsonl")
	var want bytes.Buffer
	for n := range 3 { // three runs of the program
		s := nodetest.OpenSink(t, Kind(), `{}`, env)
		line := nodetest.Line(t, nodetest.Record(n))
		if err := s.Write(t.Context(), nodetest.Record(n), line); err != nil {
			t.Fatal(err)
		}
		want.Write(append(line, '\n'))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, path); got != want.String() {
		t.Errorf("after three runs the file is %q, want %q", got, want.String())
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o133 != 0 {
		t.Errorf("the file's rights are %v (%v), want at most 0644", info.Mode(), err)
	}
}

func TestUnfinishedLine(t *testing.T) {
	for _, c := range []struct{ old, want string }{
		{"", "new\n"},
		{"old\n", "old\nnew\n"},
		{"old\n{\"id\":\"to", "old\n{\"id\":\"to\nnew\n"},
		{"\n", "\nnew\n"},
	} {
		env := nodetest.Env(t)
		path := filepath.Join(env.StateDir, "events.jsonl")
		write(t, path, c.old)
		s := nodetest.OpenSink(t, Kind(), `{}`, env).(*sink)
		put(t, s, "new")
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != c.want {
			t.Errorf("after %q the file is %q, want %q", c.old, got, c.want)
		}
	}
}

func TestMovedDeletedReopened(t *testing.T) {
	s, path := start(t, `{}`)
	put(t, s, "1")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	put(t, s, "2")
	if got := read(t, path); got != "2\n" {
		t.Errorf("after the file was deleted it is %q, want the next line", got)
	}

	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	put(t, s, "3")
	if got := read(t, path); got != "3\n" {
		t.Errorf("after its folder was deleted the file is %q, want the next line", got)
	}

	// As logrotate does it with `create`: the name belongs to another file.
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	write(t, path, "")
	put(t, s, "4")
	if got := read(t, path) + read(t, path+".old"); got != "4\n3\n" {
		t.Errorf("after the file was moved the two are %q, want %q", got, "4\n3\n")
	}

	// And with SIGHUP: made at once, not only at the next record.
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "" {
		t.Errorf("after reopening the file is %q, want an empty one", got)
	}

	// Cut to nothing by others: appended to where it ends.
	put(t, s, "5")
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	put(t, s, "6")
	if got := read(t, path); got != "6\n" {
		t.Errorf("after the file was cut it is %q, want the next line", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestReopenFailsAndRecovers(t *testing.T) {
	s, path := start(t, `{}`)
	put(t, s, "1")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.Reopen(); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Fatalf("reopen gives %v", err)
	}
	for range 2 {
		if err := s.Write(t.Context(), nodetest.Record(0), []byte("2")); err == nil {
			t.Fatal("a write into a folder works")
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	put(t, s, "2")
	if got := read(t, path); got != "2\n" {
		t.Errorf("after the way was free again the file is %q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestRotate(t *testing.T) {
	s, path := start(t, `{"maxBytes": "100B", "files": 3}`)
	for n := range 50 { // ten lines of ten bytes a file
		put(t, s, fmt.Sprintf("line %04d", n))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob(path + "*")
	if err != nil || len(all) != 4 {
		t.Fatalf("files %v, want the present one and three old ones", all)
	}
	got := read(t, path+".3") + read(t, path+".2") + read(t, path+".1") + read(t, path)
	var want strings.Builder
	for n := 10; n < 50; n++ {
		fmt.Fprintf(&want, "line %04d\n", n)
	}
	if got != want.String() {
		t.Errorf("the files hold %q, want the last 40 lines in order", got)
	}
	for _, f := range all {
		if n := len(read(t, f)); n != 100 {
			t.Errorf("%s has %d bytes, want 100", f, n)
		}
	}
}

func TestRotateLargeLine(t *testing.T) {
	s, path := start(t, `{"maxBytes": "10B"}`)
	put(t, s, strings.Repeat("x", 50)) // larger than the bound: written all the same, alone
	put(t, s, "y")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if read(t, path) != "y\n" || len(read(t, path+".1")) != 51 {
		t.Errorf("a long line is not alone in its file")
	}
}

// An old file that cannot be replaced must not cost events.
func TestRotateFails(t *testing.T) {
	s, path := start(t, `{"maxBytes": "10B", "files": 1}`)
	if err := os.MkdirAll(filepath.Join(path+".1", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	put(t, s, "12345678")
	put(t, s, "abcdefgh")
	put(t, s, "ABCDEFGH")
	if got, want := read(t, path), "12345678\nabcdefgh\nABCDEFGH\n"; got != want {
		t.Errorf("the file is %q, want %q", got, want)
	}
	if err := os.RemoveAll(path + ".1"); err != nil {
		t.Fatal(err)
	}
	put(t, s, "rotated")
	if got := read(t, path); got != "rotated\n" {
		t.Errorf("after the way was free again the file is %q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// The timer of fsync "interval" runs once for all that was written in the interval.
func TestInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := start(t, `{"interval": "10s"}`)
		dirty := func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.mu.dirty
		}
		put(t, s, "1")
		time.Sleep(9 * time.Second)
		put(t, s, "2")
		if !dirty() {
			t.Error("synced before the interval is over")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if dirty() {
			t.Error("not synced after the interval")
		}
		put(t, s, "3")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if dirty() {
			t.Error("not synced by Close")
		}
		time.Sleep(time.Minute) // a timer that Close forgot would find the file closed
		synctest.Wait()
	})
	for _, mode := range []string{"never", "record"} {
		s, _ := start(t, `{"fsync": "`+mode+`"}`)
		put(t, s, "1")
		if s.mu.dirty || s.mu.timer != nil {
			t.Errorf("fsync %q sets a timer", mode)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What the timer could not sync is told by the next write, once.
func TestLateError(t *testing.T) {
	s, path := start(t, `{"interval": "1h"}`)
	put(t, s, "1")
	if err := s.mu.file.Close(); err != nil { // so that the sync fails
		t.Fatal(err)
	}
	s.syncLate()
	if err := s.Write(t.Context(), nodetest.Record(0), []byte("2")); err == nil {
		t.Error("the failed sync is not told")
	}
	put(t, s, "2") // finds its file closed and opens it again
	if got := read(t, path); got != "1\n2\n" {
		t.Errorf("the file is %q", got)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
