// Package compile turns a pipeline that was read into the spec that a graph is built from.
//
//	text, err := compile.SchemaFor(kinds)
//	doc, findings, err := dsl.Load(ctx, paths, dsl.Options{Schema: text})
//	spec, more := compile.Compile(doc, kinds)
//
// It fills in the defaults of the language, resolves what refers to something else and says what is wrong with places.
// It builds no node and no graph, and judges neither load nor timing: those are checks of dsl/vet. It starts no
// goroutine.
package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/schema"
)

// The codes of what Compile finds.
const (
	// CodeID is an id that is not lower case letters, digits and _.
	CodeID = "RVO100"
	// CodeSignal is a signal that nothing gives.
	CodeSignal = "RVO101"
	// CodeNode is a camera, an evidence or a sink that does not exist.
	CodeNode = "RVO102"
	// CodeArea is a zone or mask that is no part of a picture.
	CodeArea = "RVO114"
	// CodeScope is an event of the whole pipeline that does not say which cameras its signals are of.
	CodeScope = "RVO115"
	// CodeKind is a node with no kind or several.
	CodeKind = "RVO110"
	// CodeEmptyCondition is a condition without anything in it.
	CodeEmptyCondition = "RVO303"
	// CodeTwoConditions is a condition that is two things at once.
	CodeTwoConditions = "RVO304"
	// CodeNoParts is an all or any of nothing.
	CodeNoParts = "RVO305"
	// CodeNoComparison is a comparison without a signal, or a signal that needs one and has none.
	CodeNoComparison = "RVO306"
	// CodeTypes is a comparison that does not fit the signal's type.
	CodeTypes = "RVO307"
	// CodeTooDeep is a condition of more than MaxDepth levels or MaxLeaves leaves.
	CodeTooDeep = "RVO316"
	// CodeKindOptions is options that the schema let pass and the kind refuses.
	CodeKindOptions = "RVO901"
)

// SchemaFor returns the one schema.cue for these kinds.
func SchemaFor(kinds *node.Set) ([]byte, error) {
	var parts []schema.Part
	for _, role := range []node.Role{node.RoleCamera, node.RoleDetector, node.RoleSink} {
		for _, k := range kinds.Of(role) {
			c := &k.Contract
			parts = append(parts, schema.Part{Role: role.String(), Name: c.Name, Doc: c.Doc, Options: c.Options, Emits: fixed(c)})
		}
	}
	return schema.Compose(parts)
}

// fixed returns the signals that a detector kind gives whatever its options are; nil for one that wants to see them.
func fixed(c *node.Contract) []schema.Emit {
	if c.Emits == nil {
		return nil
	}
	emits, err := c.Emits(json.RawMessage("{}"))
	if err != nil {
		return nil
	}
	var out []schema.Emit
	for _, e := range emits {
		out = append(out, schema.Emit{Name: e.Name, Doc: e.Doc})
	}
	return out
}

// Compile returns the spec of a pipeline and what is wrong with it. With findings at error level, here or in the
// document, the spec holds what could be compiled and must not be run. The findings are sorted; none is about a place
// where the document itself is at fault.
func Compile(doc *dsl.Document, kinds *node.Set) (*graph.Spec, []dsl.Finding) {
	sum := sha256.Sum256(doc.Content)
	c := &compiler{
		doc: doc, kinds: kinds, in: &doc.Pipeline, cams: ids(doc.Pipeline.Cameras), emits: map[string][]node.Emit{},
		spec: &graph.Spec{Name: doc.Name, Dir: doc.Dir, Revision: hex.EncodeToString(sum[:])},
	}
	c.engine()
	c.ids()
	// Signals first: conditions and needs refer to them.
	for _, id := range ids(c.in.Detectors) {
		c.signals(id)
	}
	for _, id := range c.cams {
		c.camera(id)
	}
	for _, id := range ids(c.in.Detectors) {
		c.detector(id)
	}
	for _, id := range ids(c.in.Evidence) {
		c.evidence(id)
	}
	for _, id := range ids(c.in.Sinks) {
		c.sink(id)
	}
	if _, ok := kinds.Kind(node.RoleSink, DefaultSink); ok && c.in.Sinks == nil && !doc.Has("sinks") {
		// An event that nobody is told of is a surprise; who wants that says so.
		c.spec.Sinks = []graph.SinkSpec{{ID: DefaultSink, Kind: DefaultSink, Queue: graph.DefaultSinkQueue}}
	}
	for _, id := range ids(c.in.Events) {
		c.event(id)
	}
	return c.spec, doc.Finish(c.findings)
}

