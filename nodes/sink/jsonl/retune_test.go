package jsonl

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/node/nodetest"
)

// A look writes four records and says which files there are and what a power cut could take: nothing, what a timer is still to
// force, or all.
func TestRetune(t *testing.T) {
	open := func(t *testing.T, options string) nodetest.Life {
		env := nodetest.Env(t)
		k := Kind()
		s, ok := nodetest.OpenSink(t, k, options, env).(*sink)
		if !ok {
			t.Fatal("the sink is of another type")
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return nodetest.Life{Node: s, Look: func() string {
			for range 4 {
				put(t, s, "12345678")
			}
			files, err := filepath.Glob(filepath.Join(env.StateDir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, f := range files {
				fmt.Fprintf(&b, "%s %d\n", filepath.Base(f), len(read(t, f)))
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.mu.dirty {
				fmt.Fprintf(&b, "to be forced within %s\n", s.mu.due)
			}
			s.mu.dirty = false // as if it had been
			return b.String()
		}}
	}
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "fsync", From: `{"interval": "1h"}`, To: `{"interval": "1h", "fsync": "never"}`},
		nodetest.Edit{Option: "interval", From: `{"interval": "2h"}`, To: `{"interval": "1h"}`},
		nodetest.Edit{Option: "maxBytes", From: `{"fsync": "never"}`, To: `{"fsync": "never", "maxBytes": "20B"}`},
		nodetest.Edit{Option: "files", From: `{"fsync": "never", "maxBytes": "10B"}`, To: `{"fsync": "never", "maxBytes": "10B", "files": 1}`},
	)
}

// What is written and not forced is forced within the new interval as soon as something is written.
func TestShorterInterval(t *testing.T) {
	s, _ := start(t, `{"interval": "2h"}`)
	put(t, s, "1")
	apply, err := s.Retune([]byte(`{"interval": "1h"}`))
	if err != nil {
		t.Fatal(err)
	}
	apply()
	put(t, s, "2")
	s.mu.Lock()
	if !s.mu.dirty || s.mu.due != time.Hour {
		t.Errorf("to be forced: %v, within %s", s.mu.dirty, s.mu.due)
	}
	s.mu.Unlock()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
