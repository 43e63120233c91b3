package reload

import (
	"fmt"
	"slices"

	"rvo.dev/dsl"
)

// Node is a node of the pipeline that runs, as it was written.
type Node struct {
	ID     string    `json:"id"`   // "detector/person"
	Role   string    `json:"role"` // camera, detector, event, evidence or sink
	Name   string    `json:"name"`
	Kind   string    `json:"kind,omitempty"`
	Place  dsl.Place `json:"place"`
	Source string    `json:"source"` // file, or api: it was edited over HTTP
	CUE    string    `json:"cue"`    // evaluated, without credentials
}

// role returns what a node of a collection is called.
func role(collection string) string {
	if collection == "evidence" {
		return collection
	}
	return collection[:len(collection)-1]
}

// collection returns the field that nodes of a role stand in.
func collection(of string) (string, bool) {
	for _, c := range dsl.Collections() {
		if role(c) == of || c == of {
			return c, true
		}
	}
	return "", false
}

// List returns the nodes of a pipeline, those that are not enabled too, in the order of the language and of their names.
func List(in *Loaded) ([]Node, error) {
	nodes, err := dsl.Nodes(in.Source)
	if err != nil {
		return nil, fmt.Errorf("the pipeline as it was evaluated: %w", err)
	}
	edited, err := dsl.Entries(in.Overlay)
	if err != nil {
		return nil, err
	}
	out := []Node{}
	for _, e := range nodes {
		kind, at, _ := nodeOf(in.Spec, e.Collection, e.Name)
		n := Node{
			ID: role(e.Collection) + "/" + e.Name, Role: role(e.Collection), Name: e.Name, Kind: kind, Source: "file", CUE: e.Value,
			Place: dsl.Place{File: at.File, Line: at.Line, Col: at.Col},
		}
		if slices.ContainsFunc(edited, func(o dsl.Entry) bool { return o.Collection == e.Collection && o.Name == e.Name }) {
			n.Source = "api"
		}
		out = append(out, n)
	}
	return out, nil
}
