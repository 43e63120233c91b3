package external

import (
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
)

func TestKind(t *testing.T) {
	with := func(signals string) string { return `{"signals": {` + signals + `}}` }
	nodetest.Run(t, Kind(),
		nodetest.Case{Name: "door", Options: with(`"open": {"type": "bool", "ttl": "24h"}`)},
		nodetest.Case{Name: "everything", Options: with(`"open": {"type": "bool"}, "people": {"type": "int"}, "light": {"type": "float"}, "mode": {"type": "label", "labels": ["day", "night"]}`)},
		nodetest.Case{Name: "no signals", Options: with(``), Refused: "signals: declare at least one"},
		nodetest.Case{Name: "boxes", Options: with(`"x": {"type": "boxes"}`), Refused: `signal "x": boxes are found on pictures`},
		nodetest.Case{Name: "type", Options: with(`"x": {"type": "text"}`), Refused: `signal "x": type "text": must be one of`},
		nodetest.Case{Name: "name", Options: with(`"Open": {"type": "bool"}`), Refused: `signal "Open": a name is lower case letters`},
		nodetest.Case{Name: "labels of int", Options: with(`"x": {"type": "int", "labels": ["a"]}`), Refused: "labels are for label, not for int"},
	)
}

func TestEmits(t *testing.T) {
	k := Kind()
	got, err := k.Contract.Emits([]byte(`{"signals": {"open": {"type": "bool", "ttl": "24h"}, "mode": {"type": "label", "labels": ["day"]}}}`))
	want := []node.Emit{{Name: "mode", Type: signal.TypeLabel, Labels: []string{"day"}}, {Name: "open", Type: signal.TypeBool, TTL: 24 * time.Hour}}
	if err != nil || len(got) != len(want) {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, w := range want {
		if g := got[i]; g.Name != w.Name || g.Type != w.Type || g.TTL != w.TTL || len(g.Labels) != len(w.Labels) {
			t.Errorf("signal %d: %+v, want %+v", i, g, w)
		}
	}
}
