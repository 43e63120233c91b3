package node_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
)

// eventSchema compiles the published schema, with its formats checked.
func eventSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("..", "..", "schema", "event.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, line []byte) error {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

func TestPlausibleRecordsValidate(t *testing.T) {
	s := eventSchema(t)
	for n := range 7 {
		if err := validate(s, nodetest.Line(t, nodetest.Record(n))); err != nil {
			t.Errorf("record %d: %v\n%s", n, err, nodetest.Line(t, nodetest.Record(n)))
		}
	}
}

// Whatever the engine can put into a record is valid, one line of JSON, and read back as it was.
func TestEveryRecordValidates(t *testing.T) {
	s := eventSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		r := drawRecord(t)
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(s, line); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		if bytes.ContainsAny(line, "\n\r") {
			t.Fatalf("a record is more than one line: %q", line)
		}
		var back node.Record
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&back); err != nil {
			t.Fatal(err)
		}
		if again, err := json.Marshal(&back); err != nil || !sameJSON(line, again) {
			t.Fatalf("read and written again (%v):\n%s\n%s", err, line, again)
		}
	})
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	p, err1 := json.Marshal(x)
	q, err2 := json.Marshal(y)
	return err1 == nil && err2 == nil && bytes.Equal(p, q)
}

func drawRecord(t *rapid.T) *node.Record {
	id := rapid.StringMatching(`[A-Za-z0-9][A-Za-z0-9_-]{0,20}`)
	word := rapid.StringMatching(`[a-z][a-z0-9_]{0,8}`)
	at := rapid.Custom(func(t *rapid.T) string {
		return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC().Format(time.RFC3339Nano)
	})
	span := rapid.Custom(func(t *rapid.T) string { return time.Duration(rapid.Int64Range(0, 1<<60).Draw(t, "d")).String() })
	r := &node.Record{
		Schema: "rvo.event/v1", ID: rapid.StringMatching(`[0-9a-f]{24}`).Draw(t, "id"),
		Event: id.Draw(t, "event"), Camera: rapid.OneOf(id, rapid.Just("")).Draw(t, "camera"),
		State:    rapid.SampledFrom([]string{"confirmed", "updated", "ended"}).Draw(t, "state"),
		Severity: rapid.SampledFrom([]string{"info", "warning", "critical"}).Draw(t, "severity"),
		Time:     at.Draw(t, "time"), Since: at.Draw(t, "since"), Confirmed: at.Draw(t, "confirmed"),
		Seq:    rapid.Uint64Range(1, 1<<53).Draw(t, "seq"),
		Labels: rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "labels"),
		Leaves: []node.RecordLeaf{},
		Run:    rapid.StringMatching(`[0-9a-f]{16}`).Draw(t, "run"), Pipeline: rapid.StringN(1, 20, -1).Draw(t, "pipeline"),
		Revision: rapid.StringMatching(`[0-9a-f]{64}`).Draw(t, "revision"), Generation: rapid.Uint64Range(1, 1<<53).Draw(t, "generation"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "models") {
		if r.Models == nil {
			r.Models = map[string]node.Identity{}
		}
		r.Models[id.Draw(t, "detector")] = node.Identity{
			Name: rapid.String().Draw(t, "name"), Version: rapid.String().Draw(t, "version"),
			SHA256: rapid.SampledFrom([]string{"", strings.Repeat("0f", 32)}).Draw(t, "sha256"),
		}
	}
	if rapid.Bool().Draw(t, "pictures") {
		r.Capture = at.Draw(t, "capture")
		r.Evidence = id.Draw(t, "evidence") + "/" + id.Draw(t, "clip")
	}
	switch r.State {
	case "ended":
		r.Reason = rapid.SampledFrom([]string{"no", "unknown", "max", "disabled", "removed", "shutdown"}).Draw(t, "reason")
		r.Duration = span.Draw(t, "duration")
	case "updated":
		r.Duration = span.Draw(t, "duration")
	}
	value := rapid.OneOf(
		rapid.Just(signal.Value{}),
		rapid.Map(rapid.Bool(), signal.Bool),
		rapid.Map(rapid.Int64(), signal.Int),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), signal.Float),
		rapid.Map(rapid.String(), signal.Label),
		rapid.Map(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) signal.Box {
			side := rapid.Float32Range(0, 1)
			return signal.Box{
				X: side.Draw(t, "x"), Y: side.Draw(t, "y"), W: side.Draw(t, "w"), H: side.Draw(t, "h"), Score: side.Draw(t, "score"),
				Label: rapid.String().Draw(t, "label"), Track: rapid.Int64().Draw(t, "track"),
			}
		}), 0, 3), signal.Boxes),
	)
	for range rapid.IntRange(0, 4).Draw(t, "leaves") {
		v := value.Draw(t, "value")
		l := node.RecordLeaf{
			Path: rapid.StringMatching(`when(\.[a-z0-9]+){0,3}`).Draw(t, "path"), Signal: word.Draw(t, "detector") + "." + word.Draw(t, "signal"),
			Test: rapid.SampledFrom([]string{"", "is true", "absent", "gte 1, lt 5", `in ["a"]`}).Draw(t, "test"), Value: v.Plain(),
			Answer: rapid.SampledFrom([]string{"yes", "no", "unknown"}).Draw(t, "answer"), Frame: rapid.Uint64Range(0, 1<<40).Draw(t, "frame"),
		}
		if v.Type() != signal.TypeNone {
			l.Age = span.Draw(t, "age")
		}
		if rapid.Bool().Draw(t, "other") {
			l.Camera = id.Draw(t, "leaf camera")
		}
		r.Leaves = append(r.Leaves, l)
	}
	return r
}

