package console_test

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rvo.dev/cmd/rvo/internal/web/console"
)

func ask(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestPage follows what the page refers to: all of it is served, by this program alone, and runs under the policy.
func TestPage(t *testing.T) {
	h := console.Handler(nil)
	r := ask(t, h, "/")
	page := r.Body.String()
	if r.Code != http.StatusOK || !strings.HasPrefix(r.Header().Get("Content-Type"), "text/html") {
		t.Fatalf("GET /: %d, %s", r.Code, r.Header().Get("Content-Type"))
	}
	for part := range strings.SplitSeq(r.Header().Get("Content-Security-Policy"), ";") {
		if strings.Contains(part, "unsafe") || strings.Contains(part, "*") || strings.Contains(part, "http") {
			t.Errorf("the policy lets pass: %s", part)
		}
	}
	refs := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(refs) < 3 {
		t.Fatalf("the page refers to %d things: %s", len(refs), page)
	}
	for _, m := range refs {
		if strings.HasPrefix(m[1], "api/") {
			continue
		}
		if got := ask(t, h, "/"+m[1]); got.Code != http.StatusOK || got.Header().Get("Content-Type") == "" {
			t.Errorf("%s: %d", m[1], got.Code)
		}
	}
	if strings.Contains(page, "<style") || regexp.MustCompile(`<script[^>]*>[^<]`).MatchString(page) || strings.Contains(page, " on") && regexp.MustCompile(` on\w+=`).MatchString(page) {
		t.Error("the page has inline script or style, which the policy refuses")
	}
}

func TestFiles(t *testing.T) {
	h := console.Handler(func() ([]byte, error) { return []byte(`{"title": "language"}`), nil })
	plain := ask(t, h, "/console/app.js")
	text := plain.Body.String()
	etag := plain.Header().Get("ETag")
	packed := ask(t, h, "/console/app.js", "Accept-Encoding", "gzip, br")
	z, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != text {
		t.Errorf("packed and plain differ (%v)", err)
	}
	if again := ask(t, h, "/console/app.js", "If-None-Match", etag); again.Code != http.StatusNotModified || again.Body.String() != "" {
		t.Errorf("with its ETag: %d", again.Code)
	}
	if got := ask(t, h, "/console/schema.json").Body.String(); got != `{"title": "language"}` {
		t.Errorf("the language: %s", got)
	}
	for _, path := range []string{"/console/", "/console/../console.go", "/console/sources/../../x", "/console/app.css/", "/other"} {
		if got := ask(t, h, path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, got.Code)
		}
	}
	broken := console.Handler(func() ([]byte, error) { return nil, errors.New("no language") })
	if got := ask(t, broken, "/console/schema.json"); got.Code != http.StatusNotFound {
		t.Errorf("a language that cannot be told: %d, want 404", got.Code)
	}
}

// TestSources holds what is committed as built against the sources: it was built from exactly these.
func TestSources(t *testing.T) {
	var names []string
	err := filepath.WalkDir("ui/src", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.ToSlash(strings.TrimPrefix(path, "ui"+string(filepath.Separator))))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, "build.mjs", "package.json", "package-lock.json", "tsconfig.json")
	slices.Sort(names)
	sum := sha256.New()
	for _, n := range names {
		b, err := os.ReadFile(filepath.Join("ui", n))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(sum, "%s\n%d\n", n, len(b))
		_, _ = sum.Write(b)
	}
	got, err := os.ReadFile("assets/sources.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if want := hex.EncodeToString(sum.Sum(nil)); strings.TrimSpace(string(got)) != want {
		t.Errorf("assets were built from other sources (%s) than there are (%s): run npm ci && npm run build in ui", strings.TrimSpace(string(got)), want)
	}
}

// TestRebuild builds again and compares every byte, where what is needed for it is installed.
func TestRebuild(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node here: TestSources has held the hash of the sources against what was built")
	}
	if _, err := os.Stat("ui/node_modules/esbuild"); err != nil {
		t.Skip("ui/node_modules is not installed (npm ci): TestSources has held the hash of the sources against what was built")
	}
	cmd := exec.CommandContext(t.Context(), node, "build.mjs", "--check")
	cmd.Dir = "ui"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
