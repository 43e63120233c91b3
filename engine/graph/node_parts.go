package graph

import (
	"encoding/json"
	"slices"
	"strings"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// What a change of each setting asks of what runs: this is the one place that says so. Settings of the core and of the engine
// are retuned between two pictures; what a node was opened with is replaced.

func (n *namer) engine() {
	g := n.g
	fs := fields(node.Retune, "cores", g.Cores, "ringMemory", g.RingMemory, "reserve", g.Reserve, "memory", g.Memory)
	n.add(Node{ID: "engine", Fields: append(fs, fields(node.Replace, "lockstep", g.Lockstep)...)})
}

func (n *namer) camera(ci int) {
	c := &n.g.Cameras[ci]
	fs := n.kind(c.Kind, c.Options)
	fs = append(fs, fields(replaces(c.Kind), "pace", word(c.Pace, "live", "lockstep"))...)
	for _, f := range []struct {
		name  string
		value any
	}{{"fps", c.FPS}, {"width", c.Width}, {"height", c.Height}, {"loop", c.Loop}} {
		class, ok := c.Kind.Contract.Changes["camera."+f.name]
		if !ok {
			class = replaces(c.Kind)
		}
		fs = append(fs, fields(class, f.name, f.value)...)
	}
	moved := priority(Normal)
	if c.Priority != nil {
		moved = priority(*c.Priority)
	}
	fs = append(fs, fields(node.Retune, "freezeAfter", c.FreezeAfter, "priority", moved, "zones", c.Zones, "masks", c.Masks,
		"labels", c.Labels)...)
	n.add(Node{ID: "camera/" + c.ID, Fields: fs, Place: c.Place})
	if c.Ring > 0 {
		fs := fields(node.Retune, "ring", c.Ring, "fps", c.RingFPS, "bytes", c.RingBytes, "quality", c.Quality)
		n.add(Node{ID: "ring/" + c.ID, Fields: fs, Inputs: []string{"camera/" + c.ID}, Place: c.Place})
	}
}

func (n *namer) detector(di int) {
	d := &n.g.Detectors[di]
	model := n.kind(d.Kind, d.Options)
	if d.Isolate == IsolateProcess {
		for i := range model {
			if model[i].Class == node.Retune {
				model[i].Class = replaces(d.Kind) // its options were sent to another process
			}
		}
	}
	model = append(model, fields(replaces(d.Kind), "threads", d.Threads, "isolate", word(d.Isolate, "thread", "process"))...)
	n.add(Node{ID: "detector/" + d.ID, Fields: slices.Clone(model), Place: d.Place})
	for _, i := range d.Instances {
		in := &n.g.Instances[i]
		c := &n.g.Cameras[in.Camera]
		fs := append(slices.Clone(model), fields(node.Retune, "period", in.Period, "slowest", in.Slowest, "cost", in.Cost,
			"class", word(in.Class, "low", "medium", "high"), "timeout", in.Timeout, "maxAge", in.MaxAge, "priority", priority(in.Priority),
			"frame", word(d.Frame, "next", "newest"), "load", word(d.Load, "backoff", "none", "adaptive"), "needs", d.Needs, "when", cond(d.When), "zones", n.zones(d.When, in.Camera))...)
		if d.Kind.Contract.Masks {
			fs = append(fs, fields(replaces(d.Kind), "masks", Polygons(c.Masks))...)
		}
		fs = append(fs, listed(d, c)...)
		inputs := append(n.signals(in.Needs), "detector/"+d.ID, "camera/"+c.ID)
		if in.Gate != nil {
			inputs = append(inputs, n.signals(in.Gate.Cells())...)
		}
		n.add(Node{ID: "detector/" + n.g.InstanceName(i), Fields: fs, Inputs: inputs, Place: d.Place})
	}
}

// listed returns the polygons of the camera's zones that the detector's options name: an instance is opened with them.
func listed(d *Detector, c *Camera) []Field {
	var options map[string]json.RawMessage
	var names []string
	if option := d.Kind.Contract.Zones; option == "" || json.Unmarshal(d.Options, &options) != nil || json.Unmarshal(options[option], &names) != nil {
		return nil
	}
	var out []Field
	for _, z := range c.Zones {
		if slices.Contains(names, z.Name) {
			out = append(out, fields(replaces(d.Kind), "zone."+z.Name, z.Polygon)...)
		}
	}
	return out
}

func (n *namer) signal(i int) {
	c := &n.g.Cells[i]
	if c.Camera == AllCameras {
		return // of no camera that runs
	}
	fs := append(fields(node.Replace, "type", c.Type.String()), fields(node.Retune, "ttl", c.TTL)...)
	s := Node{ID: n.signalID(i), Fields: fs, Place: n.g.Cameras[c.Camera].Place}
	switch {
	case c.Own:
		s.Inputs = []string{"camera/" + n.g.Cameras[c.Camera].ID}
	case c.Instance >= 0:
		s.Inputs = []string{"detector/" + n.g.InstanceName(c.Instance)}
		s.Place = n.g.Detectors[n.g.Instances[c.Instance].Detector].Place
	}
	n.add(s)
}

func (n *namer) machine(mi int) {
	m := &n.g.Machines[mi]
	e := &n.g.Events[m.Event]
	id := "event/" + e.ID
	if m.Camera != AllCameras {
		id += "@" + n.g.Cameras[m.Camera].ID
	}
	inputs := n.signals(m.Program.Cells())
	if e.Evidence >= 0 {
		inputs = append(inputs, "evidence/"+n.g.Evidence[e.Evidence].ID)
	}
	for _, s := range e.Sinks {
		inputs = append(inputs, "sink/"+n.g.Sinks[s].ID)
	}
	n.add(Node{
		ID: id, Inputs: inputs, Place: e.Place,
		Fields: fields(node.Retune, "when", cond(e.When), "zones", n.zones(e.When, m.Camera), "hold", e.Hold, "grace", e.Grace,
			"unknownGrace", e.UnknownGrace, "cooldown", e.Cooldown, "maxDuration", e.MaxDuration, "hasMax", e.HasMax, "updates", e.Updates,
			"during", e.During, "decideWithin", e.DecideWithin, "severity", e.Severity, "labels", e.Labels),
	})
}

func (n *namer) evidence(e *EvidenceSpec) {
	fs := fields(node.Retune, "pre", e.Pre, "post", e.Post, "fps", e.FPS, "quality", e.Quality, "keep", e.Keep, "maxBytes", e.MaxBytes,
		"minFree", e.MinFree)
	n.add(Node{ID: "evidence/" + e.ID, Fields: append(fs, fields(node.Replace, "dir", e.Dir)...), Place: e.Place})
}

func (n *namer) sink(s *Sink) {
	fs := append(n.kind(s.Kind, s.Options), fields(node.Retune, "queue", s.Queue)...)
	n.add(Node{ID: "sink/" + s.ID, Fields: fs, Place: s.Place})
}

// word returns a choice as the pipeline writes it.
func word[E ~uint8](v E, words ...string) string { return words[v] }

func priority(p Priority) string { return word(p, "low", "normal", "high", "critical") }

// signals returns the ids of cells.
func (n *namer) signals(cells []int) []string {
	var out []string
	for _, c := range cells {
		if n.g.Cells[c].Camera != AllCameras {
			out = append(out, n.signalID(c))
		}
	}
	return out
}

func (n *namer) signalID(cell int) string {
	c := &n.g.Cells[cell]
	return "signal/" + c.Signal + "@" + n.g.Cameras[c.Camera].ID
}

// zones returns what a condition's leaves on boxes ask of the cameras that they look at: the polygons they name and all
// masks, in the order of the leaves. The condition has only their names.
func (n *namer) zones(when *event.Cond, camera int) []signal.Polygon {
	var out []signal.Polygon
	if when == nil {
		return nil
	}
	when.Walk(func(leaf *event.Cond) {
		ci := camera
		if leaf.Camera != "" {
			ci = n.g.CameraIndex(leaf.Camera)
		}
		if ci < 0 || leaf.Op != event.OpCompare || n.typeOf(leaf.Signal) != signal.TypeBoxes {
			return
		}
		c := &n.g.Cameras[ci]
		if leaf.Filter != nil {
			for _, name := range slices.Concat(leaf.Filter.Zones, leaf.Filter.Outside) {
				for _, z := range c.Zones {
					if z.Name == name {
						out = append(out, z.Polygon)
					}
				}
			}
		}
		out = append(out, Polygons(c.Masks)...)
	})
	return out
}

// typeOf returns the type of a signal, as far as the graph needs it: of a detector that runs.
func (n *namer) typeOf(name string) signal.Type {
	if strings.HasPrefix(name, CameraSignals+".") {
		return signal.TypeNone // none of a camera's own has boxes
	}
	id, sig, _ := strings.Cut(name, ".")
	for i := range n.g.Detectors {
		if d := &n.g.Detectors[i]; d.ID == id {
			for _, e := range d.Emits {
				if e.Name == sig {
					return e.Type
				}
			}
		}
	}
	return signal.TypeNone
}