// Each of these is a valid record with one thing changed; the schema must refuse it.
func TestInvalidRecords(t *testing.T) {
	s := eventSchema(t)
	type doc = map[string]any
	leaf := func(d doc) doc { return d["leaves"].([]any)[0].(doc) }
	for _, c := range []struct {
		name   string
		n      int // which record: confirmed, updated, ended
		change func(doc)
	}{
		{"other schema", 0, func(d doc) { d["schema"] = "rvo.event/v2" }},
		{"unknown field", 0, func(d doc) { d["confidence"] = 1.0 }},
		{"unknown state", 0, func(d doc) { d["state"] = "potential" }},
		{"unknown severity", 0, func(d doc) { d["severity"] = "high" }},
		{"unknown reason", 2, func(d doc) { d["reason"] = "because" }},
		{"short id", 0, func(d doc) { d["id"] = "12ab" }},
		{"event with a space", 0, func(d doc) { d["event"] = "a b" }},
		{"ended without reason", 2, func(d doc) { delete(d, "reason") }},
		{"ended without duration", 2, func(d doc) { delete(d, "duration") }},
		{"confirmed with reason", 0, func(d doc) { d["reason"] = "no" }},
		{"confirmed with duration", 0, func(d doc) { d["duration"] = "1s" }},
		{"updated with reason", 1, func(d doc) { d["reason"] = "no" }},
		{"local time", 0, func(d doc) { d["time"] = "2026-03-01T12:00:00+01:00" }},
		{"month 13", 0, func(d doc) { d["since"] = "2026-13-01T12:00:00Z" }},
		{"seconds since 1970", 0, func(d doc) { d["confirmed"] = 1772366400 }},
		{"empty capture", 0, func(d doc) { d["capture"] = "" }},
		{"duration in seconds", 2, func(d doc) { d["duration"] = 2.0 }},
		{"negative duration", 2, func(d doc) { d["duration"] = "-2s" }},
		{"seq 0", 0, func(d doc) { d["seq"] = 0 }},
		{"generation 0", 0, func(d doc) { d["generation"] = 0 }},
		{"number label", 0, func(d doc) { d["labels"] = doc{"floor": 2} }},
		{"leaves null", 0, func(d doc) { d["leaves"] = nil }},
		{"evidence leaves its folder", 0, func(d doc) { d["evidence"] = "../clip" }},
		{"evidence leaves it later", 0, func(d doc) { d["evidence"] = "a/../../clip" }},
		{"absolute evidence", 0, func(d doc) { d["evidence"] = "/srv/clip" }},
		{"leaf without value", 0, func(d doc) { delete(leaf(d), "value") }},
		{"leaf with a maybe", 0, func(d doc) { leaf(d)["answer"] = "maybe" }},
		{"leaf without detector", 0, func(d doc) { leaf(d)["signal"] = "count" }},
		{"leaf with an unknown field", 0, func(d doc) { leaf(d)["ttl"] = "1s" }},
		{"leaf with an object for a value", 0, func(d doc) { leaf(d)["value"] = doc{"int": 3} }},
		{"box without a width", 0, func(d doc) { leaf(d)["value"] = []any{doc{"x": 0, "y": 0, "h": 1, "score": 1}} }},
		{"box with a score of 2", 0, func(d doc) { leaf(d)["value"] = []any{doc{"x": 0, "y": 0, "w": 1, "h": 1, "score": 2}} }},
		{"frame 0", 0, func(d doc) { leaf(d)["frame"] = 0 }},
	} {
		var d doc
		if err := json.Unmarshal(nodetest.Line(t, nodetest.Record(c.n)), &d); err != nil {
			t.Fatal(err)
		}
		c.change(d)
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if validate(s, line) == nil {
			t.Errorf("%s: is accepted: %s", c.name, line)
		}
	}
	// And each required field is.
	var whole doc
	if err := json.Unmarshal(nodetest.Line(t, nodetest.Record(2)), &whole); err != nil {
		t.Fatal(err)
	}
	for field := range whole {
		if slices.Contains([]string{"capture", "labels", "evidence", "models"}, field) {
			continue
		}
		d := doc{}
		for k, v := range whole {
			if k != field {
				d[k] = v
			}
		}
		line, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		if validate(s, line) == nil {
			t.Errorf("a record without %s is accepted", field)
		}
	}
}
