package plan

import (
	"slices"
	"strings"

	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

// Schema names the form of a plan's JSON. Fields may be added to it; what is there keeps its meaning.
const Schema = "rvo.plan/v1"

// Plan is what becomes of a pipeline when another follows it.
type Plan struct {
	Schema string `json:"schema"`
	Old    Ref    `json:"old"`
	New    Ref    `json:"new"`
	Counts Counts `json:"counts"`
	// Changes are what is not kept, by id. A field NAME.hidden without values says that a credential in NAME is another.
	Changes []graph.Change `json:"changes"`
	// Pools are the CPU slots and the places for blocking runs.
	Pools  []PoolChange `json:"pools"`
	Memory Memory       `json:"memory"`
	// Latency are the events whose time from "true in front of the camera" to confirmed has another bound, or that come or go.
	Latency []LatencyChange `json:"latency"`
}

// Ref names a pipeline.
type Ref struct {
	Pipeline   string `json:"pipeline"`
	Revision   string `json:"revision"`
	Generation uint64 `json:"generation,omitempty"`
}

// Counts are how many nodes there are of each action. Exclusive are those of Replace whose old and new cannot both be open.
type Counts struct {
	Keep      int `json:"keep"`
	Retune    int `json:"retune"`
	Replace   int `json:"replace"`
	Exclusive int `json:"exclusive"`
	Add       int `json:"add"`
	Remove    int `json:"remove"`
}

// PoolChange is how many places detectors want at the same time on average.
type PoolChange struct {
	Name string          `json:"name"` // "cpu" or "blocking"
	Old  PoolLoad        `json:"old"`
	New  PoolLoad        `json:"new"`
	Cost analysis.Source `json:"cost"` // the least that the new one is made of
}

// PoolLoad is what is wanted of a pool.
type PoolLoad struct {
	Slots      int             `json:"slots"`
	Source     analysis.Source `json:"source"`
	Wanted     float64         `json:"wanted"`
	Overloaded bool            `json:"overloaded"`
}

// Memory is what is taken at most, in bytes. Models are not in it.
type Memory struct {
	Old         int64 `json:"old"`
	New         int64 `json:"new"`
	OldPictures int64 `json:"oldPictures"` // what engine.memory bounds
	NewPictures int64 `json:"newPictures"`
	// Both is taken while what is replaced or goes is open beside what comes.
	Both   int64        `json:"both"`
	Limit  int64        `json:"limit,omitempty"` // the new pipeline's engine.memory; 0: none
	Source graph.Source `json:"source"`
}

// LatencyChange is the bound of one event's latency. Old or New is nil where there is no such event.
type LatencyChange struct {
	Event        string          `json:"event"` // "intrusion@gate"
	Old          *analysis.Bound `json:"old,omitempty"`
	New          *analysis.Bound `json:"new,omitempty"`
	DecideWithin analysis.Span   `json:"decideWithin,omitempty"`
}

// Changed reports whether a reload would do anything.
func (p *Plan) Changed() bool { return len(p.Changes) > 0 }

// Compare returns what becomes of old when now follows it. Where one of them is not keyed, credentials within values are not
// looked at.
func Compare(old, now *Side) *Plan {
	p := &Plan{
		Schema: Schema, Old: old.ref(), New: now.ref(), Changes: []graph.Change{},
		Pools: pools(old.Load, now.Load), Latency: latency(old.Load, now.Load),
	}
	before, after := old.Nodes, now.Nodes
	if !old.Keyed || !now.Keyed {
		before, after = graph.WithoutHidden(before), graph.WithoutHidden(after)
	}
	for _, c := range graph.Compare(before, after) {
		p.Counts.add(&c)
		if c.Action == graph.Keep {
			continue
		}
		for i := range c.Fields {
			if f := &c.Fields[i]; strings.HasSuffix(f.Name, graph.HiddenSuffix) {
				f.Old, f.New = nil, nil
			}
		}
		p.Changes = append(p.Changes, c)
	}
	p.Memory = memory(old, now, p.Changes)
	return p
}

func (s *Side) ref() Ref {
	return Ref{Pipeline: s.Pipeline, Revision: s.Revision, Generation: s.Generation}
}

func (n *Counts) add(c *graph.Change) {
	switch c.Action {
	case graph.Keep:
		n.Keep++
	case graph.Retune:
		n.Retune++
	case graph.Replace:
		n.Replace++
		if c.Exclusive {
			n.Exclusive++
		}
	case graph.Add:
		n.Add++
	case graph.Remove:
		n.Remove++
	}
}

func pools(old, now *analysis.Report) []PoolChange {
	load := func(r *analysis.Report, name string) PoolLoad {
		for _, p := range r.Pools {
			if p.Name == name {
				return PoolLoad{Slots: p.Slots, Source: p.Source, Wanted: p.Wanted, Overloaded: p.Overloaded}
			}
		}
		return PoolLoad{}
	}
	out := []PoolChange{}
	for _, p := range now.Pools {
		c := PoolChange{Name: p.Name, Old: load(old, p.Name), New: load(now, p.Name)}
		for _, d := range now.Detectors {
			if d.Pool == p.Name && d.Wanted > 0 {
				c.Cost = max(c.Cost, d.Source)
			}
		}
		out = append(out, c)
	}
	return out
}

// memory adds up both sides, and what both take while a swap lasts: an exclusive node is never open twice, and a kept or
// retuned one only once.
func memory(old, now *Side, changes []graph.Change) Memory {
	m := Memory{Limit: now.Limit}
	m.Old, m.OldPictures = graph.Sum(old.Memory)
	m.New, m.NewPictures = graph.Sum(now.Memory)
	m.Both = m.New
	beside := map[string]bool{}
	for _, c := range changes {
		beside[c.ID] = !c.Exclusive && (c.Action == graph.Replace || c.Action == graph.Remove)
	}
	for _, i := range old.Memory {
		if beside[i.Node] {
			m.Both += i.Bytes
		}
	}
	for _, i := range now.Memory {
		m.Source = max(m.Source, i.Source)
	}
	return m
}

func latency(old, now *analysis.Report) []LatencyChange {
	before := map[string]*analysis.Event{}
	for i := range old.Events {
		before[old.Events[i].Name] = &old.Events[i]
	}
	out := []LatencyChange{}
	for i := range now.Events {
		e := &now.Events[i]
		c := LatencyChange{Event: e.Name, New: &e.Latency, DecideWithin: e.DecideWithin}
		if was := before[e.Name]; was != nil {
			c.Old = &was.Latency
			delete(before, e.Name)
			if was.Latency.Total == e.Latency.Total && was.DecideWithin == e.DecideWithin {
				continue
			}
		}
		out = append(out, c)
	}
	for name, e := range before {
		out = append(out, LatencyChange{Event: name, Old: &e.Latency})
	}
	slices.SortFunc(out, func(a, b LatencyChange) int { return strings.Compare(a.Event, b.Event) })
	return out
}
