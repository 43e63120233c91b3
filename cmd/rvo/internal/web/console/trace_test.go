package console_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// task is one turn of the page's thread, in which it answers nobody.
type task struct{ cpu, wall time.Duration }

// traced is what is read of an event in Chromium's trace. Times are microseconds.
type traced struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	TID  int    `json:"tid"`
	Dur  int64  `json:"dur"`
	TDur int64  `json:"tdur"` // of it on a processor
	Args struct {
		Name string `json:"name"`
	} `json:"args"`
}

// trace begins to watch the tasks of the page; what it returns ends that and tells them.
func trace(ctx context.Context, t *testing.T) func() []task {
	t.Helper()
	var mu sync.Mutex
	var events []traced
	done := make(chan struct{})
	if err := chromedp.Listen(ctx, func(ev any) {
		switch ev := ev.(type) {
		case *tracing.EventDataCollected:
			mu.Lock()
			defer mu.Unlock()
			for _, raw := range ev.Value {
				var one traced
				if json.Unmarshal(raw, &one) == nil {
					events = append(events, one)
				}
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, tracing.Start, tracing.StartParams{TraceConfig: &tracing.TraceConfig{IncludedCategories: []string{"toplevel", "__metadata"}}}); err != nil {
		t.Fatal(err)
	}
	return func() []task {
		if _, err := chromedp.Call(ctx, tracing.End, cdp.Empty{}); err != nil {
			t.Fatal(err)
		}
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Fatal("the trace did not end")
		}
		mu.Lock()
		defer mu.Unlock()
		type thread struct{ pid, tid int }
		pages := map[thread]bool{}
		for _, e := range events {
			if e.Name == "thread_name" && e.Args.Name == "CrRendererMain" {
				pages[thread{e.PID, e.TID}] = true
			}
		}
		var out []task
		for _, e := range events {
			if pages[thread{e.PID, e.TID}] && e.TDur > 0 {
				out = append(out, task{time.Duration(e.TDur) * time.Microsecond, time.Duration(e.Dur) * time.Microsecond})
			}
		}
		return out
	}
}
