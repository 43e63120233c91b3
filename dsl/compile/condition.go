package compile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
	"rvo.dev/schema"
)

// MaxDepth and MaxLeaves bound a condition: far more than a person reads, far less than would be slow.
const (
	MaxDepth  = 32
	MaxLeaves = 4096
)

// condition compiles the condition that stands under field of the node at base.
func (c *compiler) condition(base, field string, in *schema.Cond, scope graph.Scope) *event.Cond {
	t := &tree{c: c, base: base, scope: scope}
	cond := t.node(in, field, 1)
	if t.tooDeep || t.leaves > MaxLeaves {
		c.report(dsl.Finding{
			Code: CodeTooDeep, Path: base + "." + field,
			Message: fmt.Sprintf("condition has more than %d levels or %d leaves", MaxDepth, MaxLeaves),
			Hint:    "let a detector give one signal for what the leaves have in common",
		})
	}
	return cond
}

// tree is the work on one condition.
type tree struct {
	c       *compiler
	base    string // the node it belongs to
	scope   graph.Scope
	leaves  int
	tooDeep bool
}

func (t *tree) report(code, path, message, hint string) {
	t.c.report(dsl.Finding{Code: code, Path: t.base + "." + path, Message: message, Hint: hint})
}

// node compiles one condition node and what is below it. What is at fault gives an empty node.
func (t *tree) node(in *schema.Cond, path string, depth int) *event.Cond {
	out := &event.Cond{Path: path}
	if depth > MaxDepth {
		t.tooDeep = true
		return out
	}
	out.For = t.c.duration(t.base+"."+path+".for", in.For, 0)
	out.Within = t.c.duration(t.base+"."+path+".within", in.Within, 0)
	if in.Unknown != nil {
		out.Unknown = word(in.Unknown, named[event.Answer]{"yes", event.Yes}, named[event.Answer]{"no", event.No})
	}
	kinds := kindsOf(in)
	switch {
	case len(kinds) == 0:
		t.empty(in, path)
		return out
	case len(kinds) > 1:
		at := func(kind string) dsl.Place { return t.c.doc.Place(t.base + "." + path + "." + kind) }
		t.c.report(dsl.Finding{
			Code: CodeTwoConditions, Path: t.base + "." + path, Place: at(kinds[1]),
			Message: fmt.Sprintf("%s cannot stand beside %s in one condition", kinds[1], kinds[0]),
			Related: []dsl.Related{{Place: at(kinds[0]), Message: kinds[0] + " is here"}},
			Hint:    fmt.Sprintf("nest them: all: [{%s: …}, {%s: …}]", kinds[0], kinds[1]),
		})
		return out
	}
	t.stray(in, path, kinds[0])
	switch kinds[0] {
	case "all":
		out.Op = event.OpAll
		t.parts(out, *in.All, path+".all", depth)
	case "any":
		out.Op = event.OpAny
		t.parts(out, *in.Any, path+".any", depth)
	case "atLeast":
		t.atLeast(out, in.AtLeast, path+".atLeast", depth)
	case "sequence":
		t.sequence(out, in.Sequence, path+".sequence", depth)
	case "not":
		out.Op = event.OpNot
		out.Of = []*event.Cond{t.node(in.Not, path+".not", depth+1)}
	case "absent":
		t.leaves++
		out.Op, out.Signal = event.OpAbsent, *in.Absent
		t.camera(out, in, path)
		t.c.signal(t.base+"."+path+".absent", *in.Absent)
	case "signal":
		t.leaves++
		t.leaf(out, in, path)
	}
	return out
}

// atLeast compiles so many parts out of several.
func (t *tree) atLeast(out *event.Cond, in *schema.AtLeast, path string, depth int) {
	out.Op, out.N = event.OpAtLeast, or(in.N, 1)
	parts := or(in.Of, nil)
	if in.Of != nil {
		t.parts(out, parts, path+".of", depth)
	}
	if out.N > len(parts) && len(parts) > 0 {
		t.report(CodeNoParts, path+".n", fmt.Sprintf("at least %d of %d parts can never be yes", out.N, len(parts)),
			fmt.Sprintf("ask for at most %d, or add parts", len(parts)))
	}
}

// sequence compiles parts that become yes one after the other.
func (t *tree) sequence(out *event.Cond, in *schema.Sequence, path string, depth int) {
	out.Op, out.Span = event.OpSequence, t.c.duration(t.base+"."+path+".within", in.Within, 0)
	if in.Of == nil {
		return
	}
	t.parts(out, *in.Of, path+".of", depth)
	if len(*in.Of) == 1 {
		t.report(CodeNoParts, path+".of", "sequence has one part: nothing can come after it", "give it at least two, or ask for the part alone")
	}
}

