package nodetest

import (
	"encoding/json"
	"strings"
	"testing"

	"rvo.dev/engine/node"
)

// Defaults checks that a kind's code and its options.cue have the same defaults. completed is what the code makes of
// options that are left out. Every field of it must stand in options.cue with that value as its default (name: *value |),
// or without any where the code computes it (name?: or name!:).
func Defaults(t *testing.T, k node.Kind, completed any) {
	t.Helper()
	b, err := json.Marshal(completed)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	text := k.Contract.Options
	for name, value := range fields {
		if strings.Contains(text, "\t"+name+"?:") || strings.Contains(text, "\t"+name+"!:") {
			continue
		}
		if want := "\t" + name + ": *" + string(value) + " |"; !strings.Contains(text, want) {
			t.Errorf("options.cue has no %q: the code's default is another", strings.TrimSpace(want))
		}
	}
}
