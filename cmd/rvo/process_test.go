package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/reload"
)

const (
	// patience is more than a loaded machine needs for a reload.
	patience = time.Minute
	token    = "0123456789abcdef0123456789abcdef"
)

// process is a rvo run of its own.
type process struct {
	t    *testing.T
	dir  string // that it runs in
	file string // of the pipeline
	base string // of its server
	cmd  *exec.Cmd
	out  lines
	said chan struct{} // closed when its log has ended
}

// lines is what a process says.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(s + "\n")
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// launch runs rvo run on a pipeline of this text, until the test ends.
func launch(t *testing.T, text string, args ...string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), said: make(chan struct{})}
	p.file = filepath.Join(p.dir, "gate.cue")
	p.put("token", token)
	p.put("gate.cue", text)
	p.start(append(args, "gate.cue")...)
	return p
}

func (p *process) start(args ...string) {
	p.t.Helper()
	p.cmd = p.rvo(append([]string{"run", "--http", "127.0.0.1:0", "--http-token-file", "token", "--state-dir", filepath.Join(p.dir, "..", "state"), "--log-format", "text"}, args...)...)
	errs, err := p.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	serves := make(chan string, 8)
	go func() {
		defer close(p.said)
		for s := bufio.NewScanner(errs); s.Scan(); {
			p.out.add(s.Text())
			if _, rest, ok := strings.Cut(s.Text(), "http://"); ok && len(serves) < cap(serves) {
				serves <- "http://" + strings.Fields(rest)[0]
			}
		}
	}()
	p.t.Cleanup(p.end)
	select {
	case p.base = <-serves:
	case <-p.said:
		p.t.Fatalf("it ended before it served:\n%s", &p.out)
	case <-time.After(patience):
		p.t.Fatalf("it does not serve:\n%s", &p.out)
	}
}

// rvo is the command of this build.
func (p *process) rvo(args ...string) *exec.Cmd {
	p.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Args[0] = "rvo" // by that name the test binary is the command
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "HOME="+p.dir, "RVO_CONFIG=")
	return cmd
}

// end asks it to stop and waits for it, once.
func (p *process) end() {
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(os.Interrupt)
	<-p.said
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("rvo run: %v\n%s", err, &p.out)
	}
}

func (p *process) put(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// ask calls the server, with the token for what is not GET, and returns the status code.
func (p *process) ask(method, path, body string, into any) int {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if method != http.MethodGet {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatalf("%v\n%s", err, &p.out)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		p.t.Fatalf("%s %s: %d %v: %s", method, path, resp.StatusCode, err, text)
	}
	return resp.StatusCode
}

// reloads asks what was reloaded.
func (p *process) reloads() reload.Reloads {
	p.t.Helper()
	var r reload.Reloads
	if code := p.ask(http.MethodGet, "/api/v1/reloads", "", &r); code != http.StatusOK {
		p.t.Fatal(code)
	}
	return r
}

// until waits until something holds of what was reloaded.
func (p *process) until(what string, ok func(reload.Reloads) bool) reload.Reloads {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		r := p.reloads()
		if ok(r) {
			return r
		}
		if time.Now().After(end) {
			p.t.Fatalf("%s: not so: %+v\n%s", what, r, &p.out)
		}
	}
}

// next waits for the next outcome after one, or after none.
func (p *process) next(after *reload.Outcome) *reload.Outcome {
	p.t.Helper()
	r := p.until("another outcome", func(r reload.Reloads) bool {
		return len(r.Reloads) > 0 && (after == nil || r.Reloads[0].At.After(after.At))
	})
	return &r.Reloads[0]
}

// frames is how many pictures the camera gave.
func (p *process) frames() uint64 {
	p.t.Helper()
	var ready struct {
		Cameras []struct{ Frames uint64 }
	}
	p.ask(http.MethodGet, "/ready", "", &ready)
	if len(ready.Cameras) == 0 {
		return 0
	}
	return ready.Cameras[0].Frames
}

// plan is what rvo plan --live says of a pipeline of this text, called as the one that runs: its changes, without places.
func (p *process) plan(text string) string {
	p.t.Helper()
	other := filepath.Join(p.t.TempDir(), "gate.cue")
	if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	cmd := p.rvo("plan", "--live="+p.base, "--format", "json", other)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("rvo plan --live: %v\n%s", err, &errs)
	}
	var plan struct{ Changes []map[string]any }
	if err := json.Unmarshal(out.Bytes(), &plan); err != nil {
		p.t.Fatal(err)
	}
	return changes(p.t, plan.Changes)
}

// changes writes changes in one form, without places.
func changes(t *testing.T, of any) string {
	t.Helper()
	text, err := json.Marshal(of)
	if err != nil {
		t.Fatal(err)
	}
	var cs []map[string]any
	if err := json.Unmarshal(text, &cs); err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		delete(c, "place")
	}
	if text, err = json.MarshalIndent(cs, "", " "); err != nil {
		t.Fatal(err)
	}
	return string(text)
}
