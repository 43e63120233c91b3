package web

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"rvo.dev/engine"
	"rvo.dev/engine/redact"
)

// index lists the paths, for the person who opened the address to see what is there. waiting says why there are no more yet; nil:
// there are.
func index(rs []Route, waiting func() string) http.HandlerFunc {
	var b strings.Builder
	for _, r := range rs {
		if r.Doc != "" {
			fmt.Fprintf(&b, "%-6s %-44s %s\n", r.Method, r.Path, r.Doc)
		}
	}
	text := b.String()
	return func(w http.ResponseWriter, _ *http.Request) {
		if waiting == nil {
			writeText(w, http.StatusOK, "rvo\n\n"+text)
			return
		}
		writeText(w, http.StatusServiceUnavailable, "rvo: nothing runs yet: "+waiting()+"\n\n"+text)
	}
}

// health says that the process lives. Whether the pipeline works is asked at /ready: restarting the process because a
// camera is unplugged would only lose the other cameras' history.
func health(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") }

// ready answers 200 when the pipeline is ready and 503 with the reasons otherwise; in JSON, or in text for who asks for
// it.
func ready(status func() engine.Status) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s := status()
		hide(&s)
		code := http.StatusOK
		if !s.Ready() {
			code = http.StatusServiceUnavailable
		}
		if wantsText(r.Header.Values("Accept")) {
			writeText(w, code, statusText(&s))
			return
		}
		body, err := json.MarshalIndent(struct {
			Ready bool `json:"ready"`
			engine.Status
		}{s.Ready(), s}, "", "  ")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write(append(body, '\n'))
	}
}

// hide hides credentials in what libraries said. The engine does the same where it can; this is the last door.
func hide(s *engine.Status) {
	s.Reasons = slices.Clone(s.Reasons)
	for i := range s.Reasons {
		s.Reasons[i].Why = redact.Text(s.Reasons[i].Why)
	}
	s.Cameras = slices.Clone(s.Cameras)
	for i := range s.Cameras {
		s.Cameras[i].Error = redact.Text(s.Cameras[i].Error)
	}
	s.Detectors = slices.Clone(s.Detectors)
	for i := range s.Detectors {
		s.Detectors[i].Error = redact.Text(s.Detectors[i].Error)
	}
	s.Sinks = slices.Clone(s.Sinks)
	for i := range s.Sinks {
		s.Sinks[i].Error = redact.Text(s.Sinks[i].Error)
	}
	s.Evidence = slices.Clone(s.Evidence)
	for i := range s.Evidence {
		s.Evidence[i].Error = redact.Text(s.Evidence[i].Error)
	}
}

// wantsText reports whether text is named in Accept before JSON.
func wantsText(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, _, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		switch kind {
		case "text/plain", "text/html", "text/*":
			return true
		case "application/json":
			return false
		}
	}
	return false
}

func statusText(s *engine.Status) string {
	var b strings.Builder
	word := "ready"
	switch {
	case s.Stopping:
		word = "stopping"
	case !s.Started:
		word = "starting"
	case len(s.Reasons) > 0:
		word = "not ready"
	}
	fmt.Fprintf(&b, "%s: pipeline %s, up %s\n", word, s.Pipeline, s.Uptime.Round(1e9))
	for _, r := range s.Reasons {
		fmt.Fprintf(&b, "  %s: %s\n", r.Node, r.Why)
	}
	for _, c := range s.Cameras {
		fmt.Fprintf(&b, "camera %s: %s, %dx%d, %.1f frames/s, %d frames, %d dropped\n", c.ID, c.State, c.Width, c.Height, c.FPS, c.Frames, c.Dropped)
	}
	for _, d := range s.Detectors {
		fmt.Fprintf(&b, "detector %s@%s: %s, %d runs, %d failed, mean %s\n", d.ID, d.Camera, d.Health, d.Runs, d.Failed, d.Mean.Round(1e4))
	}
	for _, k := range s.Sinks {
		fmt.Fprintf(&b, "sink %s: %d written, %d waiting, %d dropped\n", k.ID, k.Written, k.Waiting, k.Dropped)
	}
	for _, e := range s.Evidence {
		fmt.Fprintf(&b, "evidence %s: %d clips, %d dropped, in %s\n", e.ID, e.Clips, e.Dropped, e.Dir)
	}
	fmt.Fprintf(&b, "events: %d confirmed, %d ended\n", s.Events.Confirmed, s.Events.Ended)
	return b.String()
}

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text)
}
