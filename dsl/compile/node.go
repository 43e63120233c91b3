package compile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// The defaults of evidence: enough of before and after to see what happened, at a quality that hides nothing.
const (
	DefaultPre     = 5 * time.Second
	DefaultPost    = 5 * time.Second
	DefaultQuality = 90
	DefaultDir     = "evidence"
)

// DefaultSink is the kind, and the id, of the sink of a pipeline that says nothing of sinks.
const DefaultSink = "stdout"

// DefaultSeverity is how much an event matters that does not say.
const DefaultSeverity = "info"

// priority reads a priority; normal where there is none.
func (*compiler) priority(w *string) graph.Priority {
	return word(w, named[graph.Priority]{"normal", graph.Normal}, named[graph.Priority]{"low", graph.Low},
		named[graph.Priority]{"high", graph.High}, named[graph.Priority]{"critical", graph.Critical})
}

func (c *compiler) detector(id string) {
	in, path := c.in.Detectors[id], "detectors."+id
	s := graph.DetectorSpec{
		ID: id, Cameras: c.cameras(path+".cameras", in.Cameras),
		FPS: or(in.FPS, 0), Cost: c.duration(path+".cost", in.Cost, 0), Threads: or(in.Threads, 1),
		Timeout: c.duration(path+".timeout", in.Timeout, 0),
		Frame: word(in.Frame, named[graph.FramePolicy]{"next", graph.FrameNext},
			named[graph.FramePolicy]{"newest", graph.FrameNewest}),
		MaxAge:   c.duration(path+".maxAge", in.MaxAge, 0),
		Priority: c.priority(in.Priority), MinFPS: or(in.MinFPS, 0),
		Load: word(in.Load, named[graph.LoadPolicy]{"backoff", graph.LoadBackoff},
			named[graph.LoadPolicy]{"none", graph.LoadNone}, named[graph.LoadPolicy]{"adaptive", graph.LoadAdaptive}),
		Isolate: word(in.Isolate, named[graph.Isolation]{"thread", graph.IsolateThread},
			named[graph.Isolation]{"process", graph.IsolateProcess}),
		Enabled: or(in.Enabled, true), Place: c.place(path),
	}
	if s.MinFPS > s.FPS && in.FPS != nil {
		c.report(dsl.Finding{
			Code: dsl.CodeValue, Path: path + ".minFps", Place: c.doc.ValuePlace(path + ".minFps"),
			Message: fmt.Sprintf("minFps %v is above fps %v", s.MinFPS, s.FPS),
			Hint:    "lower it, or raise fps",
			Related: []dsl.Related{{Place: c.doc.ValuePlace(path + ".fps"), Message: "fps"}},
		})
	}
	if in.CostClass != nil {
		class := word(in.CostClass, named[graph.CostClass]{"low", graph.CostLow},
			named[graph.CostClass]{"medium", graph.CostMedium}, named[graph.CostClass]{"high", graph.CostHigh})
		s.CostClass = &class
	}
	c.on(&s, path, in.On)
	for i, name := range in.Needs {
		at := fmt.Sprintf("%s.needs.%d", path, i)
		if slices.Contains(in.Needs[:i], name) {
			c.report(dsl.Finding{Code: CodeSignal, Path: at, Message: name + " is needed twice", Hint: "take one away"})
		}
		if producer, _, _ := strings.Cut(name, "."); producer == graph.CameraSignals {
			c.report(dsl.Finding{
				Code: CodeSignal, Path: at, Message: name + " is a camera's own signal: it can be no need",
				Hint: "use it in the detector's when",
			})
			continue
		}
		c.signal(at, name)
	}
	s.Needs = in.Needs
	if in.When != nil {
		s.When = c.condition(path, "when", in.When, graph.ScopeCamera)
		on := s.Cameras
		if len(on) == 0 {
			on = c.cams
		}
		c.zones(path, s.When, on)
	}
	for _, name := range ids(in.Emits) {
		at := path + ".emits." + name
		c.emitted(at, id, name)
		if ttl := in.Emits[name].TTL; ttl != nil {
			if s.TTL == nil {
				s.TTL = map[string]time.Duration{}
			}
			s.TTL[name] = c.duration(at+".ttl", ttl, 0)
		}
	}
	// The kind was looked for, and a lack of it reported, when the signals were collected.
	for name, options := range in.Kinds {
		if _, ok := c.emits[id]; ok {
			s.Kind, s.Options = name, options
			c.listedZones(path, &s)
		}
	}
	c.spec.Detectors = append(c.spec.Detectors, s)
}

