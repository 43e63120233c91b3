package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
)

// Node is one thing that a graph runs, as it is compared with that of another graph. Its ID says what it is and stays the
// same from edit to edit:
//
//	engine                      what the pipeline may use
//	camera/gate                 a camera
//	ring/gate                   what is kept of its pictures
//	detector/person             what all cameras of a detector share: its model
//	detector/person@gate        the detector on a camera
//	signal/person.count@gate    a signal there
//	event/intrusion@gate        an event there, event/intrusion in scope pipeline
//	evidence/clip, sink/log     a policy, a sink
type Node struct {
	ID     string   `json:"id"`
	Fields []Field  `json:"fields"`           // by name: all that its behaviour follows from
	Inputs []string `json:"inputs,omitempty"` // ids of what it reads, sorted
	Own    string   `json:"own"`              // hash of the fields, 64 hexadecimal digits
	Wired  string   `json:"wired"`            // hash of Own and the ids of the inputs: a change of an input does not show
	Place  Place    `json:"place"`
}

// Field is one setting of a node after defaults, as canonical JSON: times in nanoseconds, sizes in bytes. Credentials that
// were written into an address are in it: redact it before it is shown.
type Field struct {
	Name  string          `json:"name"` // options.NAME for those of the kind
	Value json.RawMessage `json:"value"`
	Class node.Change     `json:"class"` // what a change of it asks for
	Unit  Unit            `json:"unit,omitempty"`
}

// Unit is what the number of a Field counts.
type Unit string

// The units. Whatever else there is has none, or is an option of a kind and its own business.
const (
	Nanoseconds Unit = "ns"
	Bytes       Unit = "B"
)

// unit returns the unit of a setting by its type: lengths of time have one, and all that is an int64 is a size.
func unit(v any) Unit {
	switch v.(type) {
	case time.Duration:
		return Nanoseconds
	case int64:
		return Bytes
	}
	return ""
}

// Facts are what the hash of a node depends on and the pipeline does not say. A nil function leaves its part out.
type Facts struct {
	// File returns the content hash of a file or folder that a node reads, by its path as it was written: relative to the
	// pipeline's folder, or empty where it cannot be read.
	File func(path string) string
	// Secret returns what changes with a secret and does not tell it.
	Secret func(node.Secret) string
}

// Nodes returns the nodes of the graph, sorted by id. Two graphs of the same pipeline and facts have equal nodes, but for places
// when only those moved.
func (g *Graph) Nodes(facts Facts) []Node {
	n := &namer{g: g, facts: facts}
	n.engine()
	for ci := range g.Cameras {
		n.camera(ci)
	}
	for di := range g.Detectors {
		n.detector(di)
	}
	for i := range g.Cells {
		n.signal(i)
	}
	for mi := range g.Machines {
		n.machine(mi)
	}
	for i := range g.Evidence {
		n.evidence(&g.Evidence[i])
	}
	for i := range g.Sinks {
		n.sink(&g.Sinks[i])
	}
	slices.SortFunc(n.out, func(a, b Node) int { return strings.Compare(a.ID, b.ID) })
	return n.out
}

// seal sorts what is in a node and computes its hashes.
func (n *Node) seal() {
	slices.SortFunc(n.Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(n.Inputs)
	n.Inputs = slices.Compact(n.Inputs)
	h := sha256.New()
	for _, f := range n.Fields {
		fmt.Fprintf(h, "%d:%s%d:%s", len(f.Name), f.Name, len(f.Value), f.Value)
	}
	n.Own = hex.EncodeToString(h.Sum(nil))
	h.Reset()
	h.Write([]byte(n.Own))
	for _, id := range n.Inputs {
		fmt.Fprintf(h, "%d:%s", len(id), id)
	}
	n.Wired = hex.EncodeToString(h.Sum(nil))
}

// namer makes the nodes of one graph.
type namer struct {
	g     *Graph
	facts Facts
	out   []Node
}

func (n *namer) add(made Node) {
	made.seal()
	n.out = append(n.out, made)
}

// fields returns settings that share a class, in turn a name and a value.
func fields(class node.Change, pairs ...any) []Field {
	var out []Field
	for i := 0; i < len(pairs); i += 2 {
		name, _ := pairs[i].(string)
		value, err := json.Marshal(pairs[i+1])
		if err != nil {
			panic(fmt.Sprintf("graph: field %s of %T: %v", name, pairs[i+1], err)) // they are numbers, texts and lists of them
		}
		out = append(out, Field{Name: name, Value: value, Class: class, Unit: unit(pairs[i+1])})
	}
	return out
}

// kind returns the kind of a node, its options and what they point at, which is retuned where the option is. What the contract gives no class is Exclusive where two
// nodes of the kind with the same options cannot be open at once.
func (n *namer) kind(k *node.Kind, options json.RawMessage) []Field {
	c := &k.Contract
	replace := replaces(k)
	out := fields(replace, "kind", c.Name, "version", c.Version)
	var all map[string]json.RawMessage
	if len(options) > 0 && json.Unmarshal(options, &all) != nil {
		out = append(out, fields(replace, "options", string(options))...) // Build has refused what is no struct
	}
	class := func(name string) node.Change {
		if class, ok := c.Changes[name]; ok {
			return class
		}
		return replace
	}
	for name, value := range all {
		var v any // once more through the encoder: keys in order, no spaces
		if json.Unmarshal(value, &v) != nil {
			continue
		}
		if members, ok := v.(map[string]any); ok && c.HasMembers(name) {
			for key, member := range members {
				out = append(out, fields(class(name+".*"), "options."+name+"."+key, member)...)
			}
			v = slices.Sorted(maps.Keys(members))
		}
		out = append(out, fields(class(name), "options."+name, v)...)
	}
	behind := func(option string) node.Change { // of what an option points at
		if class(option) == node.Retune {
			return node.Retune
		}
		return replace
	}
	uses := c.Uses(options)
	for _, u := range uses.Reads {
		if n.facts.File != nil {
			out = append(out, fields(behind(u.Option), "file."+u.Option, n.facts.File(u.Value))...)
		}
	}
	for _, u := range uses.Secrets {
		if n.facts.Secret != nil {
			out = append(out, fields(behind(u.Option), "secret."+u.Option, n.facts.Secret(u.Secret))...)
		}
	}
	return out
}

// replaces is the class of what a kind says nothing of.
func replaces(k *node.Kind) node.Change {
	if k.Contract.Exclusive {
		return node.Exclusive
	}
	return node.Replace
}

// cond returns a condition without what does not change its meaning, nil for none.
func cond(c *event.Cond) any {
	if c == nil {
		return nil
	}
	bare := *c
	bare.Path, bare.Of = "", nil
	type part struct {
		Cond event.Cond
		Of   []any `json:",omitempty"`
	}
	p := part{Cond: bare}
	for _, of := range c.Of {
		p.Of = append(p.Of, cond(of))
	}
	return p
}
