package notify

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// manager is a service manager's socket that a test reads.
type manager struct {
	t    *testing.T
	conn *net.UnixConn
}

func listen(t *testing.T) *manager {
	t.Helper()
	addr := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "notify"), Net: "unixgram"}
	conn, err := net.ListenUnixgram("unixgram", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", addr.Name)
	t.Setenv("WATCHDOG_USEC", "")
	t.Setenv("WATCHDOG_PID", "")
	return &manager{t, conn}
}

// next returns the next message.
func (m *manager) next() string {
	m.t.Helper()
	if err := m.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		m.t.Fatal(err)
	}
	var buf [4096]byte
	n, err := m.conn.Read(buf[:])
	if err != nil {
		m.t.Fatalf("no message: %v", err)
	}
	return string(buf[:n])
}

// quiet reports whether no message is there.
func (m *manager) quiet() bool {
	_ = m.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	_, err := m.conn.Read(make([]byte, 1))
	return err != nil
}

// TestWhatTheManagerHears: each state is one message in the words of sd_notify(3).
func TestWhatTheManagerHears(t *testing.T) {
	s := listen(t)
	m := Open(slog.New(slog.DiscardHandler))
	for _, c := range []struct {
		say  func()
		want string
	}{
		{func() { m.Ready("12 cameras") }, "^READY=1\nSTATUS=12 cameras$"},
		{func() { m.Status("a line\nREADY=0") }, "^STATUS=a line READY=0$"},
		{m.Reloading, "^RELOADING=1\nMONOTONIC_USEC=[1-9][0-9]+$"},
		{m.Stopping, "^STOPPING=1$"},
	} {
		c.say()
		if got := s.next(); !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("heard %q, want %s", got, c.want)
		}
	}
}

// TestWatchdog: signs of life come while the core answers and stop when it does not.
func TestWatchdog(t *testing.T) {
	s := listen(t)
	t.Setenv("WATCHDOG_USEC", "20000")
	m := Open(slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	hang := make(chan struct{})
	asked, ended := 0, make(chan struct{})
	go func() {
		defer close(ended)
		m.Watch(ctx, func() {
			if asked++; asked == 4 {
				<-hang
			}
		})
	}()
	for range 3 {
		if got := s.next(); got != "WATCHDOG=1" {
			t.Fatalf("heard %q, want a sign of life", got)
		}
	}
	if !s.quiet() {
		t.Error("a sign of life of a program whose core hangs")
	}
	close(hang)
	if got := s.next(); got != "WATCHDOG=1" {
		t.Errorf("heard %q when the core answers again, want a sign of life", got)
	}
	stop()
	<-ended
}

// TestNobodyListens: without a manager, with one that has gone, and with a watchdog that is no number nothing fails.
func TestNobodyListens(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "1000000")
	m := Open(log)
	m.Ready("")
	m.Watch(t.Context(), func() { t.Error("nobody wants to know") })
	if out.Len() > 0 {
		t.Errorf("said %q", out.String())
	}

	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "gone"))
	t.Setenv("WATCHDOG_USEC", "soon")
	m = Open(log)
	m.Ready("")
	m.Watch(t.Context(), func() { t.Error("there is no watchdog") })
	for _, want := range []string{"watchdog is not fed", "was not told"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, out.String())
		}
	}
}
