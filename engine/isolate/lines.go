package isolate

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// What a process may say. A dying Go program prints hundreds of lines and a library in a loop prints without end: the
// log keeps the first of them, which name the cause, and counts the rest.
const (
	lineBytes  = 8192
	lineBurst  = 40
	fatalBytes = 200                    // of the line that goes into the error
	linePause  = 250 * time.Millisecond // one more line each
)

// lines writes what a detector's process prints to the log, line by line. It is safe for concurrent use.
type lines struct {
	log *slog.Logger
	now func() time.Time

	mu struct {
		sync.Mutex
		part    []byte // of a line that has not ended
		long    bool   // and is cut
		tokens  int
		last    time.Time
		dropped int
		fatal   string // the first line that says why the process dies
	}
}

// dying is what runtimes print first when they end a process: Go's on a fault, its own or C's, and C++'s.
func dying(line string) bool {
	for _, p := range []string{"fatal error: ", "panic: ", "runtime: out of memory", "SIG", "terminate called"} {
		if strings.HasPrefix(line, p) {
			return true
		}
	}
	return false
}

// reason returns the line that says why the process died, empty where there is none.
func (l *lines) reason() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mu.fatal
}

func newLines(log *slog.Logger, now func() time.Time) *lines {
	l := &lines{log: log, now: now}
	l.mu.tokens, l.mu.last = lineBurst, now()
	return l
}

// Write implements io.Writer. It never fails.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(b)
	for len(b) > 0 {
		line, rest, ended := bytes.Cut(b, []byte("\n"))
		room := lineBytes - len(l.mu.part)
		l.mu.long = l.mu.long || len(line) > room
		l.mu.part = append(l.mu.part, line[:min(len(line), room)]...)
		if ended {
			l.end()
		}
		b = rest
	}
	return n, nil
}

// flush logs an unfinished last line and how many were left out.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
	if l.mu.dropped > 0 {
		l.log.Warn("lines of the detector's process were left out", "lines", l.mu.dropped)
		l.mu.dropped = 0
	}
}

// end logs the line in part; the lock is held.
func (l *lines) end() {
	line, long := bytes.TrimRight(l.mu.part, "\r "), l.mu.long
	l.mu.part, l.mu.long = l.mu.part[:0], false
	if len(line) == 0 {
		return
	}
	if l.mu.fatal == "" && dying(string(line)) {
		l.mu.fatal = string(line[:min(len(line), fatalBytes)])
	}
	now := l.now()
	if more := int(now.Sub(l.mu.last) / linePause); more > 0 {
		l.mu.tokens = min(l.mu.tokens+more, lineBurst)
		l.mu.last = now
	}
	if l.mu.tokens == 0 {
		l.mu.dropped++
		return
	}
	l.mu.tokens--
	if l.mu.dropped > 0 {
		l.log.Warn("lines of the detector's process were left out", "lines", l.mu.dropped)
		l.mu.dropped = 0
	}
	text := string(line)
	if long {
		text += " …"
	} else if l.record(line) {
		return
	}
	l.log.Warn("the detector's process says", "line", text)
}

// record logs a line that the child's own logger wrote and reports whether it is one.
func (l *lines) record(line []byte) bool {
	if line[0] != '{' {
		return false
	}
	var r map[string]any
	if json.Unmarshal(line, &r) != nil {
		return false
	}
	msg, ok := r[slog.MessageKey].(string)
	name, isText := r[slog.LevelKey].(string)
	var level slog.Level
	if !ok || !isText || level.UnmarshalText([]byte(name)) != nil {
		return false
	}
	delete(r, slog.MessageKey)
	delete(r, slog.LevelKey)
	delete(r, slog.TimeKey)
	args := make([]any, 0, len(r))
	for _, k := range sortedKeys(r) {
		args = append(args, slog.Any(k, r[k]))
	}
	switch { // a level between two is the lower one
	case level >= slog.LevelError:
		l.log.Error(msg, args...)
	case level >= slog.LevelWarn:
		l.log.Warn(msg, args...)
	case level >= slog.LevelInfo:
		l.log.Info(msg, args...)
	default:
		l.log.Debug(msg, args...)
	}
	return true
}
