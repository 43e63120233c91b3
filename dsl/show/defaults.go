package show

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/engine/graph"
	"rvo.dev/schema"
)

// The remarks on what was not written.
const (
	byDefault = "default"
	computed  = "computed: "
)

// Defaults is Pipeline with every default of the language and of its kinds filled in. A remark says which those are: a
// fixed one is "default", one that depends on the rest of the pipeline is "computed" and says from what. The spec and the
// graph are what the document means. Fields that have no value unless they are given stay away.
func Defaults(doc *dsl.Document, spec *graph.Spec, g *graph.Graph) ([]byte, error) {
	f := &filler{notes: map[string]string{}, g: g}
	p := doc.Pipeline
	if err := options(doc, &p, f); err != nil {
		return nil, err
	}
	p.Events, p.Evidence = maps.Clone(p.Events), maps.Clone(p.Evidence)
	f.engine(&p, spec)
	for i := range spec.Cameras {
		f.camera(&p, &spec.Cameras[i])
	}
	for i := range spec.Detectors {
		f.detector(&p, &spec.Detectors[i])
	}
	for i := range spec.Events {
		f.event(&p, &spec.Events[i])
	}
	for i := range spec.Evidence {
		f.evidence(&p, &spec.Evidence[i])
	}
	for i := range spec.Sinks {
		f.sink(&p, &spec.Sinks[i])
	}
	return write(p, f.notes)
}

// filler fills in one pipeline.
type filler struct {
	g     *graph.Graph
	notes map[string]string // by path
}

// fill gives a field a value where it has none.
func fill[T any](f *filler, path string, field **T, value T, note string) {
	if *field == nil {
		*field, f.notes[path] = &value, note
	}
}

func (f *filler) engine(p *schema.Pipeline, spec *graph.Spec) {
	e := &schema.Engine{}
	if p.Engine != nil {
		*e = *p.Engine
	}
	p.Engine = e
	fill(f, "engine.ringMemory", &e.RingMemory, size(or(spec.Engine.RingMemory, graph.DefaultRingMemory)), byDefault)
	fill(f, "engine.reserve", &e.Reserve, spec.Engine.Reserve, byDefault)
}

func (f *filler) camera(p *schema.Pipeline, s *graph.CameraSpec) {
	c, at := p.Cameras[s.ID], "cameras."+s.ID+"."
	if i := f.g.CameraIndex(s.ID); i >= 0 && f.g.Cameras[i].Ring > 0 {
		fill(f, at+"ring", &c.Ring, duration(f.g.Cameras[i].Ring), computed+"what the evidence asks for")
	}
	fill(f, at+"pace", &c.Pace, "live", byDefault)
	fill(f, at+"loop", &c.Loop, false, byDefault)
	fill(f, at+"freezeAfter", &c.Freeze, duration(s.FreezeAfter), byDefault)
	fill(f, at+"priority", &c.Prio, "normal", byDefault)
	fill(f, at+"enabled", &c.Enabled, true, byDefault)
	p.Cameras[s.ID] = c
}

func (f *filler) detector(p *schema.Pipeline, s *graph.DetectorSpec) {
	d, at := p.Detectors[s.ID], "detectors."+s.ID+"."
	fill(f, at+"threads", &d.Threads, s.Threads, byDefault)
	fill(f, at+"frame", &d.Frame, "next", byDefault)
	fill(f, at+"priority", &d.Priority, "normal", byDefault)
	fill(f, at+"load", &d.Load, "backoff", byDefault)
	fill(f, at+"isolate", &d.Isolate, "thread", byDefault)
	fill(f, at+"enabled", &d.Enabled, true, byDefault)
	i := slices.IndexFunc(f.g.Detectors, func(g graph.Detector) bool { return g.ID == s.ID })
	if i < 0 {
		p.Detectors[s.ID] = d // not enabled: what depends on the others was not worked out
		return
	}
	g := &f.g.Detectors[i]
	if g.MinFPS > 0 {
		fill(f, at+"minFps", &d.MinFPS, g.MinFPS, computed+"a tenth of fps")
	}
	if g.Cost > 0 {
		fill(f, at+"cost", &d.Cost, duration(g.Cost), computed+"what the kind expects")
	}
	fill(f, at+"costClass", &d.CostClass, [...]string{"low", "medium", "high"}[g.Class], computed+"from cost")
	fill(f, at+"timeout", &d.Timeout, duration(g.Timeout), byDefault)
	var cameras []string
	for _, n := range g.Instances {
		cameras = append(cameras, f.g.Cameras[f.g.Instances[n].Camera].ID)
	}
	fill(f, at+"cameras", &d.Cameras, cameras, byDefault+": every camera")
	f.ttls(&d, g, at)
	p.Detectors[s.ID] = d
}

