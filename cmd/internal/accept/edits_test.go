package accept

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rvo.dev/engine/graph"
	"rvo.dev/schema"
)

// edited is the pipeline that the edits below are made to: two cameras, detectors that look at pictures and such as say what
// they are told, events of one and of both cameras, evidence, two sinks.
const edited = `{
	"apiVersion": "rvo/v1",
	"engine": {"cores": 2},
	"cameras": {
		"gate": {"synthetic": {"moving": "1s", "still": "1s"}, "fps": 10, "width": 96, "height": 64,
			"zones": {"door": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]], "yard": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]],
				"corner": [[0.9, 0], [1, 0], [1, 0.1], [0.9, 0.1]]}},
		"yard": {"synthetic": {"pattern": "still"}, "fps": 10, "width": 96, "height": 64}
	},
	"detectors": {
		"motion": {"motion": {}, "fps": 5},
		"heavy": {"busy": {"busy": "2ms", "sleep": true}, "fps": 5},
		"view": {"fps": 5, "scripted": {
			"signals": {"boxes": {"type": "boxes"}, "word": {"type": "label", "labels": ["red", "green"]}, "n": {"type": "int"}},
			"timeline": [{"at": "0s", "set": {
				"boxes": [{"x": 0.1, "y": 0.1, "w": 0.2, "h": 0.4, "score": 0.9, "label": "person"}, {"x": 0.6, "y": 0.6, "w": 0.3, "h": 0.1, "score": 0.4, "label": "dog"}],
				"word": "red", "n": 3}}]}}
	},
	"events": {
		"moving": {"when": {"signal": "motion.level", "gte": 0.001}},
		"kept": {"when": {"signal": "motion.level", "gte": 0.001}, "cameras": ["gate"], "cooldown": "1h", "evidence": "clip"},
		"seen": {"when": {"signal": "view.boxes", "gte": 1}, "cameras": ["gate"]},
		"level": {"when": {"signal": "view.n", "gte": 1}, "cameras": ["gate"]}
	},
	"evidence": {"clip": {"pre": "2s", "post": "1s"}},
	"sinks": {"log": {"jsonl": {"fsync": "never"}}, "screen": {"stdout": {}}}
}`

// set is values by path in the pipeline: "cameras.gate.fps". A nil value takes the field away.
type set map[string]any

// edit is another value of one field of the language.
type edit struct {
	field string // "camera.fps"
	base  set    // what has to be there before; nil: the pipeline is as it is
	to    set
}

