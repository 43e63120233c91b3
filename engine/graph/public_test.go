package graph_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rvo.dev/engine/graph"
)

// hide takes "hunter" out of a text, and all of what is called password.
func hide(member string) string {
	if strings.HasPrefix(member, `"password": `) {
		return `"password": "***"`
	}
	return strings.NewReplacer("hunter1", "***", "hunter2", "***").Replace(member)
}

// TestPublic: what may be shown has no credential, says with a key alone that one differs, and is as it was elsewhere.
func TestPublic(t *testing.T) {
	nodes := func(path string) []graph.Node {
		s := diffSpec()
		s.Detectors[0].Options = json.RawMessage(`{"path": "` + path + `"}`)
		return build(t, s).Nodes(graph.Facts{})
	}
	a, b := nodes("rtsp://joe:hunter1@cam"), nodes("rtsp://joe:hunter2@cam")
	for name, key := range map[string][]byte{"without a key": nil, "with a key": []byte("of the server")} {
		before, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		pa, pb := graph.Public(a, hide, key), graph.Public(b, hide, key)
		if after, err := json.Marshal(a); err != nil || string(after) != string(before) {
			t.Fatalf("%s: the nodes themselves were changed: %v", name, err)
		}
		text, err := json.Marshal(pa)
		if err != nil || strings.Contains(string(text), "hunter") || !strings.Contains(string(text), "rtsp://joe:***@cam") {
			t.Errorf("%s: %s, %v", name, text, err)
		}
		var got []string
		for _, c := range graph.Compare(pa, pb) {
			if c.Action != graph.Keep {
				got = append(got, c.Action.String()+" "+c.ID+" "+c.Fields[0].Name)
			}
		}
		var want []string
		if key != nil {
			want = []string{"replace detector/first options.path.hidden", "replace detector/first@a options.path.hidden", "replace detector/first@b options.path.hidden"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if !reflect.DeepEqual(graph.WithoutHidden(pa), graph.Public(a, hide, nil)) {
			t.Errorf("%s: without what is hidden it is another than without a key", name)
		}
		var back []graph.Node
		if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, pa) {
			t.Errorf("%s: as JSON and back it is another: %v", name, err)
		}
	}
	if clean := nodes("m.onnx"); !reflect.DeepEqual(graph.Public(clean, hide, []byte("key")), clean) {
		t.Error("nodes without credentials are not as they were")
	}
}

// TestPublicNames: the name of a text tells that it is a credential, wherever it stands.
func TestPublicNames(t *testing.T) {
	n := []graph.Node{{ID: "sink/x", Fields: []graph.Field{
		{Name: "options.headers", Value: json.RawMessage(`[{"name": "a", "password": "b"}]`)},
		{Name: "options.password", Value: json.RawMessage(`"c"`)},
		{Name: "queue", Value: json.RawMessage(`7`)},
		{Name: "secret.password", Value: json.RawMessage(`"version 2"`)},
	}}}
	var got []string
	for _, f := range graph.Public(n, hide, nil)[0].Fields {
		got = append(got, string(f.Value))
	}
	if want := []string{`[{"name":"a","password":"***"}]`, `"***"`, `7`, `"version 2"`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