// camera sees to it that a leaf's camera exists, and is named where the event is watched once for all cameras.
func (t *tree) camera(out *event.Cond, in *schema.Cond, path string) {
	known := t.c.cams
	switch {
	case in.Camera != nil:
		out.Camera = *in.Camera
		t.c.ref(t.base+"."+path+".camera", "camera", *in.Camera, known)
	case t.scope == graph.ScopePipeline:
		at := t.base + "." + path
		place := t.c.doc.ValuePlace(at + ".signal")
		if out.Op == event.OpAbsent {
			place = t.c.doc.ValuePlace(at + ".absent")
		}
		t.c.report(dsl.Finding{
			Code: CodeScope, Path: at, Place: place,
			Message: out.Signal + " does not say of which camera: the event is watched once, for the pipeline",
			Related: []dsl.Related{{Place: t.c.doc.ValuePlace(t.base + ".scope"), Message: "the scope"}},
			Hint:    "write camera beside it, one of " + dsl.List(known),
		})
	}
}

func (t *tree) parts(out *event.Cond, parts []schema.Cond, path string, depth int) {
	if len(parts) == 0 {
		never := map[event.Op]string{
			event.OpAll: "all of nothing is always yes", event.OpAny: "any of nothing is always no",
			event.OpAtLeast: "atLeast has no parts: it is always no", event.OpSequence: "sequence has no parts: it is always no",
		}[out.Op]
		t.report(CodeNoParts, path, never, "give it at least one part")
	}
	for i := range parts {
		out.Of = append(out.Of, t.node(&parts[i], path+"."+strconv.Itoa(i), depth+1))
	}
}

// empty reports a condition that says nothing.
func (t *tree) empty(in *schema.Cond, path string) {
	if t.c.doc.Faulty(t.base + "." + path) {
		return // a misspelt signal is no signal
	}
	if names := comparators(in); len(names) > 0 {
		t.report(CodeNoComparison, path+"."+names[0], names[0]+" compares nothing: the condition names no signal",
			"write {signal: \"detector.signal\", "+names[0]+": …}")
		return
	}
	if names := filters(in); len(names) > 0 {
		t.report(CodeNoComparison, path+"."+names[0], names[0]+" chooses no boxes: the condition names no signal",
			"write {signal: \"detector.boxes\", "+names[0]+": …, gte: 1}")
		return
	}
	t.report(CodeEmptyCondition, path, "condition is empty", "give it one of all, any, atLeast, sequence, not, signal, absent, expr")
}

// stray reports what stands beside something that it says nothing about.
func (t *tree) stray(in *schema.Cond, path, kind string) {
	if kind == "signal" {
		return
	}
	for _, name := range filters(in) {
		t.report(CodeNoComparison, path+"."+name, fmt.Sprintf("%s cannot stand beside %s: it chooses boxes of a signal", name, kind),
			"put it beside the signal it is meant for")
	}
	if in.Camera != nil && kind != "absent" {
		t.report(CodeNoComparison, path+".camera", "camera cannot stand beside "+kind+": it says of which camera a signal is meant",
			"put it beside each signal it is meant for")
	}
	for _, name := range comparators(in) {
		t.report(CodeNoComparison, path+"."+name, fmt.Sprintf("%s cannot stand beside %s: only a signal is compared", name, kind),
			"put it beside the signal it is meant for")
	}
}

func (t *tree) leaf(out *event.Cond, in *schema.Cond, path string) {
	out.Op, out.Signal = event.OpCompare, *in.Signal
	at := t.base + "." + path
	emit, ok := t.c.signal(at+".signal", *in.Signal)
	out.Compare = t.comparisons(in, path)
	out.Filter = t.filter(in, emit, path)
	t.camera(out, in, path)
	if !ok || emit == nil {
		return
	}
	if len(out.Compare) == 0 && emit.Type != signal.TypeBool {
		t.c.report(dsl.Finding{
			Code: CodeNoComparison, Path: at, Place: t.c.doc.ValuePlace(at + ".signal"),
			Message: fmt.Sprintf("%s is of type %s and is compared with nothing: only a bool can stand alone", *in.Signal, emit.Type),
			Hint:    "say what it is compared with: " + example(emit.Type),
		})
	}
	for _, cmp := range out.Compare {
		if why := misfit(emit.Type, cmp); why != "" {
			t.c.report(dsl.Finding{
				Code: CodeTypes, Path: at + "." + cmp.Rel.String(),
				Message: fmt.Sprintf("%s does not fit %s, a signal of type %s: %s", cmp.Rel, *in.Signal, emit.Type, why),
				Hint:    "compare it with " + example(emit.Type),
			})
			continue
		}
		for i, label := range labelsOf(cmp) {
			if len(emit.Labels) > 0 && !slices.Contains(emit.Labels, label) {
				p := at + "." + cmp.Rel.String()
				if cmp.Rel == event.In {
					p += "." + strconv.Itoa(i)
				}
				t.c.report(dsl.Finding{
					Code: CodeTypes, Path: p, Message: fmt.Sprintf("%s is never %q", *in.Signal, label),
					Hint: dsl.DidYouMean(label, emit.Labels, "it is one of"),
				})
			}
		}
	}
}