// edits has one edit of every field that is part of a run.
func edits() []edit {
	when := func(cond string) any { return json.RawMessage(cond) }
	const a, b = `{"signal": "view.n", "gte": 1}`, `{"signal": "view.word", "eq": "red"}`
	level := func(field string, cond string) edit { return edit{field, nil, set{"events.level.when": when(cond)}} }
	boxes := func(field string, to any) edit {
		return edit{"cond." + field, nil, set{"events.seen.when." + field: to}}
	}
	both := set{"cameras.gate.pace": "lockstep", "cameras.yard.pace": "lockstep"}
	part := set{"events.level.when": when(`{"atLeast": {"n": 1, "of": [` + a + `, ` + b + `]}}`)}
	chain := set{"events.level.when": when(`{"sequence": {"of": [` + a + `, ` + b + `], "within": "5s"}}`)}
	hours := set{"events.level.during": when(`{"hours": ["mon-sun 00:00-24:00"], "timezone": "UTC"}`)}
	return []edit{
		{"engine.cores", nil, set{"engine.cores": 3}},
		{"engine.ringMemory", nil, set{"engine.ringMemory": "64MiB"}},
		{"engine.reserve", nil, set{"engine.reserve": 1}},
		{"engine.memory", nil, set{"engine.memory": "512MiB"}},

		{"camera.fps", nil, set{"cameras.gate.fps": 12}},
		{"camera.width", nil, set{"cameras.gate.width": 128}},
		{"camera.height", nil, set{"cameras.gate.height": 96}},
		{"camera.ring", nil, set{"cameras.gate.ring": "10s"}},
		{"camera.pace", nil, both},
		{"camera.loop", nil, set{"cameras.gate.loop": true}},
		{"camera.freezeAfter", nil, set{"cameras.gate.freezeAfter": "3s"}},
		{"camera.priority", nil, set{"cameras.gate.priority": "high"}},
		{"camera.zones", set{"events.seen.when.zone": "door"}, set{"cameras.gate.zones.door": when(`[[0.5, 0], [1, 0], [1, 1], [0.5, 1]]`)}},
		{"camera.masks", nil, set{"cameras.gate.masks": when(`{"sky": [[0, 0], [1, 0], [1, 0.3], [0, 0.3]]}`)}},
		{"camera.labels", nil, set{"cameras.gate.labels": when(`{"site": "north"}`)}},
		{"camera.enabled", nil, set{"cameras.yard.enabled": false}},

		{"detector.fps", nil, set{"detectors.motion.fps": 4}},
		{"detector.minFps", nil, set{"detectors.motion.minFps": 1}},
		{"detector.cost", nil, set{"detectors.motion.cost": "4ms"}},
		{"detector.costClass", nil, set{"detectors.motion.costClass": "high"}},
		{"detector.threads", nil, set{"detectors.motion.threads": 2}},
		{"detector.timeout", nil, set{"detectors.motion.timeout": "1s"}},
		{"detector.frame", nil, set{"detectors.motion.frame": "newest"}},
		{"detector.maxAge", nil, set{"detectors.motion.maxAge": "300ms"}},
		{"detector.needs", nil, set{"detectors.heavy.needs": []string{"motion.level"}}},
		{"detector.when", nil, set{"detectors.heavy.when": when(`{"signal": "motion.level", "gte": 0.001}`)}},
		{"detector.emits", nil, set{"detectors.motion.emits": when(`{"level": {"ttl": "2s"}}`)}},
		{"detector.cameras", nil, set{"detectors.heavy.cameras": []string{"gate"}}},
		{"detector.on", nil, set{"detectors.heavy.on": when(`{"gate": {"fps": 2}}`)}},
		{"detector.priority", nil, set{"detectors.motion.priority": "high"}},
		{"detector.load", nil, set{"detectors.motion.load": "none"}},
		{"detector.isolate", nil, set{"detectors.motion.isolate": "process"}},
		{"detector.enabled", nil, set{"detectors.heavy.enabled": false}},

		{"on.fps", nil, set{"detectors.motion.on": when(`{"gate": {"fps": 2}}`)}},
		{"on.minFps", nil, set{"detectors.motion.on": when(`{"gate": {"minFps": 1}}`)}},
		{"on.cost", nil, set{"detectors.motion.on": when(`{"gate": {"cost": "4ms"}}`)}},
		{"on.timeout", nil, set{"detectors.motion.on": when(`{"gate": {"timeout": "1s"}}`)}},
		{"on.maxAge", nil, set{"detectors.motion.on": when(`{"gate": {"maxAge": "300ms"}}`)}},
		{"on.priority", nil, set{"detectors.motion.on": when(`{"gate": {"priority": "high"}}`)}},
		{"on.enabled", nil, set{"detectors.heavy.on": when(`{"gate": {"enabled": false}}`)}},

		{"signal.ttl", nil, set{"detectors.view.emits": when(`{"n": {"ttl": "2s"}}`)}},

		level("cond.all", `{"all": [`+a+`, `+b+`]}`),
		level("cond.any", `{"any": [`+a+`, `+b+`]}`),
		level("cond.atLeast", `{"atLeast": {"n": 2, "of": [`+a+`, `+b+`]}}`),
		level("cond.sequence", `{"sequence": {"of": [`+a+`, `+b+`], "within": "5s"}}`),
		level("cond.not", `{"not": `+a+`}`),
		level("cond.signal", `{"signal": "heavy.runs", "gte": 1}`),
		level("cond.absent", `{"absent": "view.n"}`),
		{"cond.camera", nil, set{"events.level.when.camera": "yard"}},
		level("cond.expr", `{"expr": "view.n >= 5"}`),
		level("cond.eq", `{"signal": "view.n", "eq": 4}`),
		level("cond.ne", `{"signal": "view.n", "ne": 3}`),
		level("cond.gt", `{"signal": "view.n", "gt": 3}`),
		level("cond.gte", `{"signal": "view.n", "gte": 4}`),
		level("cond.lt", `{"signal": "view.n", "lt": 3}`),
		level("cond.lte", `{"signal": "view.n", "lte": 2}`),
		level("cond.in", `{"signal": "view.word", "in": ["green"]}`),
		boxes("label", "cat"),
		boxes("labels", []string{"cat", "cow"}),
		boxes("minScore", 0.95),
		boxes("maxScore", 0.3),
		boxes("minArea", 0.5),
		boxes("maxArea", 0.01),
		boxes("minRatio", 5),
		boxes("maxRatio", 0.2),
		boxes("zone", "door"),
		boxes("zones", []string{"door", "yard"}),
		boxes("outside", []string{"door"}),
		{"cond.anchor", set{"events.seen.when.zone": "door"}, set{"events.seen.when.anchor": "center"}},
		boxes("for", "2s"),
		boxes("within", "2s"),
		boxes("unknown", "no"),

		{"atLeast.n", part, set{"events.level.when.atLeast.n": 2}},
		{"atLeast.of", part, set{"events.level.when.atLeast.of": when(`[` + b + `, {"signal": "view.n", "gte": 4}]`)}},
		{"sequence.of", chain, set{"events.level.when.sequence.of": when(`[` + b + `, ` + a + `]`)}},
		{"sequence.within", chain, set{"events.level.when.sequence.within": "9s"}},

		{"event.when", nil, set{"events.level.when": when(b)}},
		{"event.cameras", nil, set{"events.moving.cameras": []string{"gate"}}},
		{"event.scope", set{"events.level.when.camera": "gate"}, set{"events.level.scope": "pipeline", "events.level.cameras": nil}},
		{"event.during", nil, hours},
		{"event.decideWithin", nil, set{"events.level.decideWithin": "30s"}},
		{"event.hold", nil, set{"events.level.hold": "2s"}},
		{"event.grace", nil, set{"events.level.grace": "1s"}},
		{"event.unknownGrace", nil, set{"events.level.unknownGrace": "3s"}},
		{"event.cooldown", nil, set{"events.level.cooldown": "9s"}},
		{"event.maxDuration", nil, set{"events.level.maxDuration": "20s"}},
		{"event.severity", nil, set{"events.level.severity": "critical"}},
		{"event.labels", nil, set{"events.level.labels": when(`{"site": "north"}`)}},
		{"event.updates", nil, set{"events.level.updates": "5s"}},
		{"event.evidence", nil, set{"events.level.evidence": "clip"}},
		{"event.sinks", nil, set{"events.level.sinks": []string{"log"}}},
		{"event.enabled", nil, set{"events.level.enabled": false}},

		{"during.hours", hours, set{"events.level.during.hours": []string{"mon-sun 01:00-02:00"}}},
		{"during.timezone", hours, set{"events.level.during.timezone": "Europe/Berlin"}},

		{"evidence.pre", nil, set{"evidence.clip.pre": "3s"}},
		{"evidence.post", nil, set{"evidence.clip.post": "4s"}},
		{"evidence.fps", nil, set{"evidence.clip.fps": 5}},
		{"evidence.quality", nil, set{"evidence.clip.quality": 60}},
		{"evidence.dir", nil, set{"evidence.clip.dir": "elsewhere"}},
		{"evidence.keep", nil, set{"evidence.clip.keep": "1h"}},
		{"evidence.maxBytes", nil, set{"evidence.clip.maxBytes": "1GiB"}},
		{"evidence.minFree", nil, set{"evidence.clip.minFree": "1GiB"}},

		{"sink.queue", nil, set{"sinks.log.queue": 9}},
	}
}

