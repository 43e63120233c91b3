package tui

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	// TokenVariable is the variable of its environment in which a started rvo finds its token.
	TokenVariable = "RVO_TUI_TOKEN"
	// maxLine bounds a line of a started rvo's log in bytes; what is longer is cut.
	maxLine = 64 << 10
	// drainFor is how long its last lines are read where nobody sees them any more: longer than it may take to stop.
	drainFor = 30 * time.Second
)

// process is an rvo that was started to be looked at.
type process struct {
	cmd   *exec.Cmd
	out   *os.File
	lines *bufio.Reader
	token string
	wait  func() error // until it has ended; the pipe may still hold its last lines
}

// start runs a program with arguments, the first of which is the name it is called by. What it writes, records and errors alike, comes out of one pipe. It gets a token of its own,
// so that what is muted here can be, and is in no group with the terminal: only this process tells it to stop.
func start(program string, args, env []string) (*process, error) {
	p := &process{token: rand.Text()}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(program)
	p.cmd.Args = args
	p.cmd.Env = append(append([]string(nil), env...), TokenVariable+"="+p.token)
	p.cmd.Stdout, p.cmd.Stderr = w, w
	p.cmd.SysProcAttr = apart()
	err = p.cmd.Start()
	_ = w.Close()
	if err != nil {
		_ = r.Close()
		return nil, fmt.Errorf("start rvo run: %w", err)
	}
	p.wait = sync.OnceValue(p.cmd.Wait)
	p.out, p.lines = r, bufio.NewReaderSize(r, maxLine)
	return p, nil
}

// line returns the next line that it wrote, without its end.
func (p *process) line() (string, error) {
	b, err := p.lines.ReadSlice('\n')
	text := string(bytes.TrimRight(b, "\r\n"))
	for errors.Is(err, bufio.ErrBufferFull) { // the rest of a line that is too long
		_, err = p.lines.ReadSlice('\n')
	}
	if text != "" {
		return text, nil
	}
	return "", err
}

// stop asks it to end as a person would at its own terminal.
func (p *process) stop() error { return p.cmd.Process.Signal(os.Interrupt) }

// end stops it and waits. What it writes meanwhile is read, for a full pipe would keep it from ending.
func (p *process) end() {
	_ = p.stop()
	_ = p.out.SetReadDeadline(time.Now().Add(drainFor)) // a process of its own may hold the pipe
	_, _ = io.Copy(io.Discard, p.out)
	_ = p.wait()
}

// logLine is a line of a log.
type logLine struct {
	at    time.Time // zero: not told
	level string    // DEBUG, INFO, WARN, ERROR; empty: not a record
	text  string    // cleaned
}

// record is a line as rvo writes it with --log-format json.
type record struct {
	Time  time.Time `json:"time"`
	Level string    `json:"level"`
	Msg   string    `json:"msg"`
}

// parseLine reads a line of a started rvo. address is where it serves, if this is the line that says so.
func parseLine(text string) (l logLine, address string) {
	var r record
	var rest map[string]any
	if !strings.HasPrefix(text, "{") || json.Unmarshal([]byte(text), &r) != nil || r.Level == "" || json.Unmarshal([]byte(text), &rest) != nil {
		return logLine{text: clean(text)}, ""
	}
	if s, ok := rest["http"].(string); ok && r.Msg == "running" {
		address = s
	}
	return logLine{at: r.Time, level: r.Level, text: clean(r.Msg + attributes(rest))}, address
}

// attributes writes what a record holds beside time, level and message, in the order of the names.
func attributes(m map[string]any) string {
	var b strings.Builder
	for _, k := range sortedKeys(m) {
		switch k {
		case "time", "level", "msg":
			continue
		}
		v, ok := m[k].(string)
		if !ok {
			raw, err := json.Marshal(m[k])
			if err != nil {
				continue
			}
			v = string(raw)
		}
		fmt.Fprintf(&b, "  %s=%s", k, v)
	}
	return b.String()
}
