package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// patience bounds the wait for one edit.
	patience = time.Minute
	// look is how often is asked whether an edit is through: what is measured is the process's own, and asking takes some of it.
	look = 20 * time.Millisecond
)

// process is a rvo run that is edited.
type process struct {
	cmd  *exec.Cmd
	base string
}

// start runs a pipeline and waits until it serves.
func start(ctx context.Context, program, dir, file string) (*process, error) {
	p := &process{cmd: exec.CommandContext(ctx, program, "run", "--http", "127.0.0.1:0", "--state-dir", dir+".state", "--log-format", "text", file)}
	p.cmd.Dir = dir
	errs, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	var said strings.Builder
	lines := bufio.NewScanner(errs)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "http://"); ok {
			p.base = "http://" + strings.Fields(rest)[0]
			return p, nil
		}
		said.WriteString(lines.Text() + "\n")
	}
	return nil, errors.Join(fmt.Errorf("it ended before it served:\n%s", &said), p.cmd.Wait())
}

// stop ends it.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(os.Interrupt)
	_ = p.cmd.Wait() // that it was interrupted
}

// outcome is what rvo tells of a reload.
type outcome struct {
	Result     string             `json:"result"`
	Generation uint64             `json:"generation"`
	Seconds    map[string]float64 `json:"seconds"`
}

// applied waits until this generation runs and returns how it came to.
func (p *process) applied(ctx context.Context, generation uint64) (outcome, error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(look) {
		var told struct{ Reloads []outcome }
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/api/v1/reloads", nil)
		if err != nil {
			return outcome{}, err
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return outcome{}, err
		}
		err = errors.Join(json.NewDecoder(resp.Body).Decode(&told), resp.Body.Close())
		if err != nil {
			return outcome{}, err
		}
		for _, o := range told.Reloads {
			if o.Generation == generation && o.Result == "applied" {
				return o, nil
			}
		}
		if len(told.Reloads) > 0 && told.Reloads[0].Result == "rejected" {
			return outcome{}, fmt.Errorf("the edit was rejected: %+v", told.Reloads[0])
		}
	}
	return outcome{}, fmt.Errorf("generation %d does not run after %s", generation, patience)
}