// ttls fills in for how long signals count as fresh, where that is the same on every camera.
func (f *filler) ttls(d *schema.Detector, g *graph.Detector, at string) {
	d.Emits = maps.Clone(d.Emits)
	if d.Emits == nil {
		d.Emits = map[string]schema.Signal{}
	}
	for n, e := range g.Emits {
		ttls := map[time.Duration]bool{}
		for _, i := range g.Instances {
			ttls[f.g.Cells[f.g.Instances[i].Outputs[n]].TTL] = true
		}
		if len(ttls) != 1 {
			continue
		}
		s := d.Emits[e.Name]
		for ttl := range ttls {
			note := computed + "three periods and a run"
			if ttl == e.TTL {
				note = computed + "what the kind says"
			}
			fill(f, at+"emits."+e.Name+".ttl", &s.TTL, duration(ttl), note)
		}
		d.Emits[e.Name] = s
	}
	if len(d.Emits) == 0 {
		d.Emits = nil
	}
}

func (f *filler) event(p *schema.Pipeline, s *graph.EventSpec) {
	e, at := p.Events[s.ID], "events."+s.ID+"."
	fill(f, at+"scope", &e.Scope, "camera", byDefault)
	cameras := s.Cameras
	if len(cameras) == 0 {
		for i := range f.g.Cameras {
			cameras = append(cameras, f.g.Cameras[i].ID)
		}
	}
	if s.Scope == graph.ScopeCamera {
		fill(f, at+"cameras", &e.Cameras, cameras, byDefault+": every camera")
	}
	fill(f, at+"hold", &e.Hold, duration(s.Hold), byDefault)
	fill(f, at+"grace", &e.Grace, duration(s.Grace), byDefault)
	fill(f, at+"unknownGrace", &e.UnknownGrace, duration(s.UnknownGrace), byDefault)
	fill(f, at+"cooldown", &e.Cooldown, duration(s.Cooldown), byDefault)
	fill(f, at+"severity", &e.Severity, s.Severity, byDefault)
	sinks := s.Sinks
	if len(sinks) == 0 {
		for i := range f.g.Sinks {
			sinks = append(sinks, f.g.Sinks[i].ID)
		}
	}
	fill(f, at+"sinks", &e.Sinks, sinks, byDefault+": every sink")
	fill(f, at+"enabled", &e.Enabled, true, byDefault)
	p.Events[s.ID] = e
}

func (f *filler) evidence(p *schema.Pipeline, s *graph.EvidenceSpec) {
	e, at := p.Evidence[s.ID], "evidence."+s.ID+"."
	fill(f, at+"pre", &e.Pre, duration(s.Pre), byDefault)
	fill(f, at+"post", &e.Post, duration(s.Post), byDefault)
	fill(f, at+"quality", &e.Quality, s.Quality, byDefault)
	fill(f, at+"dir", &e.Dir, s.Dir, byDefault)
	fill(f, at+"minFree", &e.MinFree, size(or(s.MinFree, graph.DefaultMinFree)), byDefault)
	p.Evidence[s.ID] = e
}

func (f *filler) sink(p *schema.Pipeline, s *graph.SinkSpec) {
	at := "sinks." + s.ID
	k, given := p.Sinks[s.ID]
	if !given {
		if p.Sinks == nil {
			p.Sinks = map[string]schema.Sink{}
		}
		k.Kinds = schema.Kinds{compile.DefaultSink: json.RawMessage("{}")}
		f.notes[at] = byDefault
	}
	fill(f, at+".queue", &k.Queue, s.Queue, byDefault)
	p.Sinks[s.ID] = k
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// duration writes a length of time as people do: "1m30s", "2h".
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// size writes a number of bytes in the largest unit that keeps it whole.
func size(n int64) string {
	for _, u := range []struct {
		name string
		of   int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.of && n%u.of == 0 {
			return fmt.Sprintf("%d%s", n/u.of, u.name)
		}
	}
	return fmt.Sprintf("%dB", n)
}
