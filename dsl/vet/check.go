package vet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// Check is one thing that can be wrong with a pipeline that compiles.
type Check struct {
	// Code is the code of its findings.
	Code string
	// Name is a few words on what it finds.
	Name string
	// Doc says in full what it finds, why that is wrong and what to do.
	Doc string
	// Sound is set for checks that mean nothing about what is wrong already: they look at the events and detectors without
	// an error, and at nothing where the error is about more.
	Sound bool
	// Whole is set for checks that mean nothing while anything else is wrong: who refers to a misspelt name does not refer
	// to the right one.
	Whole bool
	// Core is set for checks that find what the graph or the engine would refuse: a pipeline can neither lower nor ignore
	// them.
	Core bool
	// Env is set for checks that look at the machine: they run with Options.Env alone.
	Env bool
	// Built is set for checks that look at the graph: they run last, on that of the events and detectors without an error.
	Built bool
	// Run looks at the pipeline and reports. The spec may have empty kinds and names of things that do not exist when
	// Sound is not set.
	Run func(*Pass)
}

// Pass is a check at work on one pipeline.
type Pass struct {
	Doc   *dsl.Document
	Spec  *graph.Spec
	Kinds *node.Set
	// Graph is what Spec builds; nil but for checks that are Built.
	Graph *graph.Graph

	stateDir string
	models   string
	dial     func(address string) error
	free     func(dir string) (int64, bool)
	env      bool
	levels   *dsl.Levels
	report   *analysis.Report // of Graph; made by load
	faulty   bool             // a check found an error, and not one that only the pipeline calls so
	partial  bool             // Spec is without the events and detectors that are at fault
	check    Check
	findings []dsl.Finding
	memo     memo
}

// run makes one check.
func (p *Pass) run(c Check) {
	if c.Whole && p.partial {
		return
	}
	n := len(p.findings)
	p.check = c
	c.Run(p)
	left := p.levels.Apply(p.findings[n:])
	p.findings = append(p.findings[:n], left...)
	p.faulty = p.faulty || dsl.HasErrors(left) && !p.levels.Raised(c.Code)
}

// Report keeps a finding of the running check. Code is filled in, and Place, from Path, where it is not given. What
// loading has found fault with already is left alone.
func (p *Pass) Report(f dsl.Finding) {
	if p.Doc.Faulty(f.Path) {
		return
	}
	f.Code = p.check.Code
	if f.Place == (dsl.Place{}) {
		f.Place = p.Doc.ValuePlace(f.Path)
	}
	p.findings = append(p.findings, f)
}

// related returns the place of path with a text.
func (p *Pass) related(path, format string, args ...any) dsl.Related {
	return dsl.Related{Place: p.Doc.ValuePlace(path), Message: fmt.Sprintf(format, args...)}
}

// detector returns the detector with this id, nil where there is none.
func (p *Pass) detector(id string) *graph.DetectorSpec {
	i := slices.IndexFunc(p.Spec.Detectors, func(d graph.DetectorSpec) bool { return d.ID == id })
	if i < 0 {
		return nil
	}
	return &p.Spec.Detectors[i]
}

// contract returns the contract of a node's kind, nil where the kind is at fault.
func (p *Pass) contract(role node.Role, name string) *node.Contract {
	k, ok := p.Kinds.Kind(role, name)
	if !ok {
		return nil
	}
	return &k.Contract
}

// emits returns what a detector gives, nil where its kind is at fault.
func (p *Pass) emits(d *graph.DetectorSpec) []node.Emit {
	c := p.contract(node.RoleDetector, d.Kind)
	if c == nil {
		return nil
	}
	emits, err := c.Emits(d.Options)
	if err != nil {
		return nil
	}
	return emits
}

// cameras returns the enabled cameras of a list of ids, all of them where the list is empty.
func (p *Pass) cameras(ids []string) []*graph.CameraSpec {
	var out []*graph.CameraSpec
	for i := range p.Spec.Cameras {
		c := &p.Spec.Cameras[i]
		if c.Enabled && (len(ids) == 0 || slices.Contains(ids, c.ID)) {
			out = append(out, c)
		}
	}
	return out
}

// runsOn reports whether a detector writes its signals on a camera.
func runsOn(d *graph.DetectorSpec, camera string) bool {
	_, runs := d.At(camera)
	return runs
}

// producer returns the id of the detector that gives a signal.
func producer(signal string) string {
	id, _, _ := strings.Cut(signal, ".")
	return id
}

// every returns the period of a rate.
func every(fps float64) time.Duration {
	if fps <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / fps)
}

// short prints a duration as people write it.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		d = d.Round(time.Millisecond)
	case d >= 10*time.Microsecond:
		d = d.Round(time.Microsecond)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