// comparisons returns the comparisons of a leaf in a fixed order.
func (t *tree) comparisons(in *schema.Cond, path string) []event.Comparison {
	var out []event.Comparison
	value := func(rel event.Rel, raw *json.RawMessage) {
		if raw == nil {
			return
		}
		v, err := literal(*raw)
		if err != nil {
			t.report(dsl.CodeValue, path+"."+rel.String(), fmt.Sprintf("%s %v", rel, err), "")
			return
		}
		out = append(out, event.Comparison{Rel: rel, Value: v})
	}
	number := func(rel event.Rel, f *float64) {
		if f != nil {
			out = append(out, event.Comparison{Rel: rel, Value: signal.Float(*f)})
		}
	}
	value(event.Eq, in.Eq)
	value(event.Ne, in.Ne)
	number(event.Gt, in.Gt)
	number(event.Gte, in.Gte)
	number(event.Lt, in.Lt)
	number(event.Lte, in.Lte)
	if in.In != nil {
		if len(*in.In) == 0 {
			t.report(CodeNoParts, path+".in", "in names no label: it is never yes", "give it at least one label")
		}
		out = append(out, event.Comparison{Rel: event.In, Labels: *in.In})
	}
	return out
}

// literal reads a value of the language.
func literal(raw json.RawMessage) (signal.Value, error) {
	var v any
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return signal.Value{}, err
	}
	switch v := v.(type) {
	case bool:
		return signal.Bool(v), nil
	case string:
		return signal.Label(v), nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return signal.Int(n), nil
		}
		if f, err := v.Float64(); err == nil {
			return signal.Float(f), nil
		}
	}
	return signal.Value{}, fmt.Errorf("must be true, false, a number or a label, not %s", raw)
}

// misfit says why a comparison cannot be made with a signal of type typ; it is empty where it can.
func misfit(typ signal.Type, cmp event.Comparison) string {
	ordered := cmp.Rel != event.Eq && cmp.Rel != event.Ne && cmp.Rel != event.In
	got := cmp.Value.Type()
	switch typ {
	case signal.TypeBool:
		if ordered || cmp.Rel == event.In {
			return "a bool has no order and is no label"
		}
		if got != signal.TypeBool {
			return "it is true or false"
		}
	case signal.TypeInt, signal.TypeFloat, signal.TypeBoxes:
		if cmp.Rel == event.In {
			return "in is for labels"
		}
		if got != signal.TypeInt && got != signal.TypeFloat {
			return "it is compared with numbers"
		}
		if f := cmp.Value.Number(); !ordered && typ != signal.TypeFloat && f != float64(int64(f)) {
			return "it has whole numbers only"
		}
	case signal.TypeLabel:
		if ordered {
			return "a label has no order"
		}
		if cmp.Rel != event.In && got != signal.TypeLabel {
			return "it is compared with text in quotes"
		}
	case signal.TypeNone:
		return "it has no values"
	}
	return ""
}

// example shows a comparison that suits a type.
func example(typ signal.Type) string {
	switch typ {
	case signal.TypeBool:
		return "nothing, or eq: false"
	case signal.TypeFloat:
		return "gte: 0.5"
	case signal.TypeLabel:
		return "eq: \"word\" or in: [\"word\", …]"
	case signal.TypeInt, signal.TypeBoxes, signal.TypeNone:
	}
	return "gte: 1"
}

func labelsOf(cmp event.Comparison) []string {
	if cmp.Rel == event.In {
		return cmp.Labels
	}
	if cmp.Value.Type() == signal.TypeLabel {
		return []string{cmp.Value.AsLabel()}
	}
	return nil
}

// kindsOf returns what a condition is, in the order of the language; a sound one is one thing.
func kindsOf(in *schema.Cond) []string {
	var kinds []string
	add := func(name string, given bool) {
		if given {
			kinds = append(kinds, name)
		}
	}
	add("all", in.All != nil)
	add("any", in.Any != nil)
	add("atLeast", in.AtLeast != nil)
	add("sequence", in.Sequence != nil)
	add("not", in.Not != nil)
	add("signal", in.Signal != nil)
	add("absent", in.Absent != nil)
	add("expr", in.Expr != nil) // only where something stands beside it that cannot: dsl expands the others
	return kinds
}

// comparators returns the comparisons that stand in a condition.
func comparators(in *schema.Cond) []string {
	var names []string
	add := func(name string, given bool) {
		if given {
			names = append(names, name)
		}
	}
	add("eq", in.Eq != nil)
	add("ne", in.Ne != nil)
	add("gt", in.Gt != nil)
	add("gte", in.Gte != nil)
	add("lt", in.Lt != nil)
	add("lte", in.Lte != nil)
	add("in", in.In != nil)
	return names
}
