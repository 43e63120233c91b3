package logs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestHandlerRedactsEverything(t *testing.T) {
	const uri = "rtsp://joe:hunter2@cam/live"
	parsed, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []Format{Text, JSON} {
		var b bytes.Buffer
		l := slog.New(New(&b, Options{Format: format}))
		l = l.With("uri", uri).WithGroup("g").With("in", uri)
		l.Info("open "+uri,
			"error", fmt.Errorf("open: %w", errors.New(uri)),
			"url", parsed,
			"list", []string{uri},
			"struct", struct{ URI string }{uri},
			slog.Group("deep", "uri", uri),
			"password", "hunter2",
		)
		if strings.Contains(b.String(), "hunter2") {
			t.Errorf("format %d: password in %s", format, b.String())
		}
		if n := strings.Count(b.String(), "***"); n < 9 {
			t.Errorf("format %d: %d places redacted, want 9 or more: %s", format, n, b.String())
		}
	}
}

func TestTextLine(t *testing.T) {
	var b bytes.Buffer
	h := New(&b, Options{})
	at := time.Date(2024, 5, 1, 12, 4, 5, 120e6, time.UTC)
	r := slog.NewRecord(at, slog.LevelWarn, "camera is down", 0)
	r.AddAttrs(slog.String("camera", "front"), slog.Any("error", errors.New("no\x1b[31m route")), slog.Duration("in", time.Second))
	if err := slog.New(h).With("a", 1).WithGroup("g").Handler().Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	want := `12:04:05.120 WARN  camera is down a=1 g.camera=front g.error="no\x1b[31m route" g.in=1s` + "\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

func TestJSONDurationsHaveUnits(t *testing.T) {
	var b bytes.Buffer
	l := slog.New(New(&b, Options{Format: JSON}))
	l.With("limit", time.Minute).Info("late", "timeout", 2*time.Second, slog.Group("g", "by", 1500*time.Microsecond))
	var got struct {
		Limit, Timeout string
		G              struct{ By string }
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Limit != "1m0s" || got.Timeout != "2s" || got.G.By != "1.5ms" {
		t.Errorf("durations %q, %q and %q in %s", got.Limit, got.Timeout, got.G.By, b.String())
	}
}

func TestMessageCannotForgeALine(t *testing.T) {
	var b bytes.Buffer
	slog.New(New(&b, Options{})).Info("a\n12:00:00.000 INFO  forged", "k\nx", "v\ny")
	if n := strings.Count(b.String(), "\n"); n != 1 {
		t.Errorf("%d lines, want 1: %q", n, b.String())
	}
}

func TestLimit(t *testing.T) {
	var b bytes.Buffer
	h := New(&b, Options{Format: JSON})
	start := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	emit := func(after time.Duration, level slog.Level, message, camera string, n int) {
		r := slog.NewRecord(start.Add(after), level, message, 0)
		r.AddAttrs(slog.String("camera", camera), slog.Int("n", n))
		if err := h.Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 30 {
		emit(time.Duration(i)*33*time.Millisecond, slog.LevelWarn, "no picture", "front", i)
	}
	emit(0, slog.LevelWarn, "no picture", "back", 0) // another node is another fault
	emit(0, slog.LevelInfo, "hello", "front", 0)     // information is never limited
	emit(0, slog.LevelInfo, "hello", "front", 0)     //
	emit(1100e6, slog.LevelWarn, "no picture", "front", 30)
	emit(1200e6, slog.LevelWarn, "no picture", "front", 31)
	h.Flush(t.Context())
	h.Flush(t.Context())

	var got []string
	for line := range strings.Lines(b.String()) {
		var m struct {
			Msg, Camera, Node string
			Suppressed        int
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprintf("%s %s%s %d", m.Msg, m.Camera, m.Node, m.Suppressed))
	}
	want := []string{
		"no picture front 0", "no picture back 0", "hello front 0", "hello front 0",
		"no picture front 29", "no picture front 1",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLimitIsBounded(t *testing.T) {
	l := newLimiter()
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	for i := range 4 * maxFaults {
		l.admit(fault{message: strconv.Itoa(i)}, at.Add(time.Duration(i)))
	}
	if n := len(l.mu.seen); n != maxFaults {
		t.Errorf("%d faults held, want %d", n, maxFaults)
	}
	if write, _ := l.admit(fault{message: strconv.Itoa(4*maxFaults - 1)}, at.Add(time.Millisecond)); write {
		t.Error("the newest fault was forgotten")
	}
}

func TestClockSetBack(t *testing.T) {
	l := newLimiter()
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	l.admit(fault{}, at)
	if write, _ := l.admit(fault{}, at.Add(-time.Hour)); !write {
		t.Error("a fault was silenced because the clock was set back")
	}
}

func TestConcurrent(t *testing.T) {
	var b bytes.Buffer
	l := slog.New(New(&b, Options{}))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				l.Info("line", "k", "v")
			}
		})
	}
	wg.Wait()
	if n := strings.Count(b.String(), "line k=v\n"); n != 400 {
		t.Errorf("%d whole lines, want 400", n)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in       string
		terminal bool
		want     Format
		bad      bool
	}{{"auto", true, Text, false}, {"auto", false, JSON, false}, {"text", false, Text, false}, {"json", true, JSON, false}, {"xml", true, 0, true}} {
		got, err := ParseFormat(c.in, c.terminal)
		if (err != nil) != c.bad || got != c.want {
			t.Errorf("ParseFormat(%q, %v) = %v, %v", c.in, c.terminal, got, err)
		}
	}
	if l, err := ParseLevel("WARN"); err != nil || l != slog.LevelWarn {
		t.Errorf("ParseLevel(WARN) = %v, %v", l, err)
	}
	if _, err := ParseLevel("loud"); err == nil {
		t.Error("ParseLevel(loud) gave no error")
	}
}
