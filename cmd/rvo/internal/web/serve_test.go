package web

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// TestStreamsOutliveTimeouts: the bounds of a request are not those of a stream, and a server that stops ends its streams at once.
func TestStreamsOutliveTimeouts(t *testing.T) {
	c, _ := config(t)
	c.Log, c.Engine = slog.New(slog.DiscardHandler), newStill(t)
	c.Timeouts = Timeouts{Header: 100 * time.Millisecond, Read: 100 * time.Millisecond, Write: 100 * time.Millisecond, Idle: 100 * time.Millisecond, Stop: 10 * time.Second}
	s, err := Listen(*c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	url := "http://" + s.Addr().String()
	events := subscribe(t.Context(), t, url+"/api/v1/stream?topics=state")
	var state api.State
	for range 2 { // at once, and with the hub's next round
		take(t, events, "state", &state)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/cameras/gate/stream.mjpg?fps=15&width=64", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	pictures := parts(t, resp)
	for range 8 { // half a second of them
		if _, err := pictures.NextPart(); err != nil {
			t.Fatal(err)
		}
	}
	// What waits is read after the end too; then the stream is over, long before the stop's bound.
	begin := time.Now()
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	for range events {
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the streams ended after %v", took)
	}
}