func (c *compiler) event(id string) {
	in, path := c.in.Events[id], "events."+id
	s := graph.EventSpec{
		ID: id, Cameras: c.cameras(path+".cameras", in.Cameras),
		Scope:        word(in.Scope, named[graph.Scope]{"camera", graph.ScopeCamera}, named[graph.Scope]{"pipeline", graph.ScopePipeline}),
		DecideWithin: c.duration(path+".decideWithin", in.DecideWithin, 0),
		Hold:         c.duration(path+".hold", in.Hold, 0), Grace: c.duration(path+".grace", in.Grace, 0),
		UnknownGrace: c.duration(path+".unknownGrace", in.UnknownGrace, graph.DefaultUnknownGrace),
		Cooldown:     c.duration(path+".cooldown", in.Cooldown, 0),
		MaxDuration:  c.duration(path+".maxDuration", in.MaxDuration, 0), HasMax: in.MaxDuration != nil,
		Updates:  c.duration(path+".updates", in.Updates, 0),
		Severity: or(in.Severity, DefaultSeverity), Labels: in.Labels,
		Sinks:    c.refs(path+".sinks", "sink", in.Sinks, ids(c.in.Sinks)),
		Evidence: or(in.Evidence, ""), Enabled: or(in.Enabled, true), Place: c.place(path),
	}
	if in.Evidence != nil {
		c.ref(path+".evidence", "evidence", *in.Evidence, ids(c.in.Evidence))
	}
	if in.Cameras != nil && s.Scope == graph.ScopePipeline {
		c.report(dsl.Finding{
			Code: CodeScope, Path: path + ".cameras", Place: c.doc.Place(path + ".cameras"),
			Message: "event " + id + " is watched once, for the pipeline: it has no cameras of its own",
			Related: []dsl.Related{{Place: c.doc.ValuePlace(path + ".scope"), Message: "the scope"}},
			Hint:    "take the cameras away, and name one beside each signal: camera: …",
		})
	}
	s.During = c.during(path+".during", in.During)
	if in.When != nil {
		s.When = c.condition(path, "when", in.When, s.Scope)
		c.zones(path, s.When, c.watched(s.Cameras, s.When))
	}
	c.spec.Events = append(c.spec.Events, s)
}

func (c *compiler) evidence(id string) {
	in, path := c.in.Evidence[id], "evidence."+id
	c.spec.Evidence = append(c.spec.Evidence, graph.EvidenceSpec{
		ID: id, Pre: c.duration(path+".pre", in.Pre, DefaultPre), Post: c.duration(path+".post", in.Post, DefaultPost),
		FPS: or(in.FPS, 0), Quality: or(in.Quality, DefaultQuality), Dir: or(in.Dir, DefaultDir),
		Keep:     c.duration(path+".keep", in.Keep, 0),
		MaxBytes: c.size(path+".maxBytes", in.MaxBytes, 0), MinFree: c.size(path+".minFree", in.MinFree, graph.DefaultMinFree),
		Place: c.place(path),
	})
}

func (c *compiler) sink(id string) {
	in, path := c.in.Sinks[id], "sinks."+id
	s := graph.SinkSpec{ID: id, Queue: or(in.Queue, graph.DefaultSinkQueue), Place: c.place(path)}
	if k := c.kind(node.RoleSink, path, id, in.Kinds); k != nil {
		s.Kind, s.Options = k.Contract.Name, in.Kinds[k.Contract.Name]
	}
	c.spec.Sinks = append(c.spec.Sinks, s)
}
