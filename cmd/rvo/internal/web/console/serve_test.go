package console_test

import (
	"net/http"
	"os"
	"testing"
	"time"
)

// TestServe serves the page with an invented site of 24 cameras, for whoever works on it: RVO_CONSOLE=127.0.0.1:9191 go test
// -run TestServe -timeout 0 . in this folder, until it is interrupted.
func TestServe(t *testing.T) {
	addr := os.Getenv("RVO_CONSOLE")
	if addr == "" {
		t.Skip("RVO_CONSOLE is not set: it is the address to serve an invented site at")
	}
	s := newSite(24, 400)
	go func() {
		for i := 0; ; i++ {
			time.Sleep(20 * time.Second)
			s.tell(s.record("live", 100_000+i, time.Now(), "confirmed"))
		}
	}()
	server := &http.Server{Addr: addr, Handler: s.handler(t), ReadHeaderTimeout: time.Second}
	t.Log(server.ListenAndServe())
}
