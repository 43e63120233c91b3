package graph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rvo.dev/engine/node"
)

// Action is what becomes of a node when one graph follows another.
type Action uint8

const (
	// Keep leaves the node as it is: it may have moved in the source.
	Keep Action = iota
	// Retune changes settings or inputs of the node that runs. What it holds stays.
	Retune
	// Replace makes a new node, prepares it beside the old one and switches over.
	Replace
	// Add makes a node that was not there.
	Add
	// Remove drains a node and closes it.
	Remove
)

// String returns "keep", "retune", "replace", "add" or "remove".
func (a Action) String() string { return [...]string{"keep", "retune", "replace", "add", "remove"}[a] }

// MarshalText writes the action as its word.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the word of an action.
func (a *Action) UnmarshalText(text []byte) error {
	for *a = Keep; *a <= Remove; *a++ {
		if a.String() == string(text) {
			return nil
		}
	}
	return fmt.Errorf("action %q: must be keep, retune, replace, add or remove", text)
}

// Change is what becomes of one node.
type Change struct {
	ID     string `json:"id"`
	Action Action `json:"action"`
	// Exclusive says that the old node has to be closed before the new one can be opened: the same device, the same file to
	// write. It is set for Replace, and for Remove and Add where the two are one thing under another id.
	Exclusive bool `json:"exclusive,omitempty"`
	// Rewired says that what the node reads is another thing; Inputs is then all that it reads now. Set for Add too.
	Rewired bool     `json:"rewired,omitempty"`
	Inputs  []string `json:"inputs,omitempty"`
	// Fields are the settings that differ, by name; for Add all there are.
	Fields []FieldChange `json:"fields,omitempty"`
	Place  Place         `json:"place"` // in the new graph; for Remove in the old one
}

// FieldChange is one setting that differs. Old is nil where there was none, New where there is none.
type FieldChange struct {
	Name  string          `json:"name"`
	Old   json.RawMessage `json:"old,omitempty"`
	New   json.RawMessage `json:"new,omitempty"`
	Class node.Change     `json:"class"`
	Unit  Unit            `json:"unit,omitempty"`
}

// Diff returns what becomes of every node when the graph with nodes b follows the one with nodes a, sorted by id. A node is
// kept while its settings and the ids of its inputs are the same, retuned while all that differs can be changed in place, and
// else replaced. Both lists are as Nodes returns them.
func Diff(a, b []Node) []Change {
	var out []Change
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].ID < b[0].ID:
			out = append(out, Change{ID: a[0].ID, Action: Remove, Place: a[0].Place})
			a = a[1:]
		case len(a) == 0 || b[0].ID < a[0].ID:
			out = append(out, Change{
				ID: b[0].ID, Action: Add, Rewired: len(b[0].Inputs) > 0, Inputs: b[0].Inputs,
				Fields: differ(nil, b[0].Fields), Place: b[0].Place,
			})
			b = b[1:]
		default:
			out = append(out, change(&a[0], &b[0]))
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// Changes returns what becomes of the nodes of graph a when graph b follows: see Compare.
func Changes(a, b *Graph, facts Facts) []Change { return Compare(a.Nodes(facts), b.Nodes(facts)) }

// Compare returns Diff of two lists of nodes, with what one kind cannot have open twice marked across ids.
func Compare(old, now []Node) []Change {
	out := Diff(old, now)
	held := map[string]int{} // what a node that goes holds open -> its change
	for i := range out {
		if out[i].Action == Remove {
			if key := holds(find(old, out[i].ID)); key != "" {
				held[key] = i
			}
		}
	}
	for i := range out {
		if out[i].Action != Add {
			continue
		}
		if j, ok := held[holds(find(now, out[i].ID))]; ok {
			out[i].Exclusive, out[j].Exclusive = true, true
		}
	}
	return out
}

// find returns the node with this id.
func find(nodes []Node, id string) *Node {
	i, _ := slices.BinarySearchFunc(nodes, id, func(n Node, id string) int { return strings.Compare(n.ID, id) })
	return &nodes[i]
}

// holds returns what a node holds open that nobody else may, as its kind and options; empty for nothing.
func holds(n *Node) string {
	role, _, _ := strings.Cut(n.ID, "/")
	var key strings.Builder
	exclusive := false
	for _, f := range n.Fields {
		if f.Name == "kind" || strings.HasPrefix(f.Name, "options.") {
			fmt.Fprintf(&key, "%s=%s ", f.Name, f.Value)
			exclusive = exclusive || f.Class == node.Exclusive
		}
	}
	if !exclusive {
		return ""
	}
	return role + " " + key.String()
}

// change compares two nodes of one id.
func change(a, b *Node) Change {
	c := Change{ID: a.ID, Place: b.Place}
	if a.Wired == b.Wired {
		return c
	}
	c.Fields = differ(a.Fields, b.Fields)
	if !slices.Equal(a.Inputs, b.Inputs) {
		c.Rewired, c.Inputs = true, b.Inputs
	}
	c.Action = Retune
	for _, f := range c.Fields {
		if f.Class != node.Retune {
			c.Action = Replace
		}
		c.Exclusive = c.Exclusive || f.Class == node.Exclusive
	}
	return c
}

// differ returns the fields that are not the same in both.
func differ(a, b []Field) []FieldChange {
	var out []FieldChange
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Name < b[0].Name:
			out = append(out, FieldChange{Name: a[0].Name, Old: a[0].Value, Class: a[0].Class, Unit: a[0].Unit})
			a = a[1:]
		case len(a) == 0 || b[0].Name < a[0].Name:
			out = append(out, FieldChange{Name: b[0].Name, New: b[0].Value, Class: b[0].Class, Unit: b[0].Unit})
			b = b[1:]
		default:
			if !bytes.Equal(a[0].Value, b[0].Value) {
				out = append(out, FieldChange{Name: a[0].Name, Old: a[0].Value, New: b[0].Value, Class: b[0].Class, Unit: b[0].Unit})
			}
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// Apply returns the nodes that changes make of a: Apply(Diff(a, b), a) is b. The error names a node that is not there, or
// that is there already.
func Apply(changes []Change, a []Node) ([]Node, error) {
	have := map[string]*Node{}
	for i := range a {
		have[a[i].ID] = &a[i]
	}
	var out []Node
	for _, c := range changes {
		old, ok := have[c.ID]
		if ok == (c.Action == Add) {
			return nil, fmt.Errorf("node %q: cannot %s it: it is there: %v", c.ID, c.Action, ok)
		}
		delete(have, c.ID)
		if c.Action == Remove {
			continue
		}
		n := Node{ID: c.ID, Place: c.Place}
		if ok {
			n.Fields, n.Inputs = slices.Clone(old.Fields), slices.Clone(old.Inputs)
		}
		if c.Rewired {
			n.Inputs = slices.Clone(c.Inputs)
		}
		for _, f := range c.Fields {
			n.set(f)
		}
		n.seal()
		out = append(out, n)
	}
	if len(have) > 0 {
		return nil, fmt.Errorf("nothing is said of %d nodes", len(have))
	}
	return out, nil
}

// set makes one change of a field.
func (n *Node) set(f FieldChange) {
	i := slices.IndexFunc(n.Fields, func(g Field) bool { return g.Name == f.Name })
	switch {
	case f.New == nil:
		n.Fields = slices.Delete(n.Fields, i, i+1)
	case i < 0:
		n.Fields = append(n.Fields, Field{Name: f.Name, Value: f.New, Class: f.Class, Unit: f.Unit})
	default:
		n.Fields[i].Value, n.Fields[i].Class = f.New, f.Class
	}
}
