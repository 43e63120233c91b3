// Package draw shows what a pipeline is made of and what goes where: as a drawing for people, as data for programs.
//
//	p := draw.Of(g)
//	err := p.Write(os.Stdout, draw.Mermaid)
//
// A node stands for a camera, detector, event, evidence policy or sink; a detector on several cameras is one node. The same
// graph gives the same bytes. The package starts no goroutine.
package draw

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
)

// Format is how a picture is written.
type Format string

const (
	// Mermaid is a flowchart, which GitHub, GitLab and many editors draw in Markdown.
	Mermaid Format = "mermaid"
	// DOT is Graphviz's language.
	DOT Format = "dot"
	// JSON is nodes and edges.
	JSON Format = "json"
	// SVG is a drawing that needs no other program.
	SVG Format = "svg"
)

// Formats lists all formats.
func Formats() []Format { return []Format{Mermaid, DOT, JSON, SVG} }

// Parse returns the format with this name.
func Parse(name string) (Format, error) {
	if slices.Contains(Formats(), Format(name)) {
		return Format(name), nil
	}
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("format %q is not known: %s", name, dsl.DidYouMean(name, names, "there are"))
}

// Node is something of the pipeline.
type Node struct {
	// ID is role and name: "camera/front".
	ID string `json:"id"`
	// Role is camera, detector, event, evidence or sink.
	Role string `json:"role"`
	// Name is the id in the pipeline.
	Name string `json:"name"`
	// Kind is the kind of a camera, detector or sink.
	Kind string `json:"kind,omitempty"`
	// Detail is a few words on its settings.
	Detail string `json:"detail,omitempty"`
	// Cameras are the cameras that a detector runs on or an event is watched on.
	Cameras []string `json:"cameras,omitempty"`
	// Place is where it is written; nil: nowhere.
	Place *dsl.Place `json:"place,omitempty"`
}

// The kinds of edges.
const (
	// Frames is pictures, from a camera to a detector.
	Frames = "frames"
	// Needs is signals that a detector reads.
	Needs = "needs"
	// Gate is signals that decide whether a detector runs.
	Gate = "gate"
	// Condition is signals that decide an event.
	Condition = "condition"
	// Keeps is what is kept of an event.
	Keeps = "keeps"
	// Records is an event's records.
	Records = "records"
)

// Edge is what goes from one node to another.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
	Kind string `json:"kind"`
	// Signals are the names of what goes along it, of the edges between detectors and to events.
	Signals []string `json:"signals,omitempty"`
}

// Part is what a reload keeps, changes or replaces on its own: a detector on one of its cameras, a ring, a signal. Its id is
// stable, and it is the same as before while its hash is.
type Part struct {
	ID     string   `json:"id"`
	Inputs []string `json:"inputs,omitempty"`
	// Own is the hash of its settings as the pipeline gives them; what is in files and secrets has no part in it.
	Own string `json:"own"`
	// Wired is the hash of Own and the ids of its inputs.
	Wired string     `json:"wired"`
	Place *dsl.Place `json:"place,omitempty"`
}

// Picture is the nodes of a pipeline, by role and name, and the edges between them.
type Picture struct {
	Pipeline string `json:"pipeline"`
	Revision string `json:"revision"`
	Nodes    []Node `json:"nodes"`
	Edges    []Edge `json:"edges"`
	Parts    []Part `json:"parts"` // by id
}

// Write writes the picture.
func (p *Picture) Write(w io.Writer, f Format) error {
	switch f {
	case Mermaid:
		return p.mermaid(w)
	case DOT:
		return p.dot(w)
	case JSON:
		return p.json(w)
	case SVG:
		return p.svg(w)
	}
	return fmt.Errorf("no format %q", f)
}

