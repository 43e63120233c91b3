package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// freeAddr returns an address that nobody listens at.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// start runs a program until the test ends; what it says is shown when the test fails.
func start(t *testing.T, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(name), out.String())
		}
	})
}

// TestEveryQueryHasData: a real Prometheus scrapes a real run, and each query of the dashboard and each rule is answered; no rule
// but those about what the run lacks warns.
func TestEveryQueryHasData(t *testing.T) {
	prometheus, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("prometheus is not installed (Debian: prometheus)")
	}
	if testing.Short() {
		t.Skip("a real run of half a minute")
	}
	dir := t.TempDir()
	rvo := filepath.Join(dir, "rvo")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", rvo, "./cmd/rvo")
	build.Dir, build.Env = filepath.Join("..", ".."), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	scraped, asked := freeAddr(t), freeAddr(t)
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs: [{job_name: rvo, static_configs: [{targets: [%q]}]}]\n", scraped)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, rvo, "run", "--http", scraped, "--state-dir", filepath.Join(dir, "state"), filepath.Join("..", "..", "pipelines", "quickstart"))
	start(t, prometheus, "--config.file="+config, "--web.listen-address="+asked, "--storage.tsdb.path="+filepath.Join(dir, "tsdb"))

	missing := queries(t)
	for title := range missing {
		if strings.HasPrefix(title, "annotation ") { // there is one only after an edit
			delete(missing, title)
		}
	}
	limit := time.Now().Add(90 * time.Second)
	for len(missing) > 0 && time.Now().Before(limit) {
		for title, list := range missing {
			ok := true
			for _, expr := range list {
				ok = ok && answered(t, asked, strings.NewReplacer("$__rate_interval", "10s", "$instance", ".*", "$camera", ".*", "$detector", ".*").Replace(expr))
			}
			if ok {
				delete(missing, title)
			}
		}
		time.Sleep(500 * time.Millisecond) // between two looks at real programs
	}
	for title, list := range missing {
		t.Errorf("%s: no data for one of %q", title, list)
	}
}

// answered reports whether Prometheus has data for a query.
func answered(t *testing.T, addr, expr string) bool {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(expr)) //nolint:noctx // a test's own server
	if err != nil {
		return false // it is starting
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		return false
	}
	if got.Status == "error" {
		t.Fatalf("%s: %s", expr, got.Error)
	}
	return len(got.Data.Result) > 0
}
