// Package plan says what a reload would do before it is done: which parts of a running pipeline are kept, retuned, replaced,
// added and removed, and what that means for load, memory and latency.
//
//	o := plan.Options{CPUs: 4, CPUsSource: analysis.Assumed}
//	old, edit := plan.Of(running, nodes, o), plan.Of(edited, edited.Nodes(facts), o)
//	err := plan.Compare(old, edit).Write(os.Stdout, plan.Text, plan.Usual)
//
// A Side is data: a running rvo gives its own as JSON, so that it can be compared with an edited file. It holds no credential.
// The package is pure and starts no goroutine.
package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

// Side is one of the two pipelines of a comparison.
type Side struct {
	Pipeline string `json:"pipeline"`
	// Revision is the content hash of the pipeline.
	Revision string `json:"revision"`
	// Generation counts the pipelines that a process has run, from 1; 0: it does not run.
	Generation uint64 `json:"generation,omitempty"`
	// CPUs is how many CPU slots a pipeline of this machine has that does not name its cores, and CPUsSource how that is known.
	CPUs       int             `json:"cpus"`
	CPUsSource analysis.Source `json:"cpusSource"`
	// Keyed says that nodes tell credentials apart: see graph.Public.
	Keyed bool `json:"keyed,omitempty"`
	// Nodes are what the pipeline is made of, as graph.Public shows them.
	Nodes []graph.Node `json:"nodes"`
	// Load is what it takes of the machine, and how late what it finds can be.
	Load *analysis.Report `json:"load"`
	// Memory is what it takes at most, and Limit what engine.memory leaves to pictures, in bytes; 0: no limit.
	Memory []graph.MemoryItem `json:"memory"`
	Limit  int64              `json:"limit,omitempty"`
}

// Options is what Of needs beside a graph.
type Options struct {
	// CPUs and CPUsSource are the side's.
	CPUs       int
	CPUsSource analysis.Source
	// Key tells credentials in values apart, see graph.Public: both sides of a comparison have the same, or it is not done.
	Key []byte
	// Generation is the side's.
	Generation uint64
}

// Of returns a graph as a side. Its nodes are handed in because those of a running pipeline are as they were when it was
// opened: a file that they read may be another now.
func Of(g *graph.Graph, nodes []graph.Node, o Options) *Side {
	slots := analysis.Options{Slots: g.Cores, SlotsSource: analysis.Given}
	if slots.Slots == 0 {
		slots.Slots, slots.SlotsSource = o.CPUs, o.CPUsSource
	}
	return &Side{
		Pipeline: g.Name, Revision: g.Revision, Generation: o.Generation,
		CPUs: o.CPUs, CPUsSource: o.CPUsSource, Keyed: len(o.Key) > 0,
		Nodes: graph.Public(nodes, redactor(), o.Key),
		Load:  analysis.Analyze(g, slots), Memory: graph.MemoryOf(g, nil), Limit: g.Memory,
	}
}

// redactor returns dsl.Redact that looks at the same text once: a thousand cameras say the same words.
func redactor() func(string) string {
	seen := map[string]string{}
	return func(text string) string {
		s, ok := seen[text]
		if !ok {
			s = dsl.Redact(text)
			seen[text] = s
		}
		return s
	}
}

// Running is the pipeline that a process runs, for who asks it.
type Running struct {
	Schema string `json:"schema"` // ConfigSchema
	Side
	// Source is the pipeline as it was evaluated, in CUE, without credentials.
	Source string `json:"source"`
	// Extra and Overlay are what is read beside the pipeline's files, without credentials: dsl.Options.
	Extra   string `json:"extra,omitempty"`
	Overlay string `json:"overlay,omitempty"`
	// Rejected is what the files say now and does not run; nil: they say what runs.
	Rejected *Rejected `json:"rejected,omitempty"`
}

// Rejected is an edit that was not taken.
type Rejected struct {
	At       time.Time     `json:"at"`
	Findings []dsl.Finding `json:"findings"`
	// Error says why it could not be prepared or was rolled back, Node and Step where.
	Error string `json:"error,omitempty"`
	Node  string `json:"node,omitempty"`
	Step  string `json:"step,omitempty"`
}

// ConfigSchema names the form of Running's JSON. Fields may be added to it; what is there keeps its meaning.
const ConfigSchema = "rvo.config/v1"

// ParseRunning reads the JSON of a Running. The error says what it is instead.
func ParseRunning(data []byte) (*Running, error) {
	var r Running
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("no JSON of a running pipeline: %w", err)
	}
	if r.Schema != ConfigSchema || r.Load == nil {
		return nil, fmt.Errorf("schema is %q, and this rvo reads %q", r.Schema, ConfigSchema)
	}
	for i := range r.Nodes {
		for j := range r.Nodes[i].Fields {
			f := &r.Nodes[i].Fields[j]
			var b bytes.Buffer // whoever stood between may have indented it
			if err := json.Compact(&b, f.Value); err != nil {
				return nil, fmt.Errorf("node %s: %s: %w", r.Nodes[i].ID, f.Name, err)
			}
			f.Value = b.Bytes()
		}
	}
	return &r, nil
}