// compiler is the work on one pipeline.
type compiler struct {
	doc   *dsl.Document
	kinds *node.Set
	in    *schema.Pipeline
	spec  *graph.Spec

	cams     []string               // ids of the cameras in order: every condition of a large site asks for them
	emits    map[string][]node.Emit // by detector; nil where its kind is not known
	findings []dsl.Finding
}

// ids returns the ids of a map in order.
func ids[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// report keeps a finding at error level about path, unless loading has found fault there already. It fills in the place
// where it has none.
func (c *compiler) report(f dsl.Finding) {
	if c.doc.Faulty(f.Path) {
		return
	}
	if f.Place == (dsl.Place{}) {
		f.Place = c.doc.ValuePlace(f.Path)
	}
	c.findings = append(c.findings, f)
}

// place returns the place of a node for the spec.
func (c *compiler) place(path string) graph.Place {
	p := c.doc.Place(path)
	return graph.Place{File: p.File, Line: p.Line, Col: p.Col}
}

func (c *compiler) engine() {
	e := c.in.Engine
	if e == nil {
		return
	}
	c.spec.Engine.Cores = or(e.Cores, 0)
	c.spec.Engine.RingMemory = c.size("engine.ringMemory", e.RingMemory, 0)
	c.spec.Engine.Memory = c.size("engine.memory", e.Memory, 0)
	if ring, all := c.spec.Engine.RingMemory, c.spec.Engine.Memory; all > 0 && ring > all {
		c.report(dsl.Finding{
			Code: dsl.CodeValue, Path: "engine.ringMemory", Message: "ringMemory is above memory, which it is a part of",
			Hint:    "lower it, or raise memory",
			Related: []dsl.Related{{Place: c.doc.ValuePlace("engine.memory"), Message: "memory"}},
		})
	}
	c.spec.Engine.Reserve = or(e.Reserve, 0)
	if r, n := c.spec.Engine.Reserve, c.spec.Engine.Cores; n > 0 && r >= n {
		c.report(dsl.Finding{
			Code: dsl.CodeValue, Path: "engine.reserve", Place: c.doc.ValuePlace("engine.reserve"),
			Message: fmt.Sprintf("reserve %d of %d cores leaves none for what is not critical", r, n),
			Hint:    fmt.Sprintf("at most %d, or more cores", n-1),
			Related: []dsl.Related{{Place: c.doc.ValuePlace("engine.cores"), Message: "cores"}},
		})
	}
}

// kind returns the one kind of a node and its options; nil where there is none, which is then reported.
func (c *compiler) kind(role node.Role, path, id string, kinds schema.Kinds) *node.Kind {
	names := ids(kinds)
	var all []string
	for _, k := range c.kinds.Of(role) {
		all = append(all, k.Contract.Name)
	}
	switch {
	case len(names) == 0:
		c.report(dsl.Finding{
			Code: CodeKind, Path: path, Place: c.doc.Place(path),
			Message: fmt.Sprintf("%s %s has no kind", role, id),
			Hint:    "give it one of " + dsl.List(all),
		})
		return nil
	case len(names) > 1:
		c.report(dsl.Finding{
			Code: CodeKind, Path: path, Place: c.doc.Place(path + "." + names[1]),
			Message: fmt.Sprintf("%s %s has %d kinds: %s", role, id, len(names), dsl.List(names)),
			Related: []dsl.Related{{Place: c.doc.Place(path + "." + names[0]), Message: names[0] + " is here"}},
			Hint:    "keep one of them, or make each a " + role.String() + " of its own",
		})
		return nil
	}
	k, ok := c.kinds.Kind(role, names[0])
	if !ok {
		c.report(dsl.Finding{
			Code: dsl.CodeUnknownField, Path: path + "." + names[0], Place: c.doc.Place(path + "." + names[0]),
			Message: fmt.Sprintf("there is no %s kind %s", role, names[0]),
			Hint:    dsl.DidYouMean(names[0], all, "there are"),
		})
		return nil
	}
	options := path + "." + names[0]
	if err := k.Check(kinds[names[0]]); err != nil && !c.doc.Faulty(options) {
		c.report(dsl.Finding{
			Code: CodeKindOptions, Path: options, Place: c.doc.Place(options),
			Message: fmt.Sprintf("%s refuses its options: %v", names[0], err),
		})
		return nil
	}
	return k
}

// or returns what p points at, or otherwise.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
