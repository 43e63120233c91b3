package console_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser opens a page in Debian's Chromium, which the tests of the page itself need; without one they are skipped. What the page
// complains of on its console fails the test, unless it is among what is expected.
func browser(t *testing.T, width, height int64, expected ...string) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is started, which takes seconds: not with -short")
	}
	if again {
		t.Skip("the page does not depend on the build: the one without OpenCV tests it")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium here: install Debian's package chromium to test the page in a browser")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(int(width), int(height)), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("force-color-profile", "srgb"), chromedp.Flag("hide-scrollbars", false),
	)
	alloc, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(log.New(testLog{t}, "", 0).Printf))
	t.Cleanup(cancel)
	ctx, timeout := context.WithTimeout(ctx, 6*time.Minute)
	t.Cleanup(timeout)

	var mu sync.Mutex
	var said []string
	complain := func(text string) {
		for _, e := range expected {
			if strings.Contains(text, e) {
				return
			}
		}
		mu.Lock()
		defer mu.Unlock()
		said = append(said, text)
	}
	if err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *runtime.EventExceptionThrown:
			complain(exceptionText(ev.ExceptionDetails))
		case *cdplog.EventEntryAdded: // what the policy refused, and requests that failed, are told here
			if ev.Entry.Level == cdplog.EntryLevelError {
				complain(ev.Entry.Text + " " + ev.Entry.URL)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range said {
			t.Errorf("the page complains: %s", s)
		}
	})
	do(ctx, t, chromedp.EmulateViewport(width, height))
	return ctx
}

func exceptionText(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

// testLog writes what chromedp itself cannot make sense of.
type testLog struct{ t *testing.T }

// Write implements io.Writer.
func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("chromedp: %s", b)
	return len(b), nil
}

func do(ctx context.Context, t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval returns what an expression in the page is.
func eval[T any](ctx context.Context, t *testing.T, js string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return v
}

// until waits for an expression in the page to be true.
func until(ctx context.Context, t *testing.T, what, js string, limit time.Duration) {
	t.Helper()
	begin := time.Now()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+js+")"))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if ok {
			return
		}
		if time.Since(begin) > limit {
			t.Fatalf("%s: not within %s; the page says: %s", what, limit, eval[string](ctx, t, "document.body.innerText.slice(0, 1500)"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// open goes to a view of a server.
func open(ctx context.Context, t *testing.T, base, view string) {
	t.Helper()
	do(ctx, t, chromedp.Navigate("about:blank"), chromedp.Navigate(base+"/#/"+view))
	until(ctx, t, view, "document.querySelector('.shell')", 30*time.Second)
}

func start(t *testing.T, s *site) string {
	t.Helper()
	server := httptest.NewServer(s.handler(t))
	t.Cleanup(func() {
		server.CloseClientConnections() // streams do not end by themselves
		server.Close()
	})
	return server.URL
}

// retype replaces what is written in a field, as somebody does who selects it all and types.
func retype(selector, text string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(
		chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).focus(); document.querySelector(%q).select()", selector, selector)),
		chromedp.KeyEvent(text),
	)
}

func theme(dark bool) chromedp.Action[chromedp.Void] {
	name := "light"
	if dark {
		name = "dark"
	}
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf("localStorage.setItem('rvo.theme', %q)", name))
}

// TestShots takes pictures of every view at the sizes of a phone, a laptop and a wall, dark and light, into the folder RVO_SHOTS:
// for people to look at.
func TestShots(t *testing.T) {
	dir := os.Getenv("RVO_SHOTS")
	if dir == "" {
		t.Skip("RVO_SHOTS is not set: it is the folder to put pictures of the views into")
	}
	views := map[string]string{
		"cameras": "cameras", "stage": "cameras?sel=cam-001", "yard": "cameras?sel=yard", "calm": "events?show=why&sel=calm%40yard", "new": "pipeline?sel=new", "events": "events?span=1h", "event": "events?span=1h&sel=0000000000000004", "machines": "events?show=why",
		"why": "events?show=why&sel=intrusion%40cam-001", "signals": "signals", "signal": "signals?sel=person.count%40cam-001", "detectors": "detectors",
		"detector": "detectors?sel=person%40cam-007", "load": "load", "graph": "graph", "node": "graph?sel=detector%2Fperson", "evidence": "evidence",
		"clip": "evidence?sel=intrusion_0000", "pipeline": "pipeline", "edit": "pipeline?sel=detector%2Fperson", "text": "pipeline?show=text", "edits": "pipeline?show=edits", "log": "log",
	}
	only := os.Getenv("RVO_SHOTS_ONLY")
	base := os.Getenv("RVO_SHOTS_URL") // of a run, instead of an invented site
	if base == "" {
		base = start(t, newSite(24, 400))
	}
	for _, size := range [][2]int64{{360, 740}, {1280, 800}, {3840, 2160}} {
		for _, dark := range []bool{true, false} {
			mode := map[bool]string{true: "dark", false: "light"}[dark]
			if only != "" && !strings.Contains(only, fmt.Sprintf("%d-%s", size[0], mode)) {
				continue
			}
			ctx := browser(t, size[0], size[1])
			open(ctx, t, base, "cameras")
			do(ctx, t, theme(dark))
			for name, view := range views {
				if one := os.Getenv("RVO_SHOTS_VIEW"); one != "" && one != name {
					continue
				}
				open(ctx, t, base, view)
				time.Sleep(1800 * time.Millisecond)
				png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(fmt.Sprintf("%s/%s-%d-%s.png", dir, name, size[0], mode), png, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
