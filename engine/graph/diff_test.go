package graph_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// diffKinds have options of every class.
func diffKinds(t testing.TB) *node.Set {
	t.Helper()
	type options struct {
		Names  string         `json:"names"`
		Path   string         `json:"path"`
		Level  float64        `json:"level"`
		Secret *node.Secret   `json:"secret"`
		Areas  []string       `json:"areas"`
		Lines  map[string]int `json:"lines"`
	}
	c := node.Contract{
		Doc: "made up", Options: "#Options: {}", Needs: "a test", Reads: []string{"path", "names"}, Secrets: []string{"secret"},
		Changes: map[string]node.Change{"level": node.Retune, "names": node.Retune, "areas": node.Replace, "lines": node.Replace, "lines.*": node.Retune},
	}
	named := func(name string, change func(*node.Contract)) node.Contract {
		k := c
		k.Name = name
		if change != nil {
			change(&k)
		}
		return k
	}
	set, err := node.NewSet(
		node.Camera[options](named("file", nil), nil),
		node.Camera[options](named("stream", func(k *node.Contract) {
			k.Live, k.Changes = true, map[string]node.Change{"camera.fps": node.Retune}
		}), nil),
		node.Camera[options](named("device", func(k *node.Contract) { k.Live, k.Exclusive = true, true }), nil),
		node.Detector[options](named("fake", func(k *node.Contract) {
			k.Cost, k.Masks, k.Zones = 20*time.Millisecond, true, "areas"
			k.Emits = func(json.RawMessage) ([]node.Emit, error) {
				return []node.Emit{{Name: "n", Type: signal.TypeInt}, {Name: "boxes", Type: signal.TypeBoxes}}, nil
			}
		}), nil),
		node.SinkKind[options](named("log", nil), nil),
	)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func build(t testing.TB, s *graph.Spec) *graph.Graph {
	t.Helper()
	g, err := graph.Build(s, diffKinds(t))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// diffSpec is a small pipeline to change.
func diffSpec() *graph.Spec {
	s := spec()
	s.Cameras[1].Kind, s.Cameras[1].Options = "device", json.RawMessage(`{"path": "/dev/video0"}`)
	s.Detectors[0].Options = json.RawMessage(`{"path": "m.onnx", "level": 0.5, "secret": {"env": "KEY"}}`)
	s.Detectors[1].Options = json.RawMessage(`{"lines": {"a": 1, "b": 2}}`)
	s.Detectors[2].Kind, s.Detectors[2].When = "fake", leaf("second.n")
	s.Cameras[0].Zones = []graph.ZoneSpec{{Name: "door", Polygon: polygon(0, 0, 1, 0, 1, 1)}}
	return s
}

// changed returns what is not kept, as "action id: field field", and with ! where it is exclusive.
func changed(changes []graph.Change) []string {
	var out []string
	for _, c := range changes {
		if c.Action == graph.Keep {
			continue
		}
		line := c.Action.String() + " " + c.ID
		if c.Exclusive {
			line += "!"
		}
		if c.Action != graph.Add {
			for _, f := range c.Fields {
				line += " " + f.Name
			}
			if c.Rewired {
				line += " inputs"
			}
		}
		out = append(out, line)
	}
	return out
}

// TestChanges: what each edit asks for, and that it asks for nothing else.
func TestChanges(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*graph.Spec)
		want []string
	}{
		"nothing": {func(*graph.Spec) {}, nil},
		"place":   {func(s *graph.Spec) { s.Cameras[0].Place.Line = 9 }, nil},
		"path of a condition": {func(s *graph.Spec) {
			s.Events[0].When.Path = "elsewhere"
		}, nil},
		"hold": {func(s *graph.Spec) { s.Events[0].Hold = 2 * time.Second }, []string{
			"retune event/e@a hold", "retune event/e@b hold", "retune ring/a ring", "retune ring/b ring",
		}},
		"rate": {func(s *graph.Spec) { s.Detectors[2].FPS = 4 }, []string{"retune detector/third@a period", "retune signal/third.boxes@a ttl", "retune signal/third.n@a ttl", "retune signal/third.boxes@b ttl", "retune signal/third.n@b ttl"}},
		"option": {func(s *graph.Spec) {
			s.Detectors[0].Options = json.RawMessage(`{"path":"m.onnx","level":0.6,"secret":{"env":"KEY"}}`)
		}, []string{"retune detector/first options.level", "retune detector/first@a options.level", "retune detector/first@b options.level"}},
		"model": {func(s *graph.Spec) {
			s.Detectors[0].Options = json.RawMessage(`{"path":"n.onnx","level":0.5,"secret":{"env":"KEY"}}`)
		}, []string{"replace detector/first file.path options.path", "replace detector/first@a file.path options.path", "replace detector/first@b file.path options.path"}},
		"secret": {func(s *graph.Spec) { s.Detectors[0].Options = json.RawMessage(`{"path":"m.onnx","level":0.5}`) }, []string{"replace detector/first options.secret secret.secret", "replace detector/first@a options.secret secret.secret", "replace detector/first@b options.secret secret.secret"}},
		"file":   {func(s *graph.Spec) { s.Cameras[0].FPS = 6 }, []string{"replace camera/a fps", "*ttl"}},
		"device": {func(s *graph.Spec) { s.Cameras[1].Width = 640 }, []string{"replace camera/b! width"}},
		"another name for a device": {func(s *graph.Spec) { s.Cameras[1].ID = "c" }, []string{
			"remove camera/b!", "add camera/c!", "*",
		}},
		"option of a device that can be beside itself": {func(s *graph.Spec) {
			s.Cameras[1].Options = json.RawMessage(`{"path": "/dev/video0", "areas": []}`)
		}, []string{"replace camera/b options.areas"}},
		"member of an option": {func(s *graph.Spec) {
			s.Detectors[1].Options = json.RawMessage(`{"lines": {"a": 1, "b": 3}}`)
		}, []string{"retune detector/second options.lines.b", "retune detector/second@a options.lines.b"}},
		"members of an option": {func(s *graph.Spec) {
			s.Detectors[1].Options = json.RawMessage(`{"lines": {"a": 1, "c": 2}}`)
		}, []string{"replace detector/second options.lines options.lines.b options.lines.c", "replace detector/second@a options.lines options.lines.b options.lines.c"}},
		"zone that a detector lists": {func(s *graph.Spec) {
			s.Cameras[0].Zones[0].Polygon = polygon(0, 0, 1, 0, 0, 1)
			s.Detectors[1].Options = json.RawMessage(`{"areas": ["door"], "lines": {"a": 1, "b": 2}}`)
		}, []string{
			"retune camera/a zones", "replace detector/second options.areas", "replace detector/second@a options.areas zone.door",
		}},
		"zone nobody looks at": {func(s *graph.Spec) { s.Cameras[0].Zones[0].Polygon = polygon(0, 0, 1, 0, 0, 1) }, []string{"retune camera/a zones"}},
		"mask": {func(s *graph.Spec) {
			s.Cameras[0].Masks = []graph.ZoneSpec{{Name: "sky", Polygon: polygon(0, 0, 1, 0, 1, 1)}}
		}, []string{"retune camera/a masks", "replace detector/first@a masks", "replace detector/second@a masks", "replace detector/third@a masks"}},
		"condition": {func(s *graph.Spec) { s.Events[1].When = leaf("third.n") }, []string{"retune event/f@a when inputs"}},
		"sink":      {func(s *graph.Spec) { s.Sinks[1].Queue = 9 }, []string{"retune sink/two queue"}},
		"folder":    {func(s *graph.Spec) { s.Evidence[0].Dir = "x" }, []string{"replace evidence/clip dir"}},
		"off":       {func(s *graph.Spec) { s.Events[1].Enabled = false }, []string{"remove event/f@a"}},
		"scope": {func(s *graph.Spec) {
			s.Events[1].Scope, s.Events[1].When.Camera = graph.ScopePipeline, "a"
		}, []string{"add event/f", "remove event/f@a"}},
		"cores": {func(s *graph.Spec) { s.Engine.Cores = 3 }, []string{"retune engine cores"}},
		"on":    {func(s *graph.Spec) { s.Detectors[0].On = map[string]graph.OnSpec{"b": {MaxAge: new(time.Second)}} }, []string{"retune detector/first@b maxAge"}},
	} {
		t.Run(name, func(t *testing.T) {
			facts := graph.Facts{
				File:   func(p string) string { return "hash of " + p },
				Secret: func(s node.Secret) string { return "version of " + s.Env },
			}
			a, b := diffSpec(), diffSpec()
			c.edit(b)
			got := changed(graph.Changes(build(t, a), build(t, b), facts))
			for _, want := range c.want {
				switch {
				case strings.HasPrefix(want, "*"): // what has this in it is not looked at
					got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, want[1:]) })
				case !slices.Contains(got, want):
					t.Errorf("no %q", want)
				default:
					got = slices.DeleteFunc(got, func(s string) bool { return s == want })
				}
			}
			if len(got) > 0 {
				t.Errorf("also %q", got)
			}
		})
	}
}

