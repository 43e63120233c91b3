package draw

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// mermaid writes a flowchart. Ids of nodes are made of role and name, which cannot meet: roles have no underscore.
func (p *Picture) mermaid(w io.Writer) error {
	var b strings.Builder
	id := func(s string) string { return strings.Replace(s, "/", "_", 1) }
	quote := func(s string) string { return `"` + strings.NewReplacer(`"`, "#quot;", "\n", "<br/>").Replace(s) + `"` }
	b.WriteString("flowchart LR\n")
	shapes := map[string][2]string{
		"camera": {"([", "])"}, "detector": {"[", "]"}, "event": {"{{", "}}"}, "evidence": {"[(", ")]"}, "sink": {"[/", "/]"},
	}
	for _, n := range p.Nodes {
		fmt.Fprintf(&b, "  %s%s%s%s\n", id(n.ID), shapes[n.Role][0], quote(strings.Join(n.lines(), "\n")), shapes[n.Role][1])
	}
	for _, e := range p.Edges {
		arrow := "-->"
		if e.Kind == Gate {
			arrow = "-.->"
		}
		if l := e.label(); l != "" {
			arrow += "|" + quote(l) + "|"
		}
		fmt.Fprintf(&b, "  %s %s %s\n", id(e.From), arrow, id(e.To))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// dot writes a graph for Graphviz.
func (p *Picture) dot(w io.Writer) error {
	var b strings.Builder
	quote := func(s string) string {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
	}
	shapes := map[string]string{
		"camera": "ellipse", "detector": "box", "event": "hexagon", "evidence": "cylinder", "sink": "parallelogram",
	}
	fmt.Fprintf(&b, "digraph %s {\n  rankdir=LR\n", quote(p.Pipeline))
	for _, n := range p.Nodes {
		fmt.Fprintf(&b, "  %s [shape=%s, label=%s]\n", quote(n.ID), shapes[n.Role], quote(strings.Join(n.lines(), "\n")))
	}
	for _, e := range p.Edges {
		var attrs []string
		if l := e.label(); l != "" {
			attrs = append(attrs, "label="+quote(l))
		}
		if e.Kind == Gate {
			attrs = append(attrs, "style=dashed")
		}
		fmt.Fprintf(&b, "  %s -> %s", quote(e.From), quote(e.To))
		if len(attrs) > 0 {
			fmt.Fprintf(&b, " [%s]", strings.Join(attrs, ", "))
		}
		b.WriteString("\n")
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// json writes the picture as it is, with the name of its form.
func (p *Picture) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Schema string `json:"schema"`
		*Picture
	}{"rvo.graph/v1", p})
}

// lines are what is written into a node.
func (n *Node) lines() []string {
	out := []string{n.Name}
	second := strings.TrimPrefix(n.Kind+" "+n.Detail, " ")
	if second = strings.TrimSpace(second); second != "" {
		out = append(out, second)
	}
	return out
}

// label is what is written beside an edge: the signals, or what a gate waits for.
func (e *Edge) label() string {
	s := strings.Join(e.Signals, ", ")
	if e.Kind == Gate {
		return "when " + s
	}
	return s
}
