package stdout

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
)

func TestDefaults(t *testing.T) { nodetest.Defaults(t, Kind(), Options{Format: "auto"}) }

func TestKind(t *testing.T) {
	nodetest.Run(t, Kind(),
		nodetest.Case{},
		nodetest.Case{Name: "text", Options: `{"format": "text"}`},
		nodetest.Case{Name: "json", Options: `{"format": "json"}`},
		nodetest.Case{Name: "format", Options: `{"format": "xml"}`, Refused: `format "xml": must be auto, text or json`},
	)
}

// written returns what the sink writes for these records.
func written(t *testing.T, options string, terminal bool, records ...*node.Record) string {
	t.Helper()
	var out bytes.Buffer
	env := nodetest.Env(t)
	env.Terminal, env.Stdout = terminal, &out
	s := nodetest.OpenSink(t, Kind(), options, env)
	if k, ok := s.(*sink); ok && k.Now().text != nil {
		k.Now().text.zone = time.FixedZone("reader", 2*3600)
	}
	for _, r := range records {
		if err := s.Write(t.Context(), r, nodetest.Line(t, r)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestText(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	wide := nodetest.Record(0)
	wide.Camera, wide.Evidence, wide.Severity = "", "", "critical"
	wide.Leaves = []node.RecordLeaf{
		{Camera: "gate", Signal: "door.open", Test: "is true", Answer: "yes", Value: true},
		{Camera: "yard", Signal: "motion.level", Test: "gt 0.01, lte 0.5", Answer: "yes", Value: 0.123456},
		{Camera: "yard", Signal: "who.name", Test: `eq "Ann"`, Answer: "no", Value: "B\x1b[2Job"},
		{Camera: "yard", Signal: "hog.boxes", Test: "gte 1", Answer: "unknown", Value: []signal.Box{{}, {}}},
		{Signal: "x.y"},
		{Signal: "x.z"},
	}
	never := nodetest.Record(2)
	never.Reason, never.Duration = "unknown", "1m4.397875477s"
	never.Leaves[0].Answer, never.Leaves[0].Value = "unknown", nil
	negated := nodetest.Record(2)
	negated.Leaves = append(negated.Leaves, node.RecordLeaf{Camera: "front", Signal: "door.open", Test: "is true", Answer: "yes", Value: true})
	most := nodetest.Record(2)
	most.Reason, most.Leaves = "max", nil
	stopped := nodetest.Record(2)
	stopped.Reason, stopped.Leaves = "no", nil
	sudden := nodetest.Record(0)
	sudden.Since, sudden.Evidence = sudden.Time, ""
	sly := nodetest.Record(0)
	sly.Event, sly.Leaves = "a\nb\x1b[31m\u202e", nil
	for _, c := range []struct {
		name string
		r    *node.Record
		want string
	}{
		{"confirmed", nodetest.Record(0), "14:00:00.250  CONFIRMED  person @ front  warning  yes for 2s  hog.count=3 >= 1  evidence person_front_20260301T120000.250Z_000000000001"},
		{"updated", nodetest.Record(1), "14:00:01.250  updated    person @ front  warning  yes for 3s  hog.count=3 >= 1  evidence person_front_20260301T120000.250Z_000000000001"},
		{"ended", nodetest.Record(2), "14:00:02.250  ended      person @ front  after 2s  hog.count=0 >= 1 is no"},
		{"pipeline scope", wide, `14:00:00.250  CONFIRMED  person  critical  yes for 2s  gate: door.open=true, yard: motion.level=0.1235 > 0.01, <= 0.5, ` +
			`yard: who.name="B\x1b[2Job" == "Ann" is no, yard: hog.boxes=2 >= 1 is unknown, and 2 more`},
		{"unknown", never, "14:00:02.250  ended      person @ front  after 1m4s  hog.count=none >= 1 is unknown"},
		{"a leaf does not say the reason", negated, "14:00:02.250  ended      person @ front  after 2s: no  hog.count=0 >= 1 is no, door.open=true"},
		{"other reason", most, "14:00:02.250  ended      person @ front  after 2s: max"},
		{"no leaf", stopped, "14:00:02.250  ended      person @ front  after 2s: no"},
		{"at once", sudden, "14:00:00.250  CONFIRMED  person @ front  warning  hog.count=3 >= 1"},
		{"control characters", sly, "14:00:00.250  CONFIRMED  a?b?[31m? @ front  warning  yes for 2s  evidence person_front_20260301T120000.250Z_000000000001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := written(t, `{}`, true, c.r); got != c.want+"\n" {
				t.Errorf("got  %q\nwant %q", got, c.want+"\n")
			}
		})
	}
}

// TestDurations: to the millisecond below a minute, to the second above; what is no duration stays.
func TestDurations(t *testing.T) {
	for text, want := range map[string]string{
		"4.199414814s": "4.199s", "0s": "0s", "400µs": "0s", "500ms": "500ms", "-1.5004s": "-1.5s", "59.9994s": "59.999s", "59.9996s": "1m0s",
		"1m0.4s": "1m0s", "1m4.5s": "1m5s", "26h3m0.2s": "26h3m0s", "soon": "soon",
	} {
		if got := durationText(text); got != want {
			t.Errorf("%s is written as %s, want %s", text, got, want)
		}
	}
}

// Colour repeats what words say: without it the line is the same.
func TestColour(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	strip := strings.NewReplacer("\x1b[1;31m", "", "\x1b[1;32m", "", "\x1b[1;33m", "", "\x1b[2m", "", "\x1b[0m", "")
	seen := map[string]bool{}
	for n, severity := range []string{"info", "warning", "critical", "info", "info", "info"} {
		r := nodetest.Record(0)
		if n > 2 {
			r = nodetest.Record(n)
		}
		r.Severity = severity
		coloured := written(t, `{}`, true, r)
		t.Setenv("NO_COLOR", "1")
		plain := written(t, `{}`, true, r)
		t.Setenv("NO_COLOR", "")
		if strings.Contains(plain, "\x1b") {
			t.Errorf("NO_COLOR is ignored: %q", plain)
		}
		if strip.Replace(coloured) != plain {
			t.Errorf("colour carries meaning: %q is not %q", coloured, plain)
		}
		if i := strings.Index(coloured, "\x1b["); i >= 0 {
			seen[coloured[i:i+4]] = true
		}
	}
	if len(seen) < 2 {
		t.Errorf("no colour is used: %v", seen)
	}
	if got := written(t, `{"format": "text"}`, false, nodetest.Record(0)); strings.Contains(got, "\x1b") {
		t.Errorf("colour in a file: %q", got)
	}
}

func TestJSON(t *testing.T) {
	want := string(nodetest.Line(t, nodetest.Record(0))) + "\n" + string(nodetest.Line(t, nodetest.Record(1))) + "\n"
	if got := written(t, `{}`, false, nodetest.Record(0), nodetest.Record(1)); got != want {
		t.Errorf("piped: got %q, want %q", got, want)
	}
	if got := written(t, `{"format": "json"}`, true, nodetest.Record(0), nodetest.Record(1)); got != want {
		t.Errorf("format json on a terminal: got %q, want %q", got, want)
	}
	if got := written(t, `{"format": "text"}`, false, nodetest.Record(0)); strings.HasPrefix(got, "{") {
		t.Errorf("format text when piped: got %q", got)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWriteFails(t *testing.T) {
	env := nodetest.Env(t)
	env.Stdout = broken{}
	s := nodetest.OpenSink(t, Kind(), `{}`, env)
	err := s.Write(t.Context(), nodetest.Record(0), []byte("{}"))
	if err == nil || !strings.Contains(err.Error(), "standard output: broken pipe") {
		t.Errorf("write gives %v", err)
	}
}
