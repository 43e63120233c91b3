package nodetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"rvo.dev/engine/node"
)

// Record returns the n-th record of a plausible life: confirmed, updated, ended, over and over, a second apart. It is
// valid by schema/event.schema.json.
func Record(n int) *node.Record {
	at := time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC).Add(time.Duration(n) * time.Second)
	text := func(d time.Duration) string { return at.Add(d).Format("2006-01-02T15:04:05.000000000Z07:00") }
	occurrence := n/3 + 1
	r := &node.Record{
		Schema:     "rvo.event/v1",
		ID:         fmt.Sprintf("%024x", occurrence),
		Event:      "person",
		Camera:     "front",
		State:      []string{"confirmed", "updated", "ended"}[n%3],
		Severity:   "warning",
		Time:       text(0),
		Since:      text(-time.Duration(n%3)*time.Second - 2*time.Second),
		Confirmed:  text(-time.Duration(n%3) * time.Second),
		Capture:    text(-40 * time.Millisecond),
		Seq:        uint64(occurrence),
		Labels:     map[string]string{"site": "north"},
		Evidence:   fmt.Sprintf("person_front_20260301T120000.250Z_%012x", occurrence),
		Run:        "5f0c9a1e2b3d4c5f",
		Pipeline:   "demo",
		Revision:   "3f1d0c5a9b7e3f1d0c5a9b7e3f1d0c5a9b7e3f1d0c5a9b7e3f1d0c5a9b7e3f1d",
		Generation: 1,
		Models:     map[string]node.Identity{"hog": {Name: "people.onnx", SHA256: "4bf5f704cd3bd900645a4303e0934ede13d9fb2135058b38005f4c2886c68576"}},
		Leaves: []node.RecordLeaf{{
			Path: "when", Signal: "hog.count", Test: "gte 1", Answer: "yes", Value: 3, Age: "40ms", Frame: uint64(n) + 10,
		}},
	}
	if r.State == "ended" {
		r.Reason, r.Duration = "no", "2s"
		r.Leaves[0].Answer, r.Leaves[0].Value = "no", 0
	}
	return r
}

// Line returns the record as the line it is published as, without line end.
func Line(t testing.TB, r *node.Record) []byte {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// OpenSink opens a sink and fails the test when that does not work. The caller closes it.
func OpenSink(t testing.TB, k node.Kind, options string, env node.Env) node.Sink {
	t.Helper()
	s, err := k.OpenSink(t.Context(), env, []byte(options))
	if err != nil {
		t.Fatalf("sink %s with %s: %v", k.Contract.Name, options, err)
	}
	return s
}

func runSink(t *testing.T, k node.Kind, c Case) {
	env := Env(t)
	if c.Env != nil {
		c.Env(t, &env)
	}
	s, err := k.OpenSink(t.Context(), env, []byte(c.options()))
	if err == nil && c.Refused != "" {
		_ = s.Close()
	}
	if refused(t, c, err) {
		return
	}
	for n := range 7 {
		r := Record(n)
		if err := s.Write(t.Context(), r, Line(t, r)); err != nil {
			t.Fatalf("record %d: %v", n, err)
		}
		if re, ok := s.(node.Reopener); ok && n%3 == 1 {
			if err := re.Reopen(); err != nil {
				t.Fatalf("reopen after record %d: %v", n, err)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	within(t, "Write", func() { _ = s.Write(ctx, Record(7), Line(t, Record(7))) })
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}
