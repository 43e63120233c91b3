package vet

import (
	"fmt"
	"path/filepath"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// recordBytes is what a record takes while it waits: an event with a dozen leaves and its labels.
const recordBytes = 4 << 10

// queueMemory is what the queues of a pipeline may take before vet says so.
const queueMemory = 64 << 20

func sameTargetCheck() Check {
	return Check{
		Code: "RVO501", Name: "two sinks that write one file", Built: true,
		Doc: `Two sinks write to the same file, or send to the same address: they would rotate it under each other's hands, or ` +
			`tell everything twice. One sink takes the records of any number of events.`,
		Run: func(p *Pass) {
			seen := map[string]string{}
			for i := range p.Graph.Sinks {
				s := &p.Graph.Sinks[i]
				uses := s.Kind.Contract.Uses(s.Options)
				for _, u := range slices.Concat(uses.Writes, uses.Endpoints) {
					key := s.SinkSpec.Kind + " " + u.Value
					if slices.Contains(uses.Writes, u) {
						key = "file " + filepath.Clean(u.Value)
					}
					first, ok := seen[key]
					if !ok {
						seen[key] = s.ID
						continue
					}
					path := "sinks." + s.ID + "." + s.SinkSpec.Kind + "." + u.Option
					p.Report(dsl.Finding{
						Path: path, Message: fmt.Sprintf("sink %s writes to %s, and so does sink %s", s.ID, u.Value, first),
						Related: []dsl.Related{{Place: p.Doc.Place("sinks." + first), Message: "sink " + first}},
						Hint:    "give each a file of its own, or let the events share one sink",
					})
				}
			}
		},
	}
}

func queueCheck() Check {
	return Check{
		Code: "RVO502", Name: "queue too short or too long", Built: true,
		Doc: `A queue with room for fewer records than there are events on cameras loses some of them when all are confirmed at ` +
			`once, as when the light goes on. A very long one takes memory and tells old news when the sink comes back.`,
		Run: func(p *Pass) {
			total, largest := int64(0), -1
			for i := range p.Graph.Sinks {
				s := &p.Graph.Sinks[i]
				total += int64(s.Queue) * recordBytes
				if largest < 0 || s.Queue > p.Graph.Sinks[largest].Queue {
					largest = i
				}
				machines := 0
				for _, e := range p.Graph.Events {
					if slices.Contains(e.Sinks, i) {
						machines += len(e.Machines)
					}
				}
				if machines <= s.Queue {
					continue
				}
				path := "sinks." + s.ID + ".queue"
				if !p.Doc.Has(path) {
					path = "sinks." + s.ID
				}
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
					Message: fmt.Sprintf("sink %s keeps %d records waiting, and its events on all cameras are %d", s.ID, s.Queue, machines),
					Hint:    fmt.Sprintf("queue: %d or more", machines),
				})
			}
			if total > queueMemory {
				s := &p.Graph.Sinks[largest]
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: "sinks." + s.ID + ".queue",
					Message: fmt.Sprintf("all queues together take up to %s (%s a record, assumed), that of sink %s the most", size(total), size(recordBytes), s.ID),
					Hint:    "a few thousand records outlast most pauses",
				})
			}
		},
	}
}

func silentEventCheck() Check {
	return Check{
		Code: "RVO503", Name: "critical event that nobody may hear of", Built: true, Whole: true,
		Doc: `The event is critical and its records go nowhere, or only to the terminal, where they are gone with it. Let a file ` +
			`or somebody else keep them.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Events {
				e := &p.Graph.Events[i]
				kept := slices.ContainsFunc(e.Sinks, func(s int) bool { return p.Graph.Sinks[s].SinkSpec.Kind != "stdout" })
				if e.Severity != "critical" || kept {
					continue
				}
				where := "nowhere"
				if len(e.Sinks) > 0 {
					where = "to the terminal alone"
				}
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: "events." + e.ID + ".severity",
					Message: fmt.Sprintf("event %s is critical, and its records go %s", e.ID, where),
					Hint:    "add a sink that keeps them, such as sinks: log: jsonl: {}",
				})
			}
		},
	}
}

func selfWrittenCheck() Check {
	return Check{
		Code: "RVO504", Name: "sink that writes what the pipeline reads", Built: true,
		Doc: `A sink writes over a file that the pipeline was read from, or that one of its nodes reads: every record changes ` +
			`it. Give the sink another file.`,
		Run: func(p *Pass) {
			reads := map[string]string{}
			for _, f := range p.Doc.Files {
				reads[f] = "the pipeline"
			}
			p.uses(func(n *pointing, u node.Uses) {
				for _, r := range u.Reads {
					if n.role != node.RoleSink {
						reads[p.inputPath(r.Value)] = n.role.String() + " " + n.id
					}
				}
			})
			p.uses(func(n *pointing, u node.Uses) {
				for _, w := range u.Writes {
					// A relative path leads into the state folder, which is not known here.
					who, ok := reads[filepath.Clean(w.Value)]
					if ok && filepath.IsAbs(w.Value) {
						p.Report(dsl.Finding{
							Path:    n.path + "." + w.Option,
							Message: fmt.Sprintf("%s %s writes to %s, which %s is read from", n.role, n.id, w.Value, who),
							Hint:    "give it another file; a relative path leads into the state folder",
						})
					}
				}
			})
		},
	}
}

// pointing is a node of the graph whose options may point outside of the pipeline.
type pointing struct {
	role node.Role
	id   string
	path string // of its options: "cameras.gate.rtsp"
}

// uses visits what every node points at.
func (p *Pass) uses(visit func(*pointing, node.Uses)) {
	at := func(role node.Role, field, id, kind string, c *node.Contract, options []byte) {
		visit(&pointing{role, id, field + "." + id + "." + kind}, c.Uses(options))
	}
	for i := range p.Graph.Cameras {
		c := &p.Graph.Cameras[i]
		at(node.RoleCamera, "cameras", c.ID, c.CameraSpec.Kind, &c.Kind.Contract, c.Options)
	}
	for i := range p.Graph.Detectors {
		d := &p.Graph.Detectors[i]
		at(node.RoleDetector, "detectors", d.ID, d.DetectorSpec.Kind, &d.Kind.Contract, d.Options)
	}
	for i := range p.Graph.Sinks {
		s := &p.Graph.Sinks[i]
		at(node.RoleSink, "sinks", s.ID, s.SinkSpec.Kind, &s.Kind.Contract, s.Options)
	}
}

func sameCameraCheck() Check {
	return Check{
		Code: "RVO500", Name: "two cameras that are one", Built: true,
		Doc: `Two cameras have the same source with the same options: every picture is fetched and decoded twice, and many ` +
			`cameras allow few connections. Several detectors and events can look at one camera.`,
		Run: func(p *Pass) {
			seen := map[string]*graph.Camera{}
			for i := range p.Graph.Cameras {
				c := &p.Graph.Cameras[i]
				if !c.Kind.Contract.Live {
					continue // a file can be played twice
				}
				key := c.CameraSpec.Kind + " " + string(c.Options)
				first, ok := seen[key]
				if !ok {
					seen[key] = c
					continue
				}
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: "cameras." + c.ID, Place: p.Doc.Place("cameras." + c.ID),
					Message: fmt.Sprintf("cameras %s and %s have the same source", first.ID, c.ID),
					Related: []dsl.Related{{Place: p.Doc.Place("cameras." + first.ID), Message: "camera " + first.ID}},
					Hint:    "make them one: any number of detectors and events can look at it",
				})
			}
		},
	}
}