// refused are the fields that a run does not take an edit of, and why.
func refused() map[string]string {
	return map[string]string{
		"camera.pace": "what a run in lockstep decides must not depend on when an edit came, so it takes none, and one that is live does not become one",
	}
}

// noPart are the fields that say nothing of what runs, and why.
func noPart() map[string]string {
	return map[string]string{
		"engine.lint": "it weighs the findings of vet",
		"signal.ref":  "it is filled in for editors",
	}
}

// fieldsOfTheLanguage walks the language: every field of every thing in a pipeline that is not another thing or a kind's own.
func fieldsOfTheLanguage() []string {
	var out []string
	for name, v := range map[string]any{
		"engine": schema.Engine{}, "camera": schema.Camera{}, "detector": schema.Detector{}, "on": schema.On{}, "signal": schema.Signal{},
		"cond": schema.Cond{}, "atLeast": schema.AtLeast{}, "sequence": schema.Sequence{}, "event": schema.Event{}, "during": schema.During{},
		"evidence": schema.Evidence{}, "sink": schema.Sink{},
	} {
		for f := range reflect.TypeOf(v).Fields() {
			if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key != "-" {
				out = append(out, name+"."+key)
			}
		}
	}
	slices.Sort(out)
	return out
}

// with returns the pipeline with these values, as text.
func with(t testing.TB, sets ...set) string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(edited), &doc); err != nil {
		t.Fatal(err)
	}
	for _, s := range sets {
		for _, path := range slices.Sorted(maps.Keys(s)) {
			keys := strings.Split(path, ".")
			at := doc
			for _, k := range keys[:len(keys)-1] {
				next, ok := at[k].(map[string]any)
				if !ok {
					next = map[string]any{}
					at[k] = next
				}
				at = next
			}
			value, err := json.Marshal(s[path])
			if err != nil {
				t.Fatal(err)
			}
			var plain any // so that a later path leads into it
			if err := json.Unmarshal(value, &plain); err != nil {
				t.Fatal(err)
			}
			if at[keys[len(keys)-1]] = plain; plain == nil {
				delete(at, keys[len(keys)-1])
			}
		}
	}
	b, err := json.MarshalIndent(doc, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// asks returns what an edit asks of what kind of node: "detector on a camera: retune". A node that is not there before or
// after is added or removed.
func asks(from, to *graph.Graph) []string {
	said := map[string]bool{}
	for _, c := range graph.Changes(from, to, graph.Facts{}) {
		if c.Action == graph.Keep {
			continue
		}
		role, name, _ := strings.Cut(c.ID, "/")
		switch {
		case role == "detector" && strings.Contains(name, "@"):
			role = "detector on a camera"
		case role == "evidence":
			role = "policy"
		}
		said[fmt.Sprintf("%s: %s", role, c.Action)] = true
	}
	return slices.Sorted(maps.Keys(said))
}

// TestEveryFieldHasAnEdit: a new field of the language needs an edit here, so that it is in the tests that go through them.
func TestEveryFieldHasAnEdit(t *testing.T) {
	known := noPart()
	for _, e := range edits() {
		known[e.field] = "an edit"
	}
	for _, f := range fieldsOfTheLanguage() {
		if known[f] == "" {
			t.Errorf("field %s has no edit: add one, whose effect on a run can be seen", f)
		}
		delete(known, f)
	}
	for f := range known {
		t.Errorf("there is no field %s", f)
	}
}
