package nodetest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rvo.dev/engine/node"
)

// Edit is a change of one option of a node that runs, of class Retune.
type Edit struct {
	Option   string // as the contract's Changes names it
	From, To string // JSON of all options before and after
}

// Life is a node that was opened: what takes options of it, and a look at what it does. Each look uses the node some more, so
// the second says what it has kept from the first; equal lives say the same at each look.
type Life struct {
	Node any // the node.Source, node.Model or node.Sink
	Look func() string
}

// Retune checks that a kind's options of class Retune change in place. Of each the test knows an edit whose effect can be seen
// at every look, or it fails: so no option is declared and forgotten. What the edit must do is what opening another node
// with the new options does:
//
//   - before the node was used, the same as that to the letter;
//   - after it was used, something else than no edit;
//   - while it is only prepared, or refused, nothing.
//
// open starts one life, which ends with the test it is given.
func Retune(t *testing.T, k node.Kind, open func(t *testing.T, options string) Life, edits ...Edit) {
	t.Helper()
	if !k.Built() {
		t.Skipf("%s kind %s is not in this build", k.Contract.Role, k.Contract.Name)
	}
	for _, option := range slices.Sorted(maps.Keys(k.Contract.Changes)) {
		if k.Contract.Changes[option] != node.Retune || strings.HasPrefix(option, "camera.") {
			continue // what a camera is not opened with is the engine's
		}
		if !slices.ContainsFunc(edits, func(e Edit) bool { return e.Option == option }) {
			t.Errorf("the contract says that %q is retuned: give an edit of it whose effect can be seen", option)
		}
	}
	for _, e := range edits {
		t.Run(e.Option, func(t *testing.T) { retune(t, k, open, e) })
	}
}

func retune(t *testing.T, k node.Kind, open func(t *testing.T, options string) Life, e Edit) {
	if class := k.Contract.Changes[e.Option]; class != node.Retune {
		t.Fatalf("the contract says that %q is of class %s", e.Option, class)
	}
	same := open(t, e.From)
	first, second := same.Look(), same.Look()
	to := open(t, e.To).Look()

	fresh := open(t, e.From)
	tune(t, fresh, e.To)()
	if got := fresh.Look(); got != to {
		t.Errorf("edited before its first use it says\n%s\nopened so it says\n%s", got, to)
	}

	used := open(t, e.From)
	if got := used.Look(); got != first {
		t.Fatalf("equal lives differ: these edits show nothing\n%s\n%s", first, got)
	}
	tune(t, used, e.To)()
	if got := used.Look(); got == second {
		t.Errorf("the edit has no effect on one that runs: it goes on with\n%s", got)
	}

	idle := open(t, e.From)
	idle.Look()
	tune(t, idle, e.To)
	if _, err := idle.Node.(node.Retuner).Retune([]byte(`{"noSuchOption": 1}`)); err == nil {
		t.Error("an option that does not exist is accepted")
	}
	if got := idle.Look(); got != second {
		t.Errorf("an edit that was not applied has an effect:\n%s\nwithout it\n%s", got, second)
	}
}

func tune(t *testing.T, l Life, options string) (apply func()) {
	t.Helper()
	r, ok := l.Node.(node.Retuner)
	if !ok {
		t.Fatalf("%T is no node.Retuner, and its contract says that options are retuned", l.Node)
	}
	apply, err := r.Retune([]byte(options))
	if err != nil {
		t.Fatalf("retune with %s: %v", options, err)
	}
	return apply
}

// checkChanges checks that every option has a class and every class an option.
func checkChanges(t *testing.T, k *node.Kind) {
	t.Helper()
	options := k.OptionsType()
	if options.Kind() != reflect.Struct {
		return
	}
	known := map[string]bool{}
	for f := range options.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = true
		known[name+".*"] = f.Type.Kind() == reflect.Map
		if _, ok := k.Contract.Changes[name]; !ok {
			t.Errorf("Changes has no class for the option %q: is it retuned, replaced or exclusive?", name)
		}
	}
	if k.Contract.Role == node.RoleCamera {
		for _, asked := range []string{"fps", "width", "height", "loop"} {
			known["camera."+asked] = true
		}
	}
	for name := range k.Contract.Changes {
		if !known[name] {
			t.Errorf("Changes names the option %q, which options.cue does not have", name)
		}
	}
}