// TestFactsAreOutside: a file of other content and a secret of another version replace what uses them, with the same text, or
// retune it where another file would.
func TestFactsAreOutside(t *testing.T) {
	s := diffSpec()
	s.Cameras[0].Options = json.RawMessage(`{"names": "labels.txt"}`)
	g := build(t, s)
	version := "1"
	facts := graph.Facts{File: func(string) string { return version }, Secret: func(node.Secret) string { return version }}
	a := g.Nodes(facts)
	version = "2"
	var got []string
	for _, c := range graph.Diff(a, g.Nodes(facts)) {
		if c.Action != graph.Keep {
			got = append(got, c.Action.String()+" "+c.ID)
		}
	}
	want := []string{"retune camera/a", "replace camera/b", "replace detector/first", "replace detector/first@a", "replace detector/first@b"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestAskedOfASource: what a source is not opened with changes beside it.
func TestAskedOfASource(t *testing.T) {
	a, b := diffSpec(), diffSpec()
	for _, s := range []*graph.Spec{a, b} {
		s.Cameras[0].Kind, s.Cameras[0].Options = "stream", nil
	}
	first := func() string {
		for _, c := range changed(graph.Changes(build(t, a), build(t, b), graph.Facts{})) {
			if strings.Contains(c, " camera/a") {
				return c
			}
		}
		return ""
	}
	b.Cameras[0].FPS = 6
	if got := first(); got != "retune camera/a fps" {
		t.Errorf("another rate: %q", got)
	}
	b.Cameras[0].Width = 640
	if got := first(); got != "replace camera/a fps width" {
		t.Errorf("another width too: %q", got)
	}
}

// TestProcessIsReplaced: what a detector in a process of its own was opened with went there.
func TestProcessIsReplaced(t *testing.T) {
	a, b := diffSpec(), diffSpec()
	for _, s := range []*graph.Spec{a, b} {
		s.Detectors[0].Isolate = graph.IsolateProcess
	}
	b.Detectors[0].Options = json.RawMessage(`{"path": "m.onnx", "level": 0.6, "secret": {"env": "KEY"}}`)
	got := changed(graph.Changes(build(t, a), build(t, b), graph.Facts{}))
	want := []string{"replace detector/first options.level", "replace detector/first@a options.level", "replace detector/first@b options.level"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestOwnAndWired: a change upstream shows in what is upstream, another input in what has it.
func TestOwnAndWired(t *testing.T) {
	byID := func(s *graph.Spec) map[string]graph.Node {
		out := map[string]graph.Node{}
		for _, n := range build(t, s).Nodes(graph.Facts{}) {
			if len(n.Own) != 64 || len(n.Wired) != 64 {
				t.Errorf("hashes of %+v", n)
			}
			out[n.ID] = n
		}
		return out
	}
	a, s := byID(diffSpec()), diffSpec()
	s.Detectors[0].Load = graph.LoadNone
	b := byID(s)
	if a["detector/first@a"].Own == b["detector/first@a"].Own || a["detector/second@a"].Wired != b["detector/second@a"].Wired {
		t.Error("a change of first shows in second, or not in first")
	}
	s = diffSpec()
	s.Events[0].Evidence = ""
	b = byID(s)
	if e, f := a["event/e@a"], b["event/e@a"]; e.Own != f.Own || e.Wired == f.Wired {
		t.Error("an event that no longer has evidence has the same inputs, or other settings")
	}
}

// randomSpec makes edits to a spec that leave it sound.
func randomSpec(rng *rand.Rand) *graph.Spec {
	s := diffSpec()
	for range rng.IntN(6) {
		d := &s.Detectors[rng.IntN(3)]
		switch rng.IntN(16) {
		case 0:
			d.FPS = 1 + float64(rng.IntN(30))
		case 1:
			d.Load, d.Frame = graph.LoadPolicy(rng.IntN(3)), graph.FramePolicy(rng.IntN(2))
		case 2:
			d.Options = json.RawMessage(fmt.Sprintf(`{"path": "%d", "level": %d}`, rng.IntN(3), rng.IntN(3)))
		case 3:
			d.On = map[string]graph.OnSpec{"a": {FPS: new(1 + float64(rng.IntN(20)))}}
		case 4:
			s.Events[rng.IntN(2)].Hold = time.Duration(rng.IntN(3)) * time.Second
		case 5:
			s.Events[rng.IntN(2)].Enabled = rng.IntN(2) == 0
		case 6:
			s.Events[0].Sinks = [][]string{nil, {"one"}, {"two"}}[rng.IntN(3)]
		case 7:
			s.Events[0].Evidence = []string{"", "clip"}[rng.IntN(2)]
		case 8:
			s.Cameras[0].Masks = []graph.ZoneSpec{{Name: "m", Polygon: polygon(0, 0, 1, 0, 1, float64(1+rng.IntN(3))/4)}}
		case 9:
			s.Cameras[1].Enabled = rng.IntN(2) == 0
		case 10:
			id := []string{"b", "c"}[rng.IntN(2)]
			s.Cameras[1].ID = id
		case 11:
			s.Sinks = append(s.Sinks, graph.SinkSpec{ID: fmt.Sprintf("s%d%d", len(s.Sinks), rng.IntN(3)), Kind: "log"})
		case 12:
			s.Evidence[0].Pre = time.Duration(rng.IntN(5)) * time.Second
		case 13:
			when := leaf("first.n")
			when.For, when.Unknown = time.Duration(rng.IntN(3))*time.Second, event.Answer(rng.IntN(3))
			s.Events[0].When = when
		case 14:
			s.Engine.Cores, s.Engine.Memory = 1+rng.IntN(4), int64(rng.IntN(3))<<30
		case 15:
			s.Cameras[rng.IntN(2)].Place.Line = rng.IntN(9)
		}
	}
	return s
}

// TestApplyDiff is the law: what Diff says makes b of a, of any two pipelines, and says nothing where nothing differs.
func TestApplyDiff(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	counts := map[graph.Action]int{}
	for range 300 {
		a, b := build(t, randomSpec(rng)), build(t, randomSpec(rng))
		na, nb := a.Nodes(graph.Facts{}), b.Nodes(graph.Facts{})
		changes := graph.Diff(na, nb)
		got, err := graph.Apply(changes, na)
		if err != nil || !reflect.DeepEqual(got, nb) {
			t.Fatalf("seed %d: %v\ngot  %+v\nwant %+v", seed, err, got, nb)
		}
		for _, c := range changes {
			counts[c.Action]++
		}
		if again := changed(graph.Diff(nb, b.Nodes(graph.Facts{}))); len(again) > 0 {
			t.Fatalf("seed %d: the same graph differs: %q", seed, again)
		}
		if back, err := graph.Apply(graph.Diff(nb, na), nb); err != nil || !reflect.DeepEqual(back, na) {
			t.Fatalf("seed %d: there and back is elsewhere: %v", seed, err)
		}
	}
	for a := graph.Keep; a <= graph.Remove; a++ {
		if counts[a] < 50 {
			t.Errorf("seed %d: only %d times %s: the law shows little", seed, counts[a], a)
		}
	}
}

// TestApplyRefuses: changes of another graph are not made.
func TestApplyRefuses(t *testing.T) {
	n := build(t, diffSpec()).Nodes(graph.Facts{})
	for name, changes := range map[string][]graph.Change{
		"nothing is said":  nil,
		"cannot add it":    {{ID: "engine", Action: graph.Add}},
		"cannot remove it": {{ID: "camera/x", Action: graph.Remove}},
	} {
		if _, err := graph.Apply(changes, n); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func BenchmarkNodes(b *testing.B) {
	s := diffSpec()
	for i := range 1000 {
		s.Cameras = append(s.Cameras, graph.CameraSpec{ID: fmt.Sprintf("c%d", i), Kind: "file", FPS: 25, Enabled: true})
	}
	g := build(b, s)
	b.ReportAllocs()
	for b.Loop() {
		g.Nodes(graph.Facts{})
	}
}