// Of returns the picture of a graph: what is enabled.
func Of(g *graph.Graph) *Picture {
	b := &builder{Picture: &Picture{Pipeline: g.Name, Revision: g.Revision, Nodes: []Node{}, Edges: []Edge{}, Parts: []Part{}}, at: map[[3]string]int{}}
	for i := range g.Cameras {
		c := &g.Cameras[i]
		b.node(Node{Role: "camera", Name: c.ID, Kind: c.CameraSpec.Kind, Detail: rate(c.FPS)}, c.Place)
	}
	for i := range g.Detectors {
		d := &g.Detectors[i]
		n := Node{Role: "detector", Name: d.ID, Kind: d.DetectorSpec.Kind, Detail: rate(d.FPS)}
		for _, at := range d.Instances {
			camera := g.Cameras[g.Instances[at].Camera].ID
			n.Cameras = append(n.Cameras, camera)
			if !d.Kind.Contract.NoFrame {
				b.edge(Edge{From: "camera/" + camera, To: "detector/" + d.ID, Kind: Frames})
			}
		}
		b.node(n, d.Place)
		for _, name := range d.Needs {
			b.signal(name, "", "detector/"+d.ID, Needs, n.Cameras)
		}
		b.signals(d.When, "detector/"+d.ID, Gate, n.Cameras)
	}
	for i := range g.Events {
		b.event(g, &g.Events[i])
	}
	for i := range g.Evidence {
		e := &g.Evidence[i]
		b.node(Node{Role: "evidence", Name: e.ID, Detail: "-" + e.Pre.String() + " +" + e.Post.String()}, e.Place)
	}
	for i := range g.Sinks {
		s := &g.Sinks[i]
		b.node(Node{Role: "sink", Name: s.ID, Kind: s.SinkSpec.Kind}, s.Place)
	}
	b.prune()
	for _, n := range graph.Public(g.Nodes(graph.Facts{}), dsl.Redact, nil) { // what hashes tell can be guessed
		b.Parts = append(b.Parts, Part{ID: n.ID, Inputs: n.Inputs, Own: n.Own, Wired: n.Wired, Place: place(n.Place)})
	}
	return b.Picture
}

// builder collects nodes and edges.
type builder struct {
	*Picture
	at map[[3]string]int // where the edge between two nodes of one kind is
}

// place is nil for what stands nowhere.
func place(at graph.Place) *dsl.Place {
	if at == (graph.Place{}) {
		return nil
	}
	return &dsl.Place{File: at.File, Line: at.Line, Col: at.Col}
}

// prune drops edges from what is not enabled.
func (b *builder) prune() {
	known := map[string]bool{}
	for _, n := range b.Nodes {
		known[n.ID] = true
	}
	b.Edges = slices.DeleteFunc(b.Edges, func(e Edge) bool { return !known[e.From] || !known[e.To] })
}

func (b *builder) node(n Node, at graph.Place) {
	n.ID, n.Place = n.Role+"/"+n.Name, place(at)
	b.Nodes = append(b.Nodes, n)
}

// edge adds an edge, or its signals to the one that is there.
func (b *builder) edge(e Edge) {
	key := [3]string{e.From, e.To, e.Kind}
	i, ok := b.at[key]
	if !ok {
		b.at[key] = len(b.Edges)
		b.Edges = append(b.Edges, e)
		return
	}
	for _, s := range e.Signals {
		if !slices.Contains(b.Edges[i].Signals, s) {
			b.Edges[i].Signals = append(b.Edges[i].Signals, s)
		}
	}
}

func (b *builder) event(g *graph.Graph, e *graph.Event) {
	n := Node{Role: "event", Name: e.ID, Detail: e.Severity}
	for _, m := range e.Machines {
		if c := g.Machines[m].Camera; c >= 0 {
			n.Cameras = append(n.Cameras, g.Cameras[c].ID)
		}
	}
	if e.Hold > 0 {
		n.Detail += ", hold " + e.Hold.String()
	}
	b.node(n, e.Place)
	b.signals(e.When, "event/"+e.ID, Condition, n.Cameras)
	if e.Evidence >= 0 {
		b.edge(Edge{From: "event/" + e.ID, To: "evidence/" + g.Evidence[e.Evidence].ID, Kind: Keeps})
	}
	for _, s := range e.Sinks {
		b.edge(Edge{From: "event/" + e.ID, To: "sink/" + g.Sinks[s].ID, Kind: Records})
	}
}

// signals adds an edge for every signal of a condition.
func (b *builder) signals(c *event.Cond, to, kind string, cameras []string) {
	if c == nil {
		return
	}
	for _, r := range c.Signals() {
		b.signal(r.Signal, r.Camera, to, kind, cameras)
	}
}

// signal adds an edge from what gives a signal. A camera's own signals come from each camera that is looked at.
func (b *builder) signal(name, camera, to, kind string, cameras []string) {
	producer, short, _ := strings.Cut(name, ".")
	if camera != "" {
		short, cameras = camera+"."+short, []string{camera}
	}
	if producer != graph.CameraSignals {
		b.edge(Edge{From: "detector/" + producer, To: to, Kind: kind, Signals: []string{short}})
		return
	}
	for _, c := range cameras {
		b.edge(Edge{From: "camera/" + c, To: to, Kind: kind, Signals: []string{short}})
	}
}

// rate writes pictures or runs a second; empty where only the source knows.
func rate(fps float64) string {
	if fps <= 0 {
		return ""
	}
	return strconv.FormatFloat(fps, 'g', -1, 64) + "/s"
}
