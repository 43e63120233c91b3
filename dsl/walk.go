package dsl

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"

	"rvo.dev/schema"
)

// walker goes through the evaluated pipeline beside its schema. It finds unknown, missing, indefinite and wrong values
// itself, place by place, because what the evaluator reports of them is neither complete nor in the user's words, and
// it turns all that is sound into plain data.
type walker struct {
	src      *sources
	doc      *Document
	shapes   *shapes
	user     cue.Value // as the user's files say it
	joined   bool      // those join the schema themselves
	tags     []tag     // that were not given
	files    []*ast.File
	all      cue.Value // with the schema
	follow   []follower
	closed   []string // paths of defaults that a definition of the pipeline's closes out
	findings []Finding
}

// run walks the whole pipeline and fills the document.
func (w *walker) run() {
	// Everything else said about a file in another version of the language would mislead.
	if f, ok := w.otherVersion(); ok {
		w.add(f)
		return
	}
	v := w.user
	if !w.joined {
		v = v.Unify(w.shapes.pipeline().v)
	}
	w.all = v
	data := w.value(v, w.shapes.pipeline(), "", "")
	w.followers()
	w.rest(v)
	w.decode(data)
	w.expand()
}

// add keeps a finding.
func (w *walker) add(f Finding) {
	w.findings = append(w.findings, f)
	if f.Severity == Error {
		w.doc.faults = append(w.doc.faults, f.Path)
	}
}

// otherVersion looks whether the pipeline is written for another version of the language.
func (w *walker) otherVersion() (Finding, bool) {
	v := w.user.LookupPath(cue.ParsePath("apiVersion"))
	text, err := v.String()
	if err != nil || text == schema.APIVersion || !regexp.MustCompile(`^rvo/v[0-9]+`).MatchString(text) {
		return Finding{}, false
	}
	return Finding{
		Code: CodeVersion, Path: "apiVersion", Place: node{v}.valuePlace(w.src),
		Message: fmt.Sprintf("pipeline is written for %s, this rvo reads %s", text, schema.APIVersion),
		Hint:    "use the rvo that the pipeline was written for, or rewrite it for " + schema.APIVersion,
	}, true
}

// value returns the plain data at a place, nil where there is none that is sound. label is the last part of path.
func (w *walker) value(v cue.Value, sh *shape, path, label string) any {
	w.doc.nodes[path] = node{v}
	structure := v.IncompleteKind()
	if v.Err() != nil && sh != nil {
		// A struct with a fault below it is no struct to the evaluator any more: go by what the user wrote.
		structure = sh.kind
		for _, o := range w.src.operands(v) {
			if k := o.IncompleteKind(); k != cue.BottomKind && k&sh.kind == 0 {
				w.wrong(v, sh, path, label)
				return nil
			}
		}
	}
	switch structure {
	case cue.StructKind:
		return w.structure(v, sh, path, label)
	case cue.ListKind:
		return w.list(v, sh, path, label)
	}
	return w.scalar(v, sh, path, label)
}

func (w *walker) structure(v cue.Value, sh *shape, path, label string) any {
	it, err := v.Fields()
	if err != nil {
		w.wrong(v, sh, path, label)
		return nil
	}
	out := map[string]any{}
	present := map[string]bool{}
	for it.Next() {
		name := it.Selector().Unquoted()
		at := join(path, name)
		if missing(it.Value()) || w.filledIn(it.Value(), sh, label, name) || w.closedOut(it.Value(), sh, name) {
			continue
		}
		present[name] = true
		var below *shape
		if sh != nil && sh.kind == cue.StructKind {
			var ok bool
			if below, ok = w.shapes.field(sh, name); !ok {
				w.doc.nodes[at] = node{it.Value()}
				w.unknown(it.Value(), sh, at, path, label, name)
				continue
			}
		}
		if data := w.value(it.Value(), below, at, name); data != nil {
			out[name] = data
		}
	}
	if sh != nil {
		for _, name := range sh.required {
			if !present[name] {
				w.missing(sh, path, label, name)
			}
		}
		w.defaults(out, present, sh, path)
	}
	return out
}

// closedOut reports a field that the schema gives with its default, the pipeline does not, and a definition of the pipeline's
// own closes out.
func (w *walker) closedOut(v cue.Value, sh *shape, name string) bool {
	if v.Err() == nil || sh == nil || !sh.fields[name].always || len(w.src.operands(v)) > 0 {
		return false
	}
	return !slices.ContainsFunc(faults(v.Err()), func(e cueerrors.Error) bool { return classify(e) != CodeUnknownField })
}

// defaults puts what was closed out back in: whoever writes #Yard: {synthetic: {noise: 4}} as a template means to close it
// to misspelled names, not to the defaults of what it is a template of.
func (w *walker) defaults(out map[string]any, present map[string]bool, sh *shape, path string) {
	for name, f := range sh.fields {
		d, ok := f.v.Default()
		if present[name] || !f.always || !ok {
			continue
		}
		if data, err := plain(d); err == nil {
			out[name] = data
			w.closed = append(w.closed, join(path, name))
		}
	}
}

// filledIn reports whether a field is only there so that a pipeline can refer to it: the signals of a detector and their
// names, which the schema gives.
func (w *walker) filledIn(v cue.Value, sh *shape, label, name string) bool {
	switch {
	case sh == nil:
		return false
	case sh.name == "#Signal" && name == "ref":
		return v.Err() == nil
	case sh.name == "#Detector" && name == "emits", label == "emits" && sh.pattern:
		return len(w.src.operands(v)) == 0
	}
	return false
}

func (w *walker) list(v cue.Value, sh *shape, path, label string) any {
	it, err := v.List()
	if err != nil {
		// A list with a fault in it cannot be listed as one; its elements still can be looked up.
		return w.brokenList(v, sh, path, label)
	}
	var below *shape
	if sh != nil && sh.kind == cue.ListKind {
		below = w.shapes.element(sh)
	}
	out := []any{}
	for i := 0; it.Next(); i++ {
		n := strconv.Itoa(i)
		// What is not sound stays as null: the others keep their numbers.
		out = append(out, w.value(it.Value(), below, join(path, n), label+"["+n+"]"))
	}
	return out
}

func (w *walker) brokenList(v cue.Value, sh *shape, path, label string) any {
	var below *shape
	if sh != nil && sh.kind == cue.ListKind {
		below = w.shapes.element(sh)
		if text, ok := ownText(sh.v); ok && below == nil {
			// The schema says what the list is as a whole, such as a place of two numbers: an element of it has no words.
			if ops := w.src.operands(v); len(ops) > 0 {
				if !w.unevaluated(v, ops, sh, path, label) {
					w.add(w.entry(Finding{Code: CodeValue, Path: path, Place: w.doc.ValuePlace(path), Message: label + " " + text}))
				}
				return nil
			}
		}
	}
	out := []any{}
	i := 0
	for ; ; i++ {
		e := v.LookupPath(cue.MakePath(cue.Index(i)))
		if !e.Exists() && len(w.src.operands(e)) == 0 {
			break
		}
		n := strconv.Itoa(i)
		out = append(out, w.value(e, below, join(path, n), label+"["+n+"]"))
	}
	if i == 0 {
		w.wrong(v, sh, path, label)
		return nil
	}
	return out
}

func (w *walker) scalar(v cue.Value, sh *shape, path, label string) any {
	if d, ok := v.Default(); ok && v.Err() == nil {
		v = d
	}
	if v.Err() != nil {
		w.wrong(v, sh, path, label)
		return nil
	}
	if !v.IsConcrete() {
		w.incomplete(v, sh, path, label)
		return nil
	}
	data, err := plain(v)
	if err != nil {
		w.wrong(v, sh, path, label)
		return nil
	}
	return data
}

// unknown reports a field that the schema does not have.
func (w *walker) unknown(v cue.Value, sh *shape, at, path, label, name string) {
	f := Finding{Code: CodeUnknownField, Path: at, Place: node{v}.place(w.src)}
	if near, ok := Nearest(name, sh.names()); ok {
		f.Fix = w.src.fix(f.Place, name, near)
	}
	in := sh.called(label)
	f.Message = fmt.Sprintf("unknown field %q in %s", name, in)
	f.Hint = DidYouMean(name, sh.names(), in+" has")
	if path == "" {
		if _, near := Nearest(name, sh.names()); !near {
			f.Hint = fmt.Sprintf("a helper of your own at the top of a pipeline: prefix it with _ or # (_%s), or use let; the pipeline has %s", name, List(sh.names()))
		}
	}
	w.add(w.entry(f))
}

// missing reports a field that has to be given, at what it is missing from.
func (w *walker) missing(sh *shape, path, label, name string) {
	f := Finding{Code: CodeMissing, Path: join(path, name), Place: w.doc.Place(path)}
	f.Message = fmt.Sprintf("%s is missing in %s", name, sh.called(label))
	if doc := sh.fields[name].doc; doc != "" {
		f.Hint = name + ": " + strings.ReplaceAll(doc, "\n", " ")
	}
	if path == "" && name == "apiVersion" {
		f.Hint = fmt.Sprintf("begin the pipeline with: apiVersion: %q", schema.APIVersion)
	}
	w.add(w.entry(f))
}

// entry adds the entry that a finding is about where it stands elsewhere: in a template, say.
func (w *walker) entry(f Finding) Finding {
	parts := strings.SplitN(f.Path, ".", 3)
	if len(parts) < 3 {
		return f
	}
	entry := parts[0] + "." + parts[1]
	p := w.doc.Place(entry)
	if p != (Place{}) && p != f.Place && (p.File != f.Place.File || p.Line > f.Place.Line) {
		f.Related = append(f.Related, Related{p, "in " + entry})
	}
	return f
}

// rest reports what the evaluator still finds wrong where the walk found nothing.
func (w *walker) rest(v cue.Value) {
	for _, e := range faults(v.Validate(cue.Concrete(true), cue.Final())) {
		path := pathOf(e)
		if w.doc.Faulty(path) || slices.Contains(w.closed, path) {
			continue
		}
		f := w.entry(w.translate(e, path))
		if f.Place.Line == 0 && HasErrors(w.findings) {
			continue // it cannot be pointed at, and most likely follows from what can
		}
		if slices.ContainsFunc(w.findings, func(x Finding) bool { return x.Place == f.Place && x.Severity == Error }) {
			continue // a helper's fault, which the field that uses it has told
		}
		w.add(f)
	}
}

// noRoom reports whether path is that of the signals that the schema fills in for a detector, and the pipeline gives none there: a
// definition of its own that closes the detector leaves no room for them.
func (w *walker) noRoom(path string) bool {
	parts := strings.Split(path, ".")
	return len(parts) >= 3 && parts[0] == "detectors" && parts[2] == "emits" && !w.doc.Has(strings.Join(parts[:3], "."))
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// missing reports whether a field is only there because the schema requires it.
func missing(v cue.Value) bool {
	err := v.Err()
	if err == nil {
		return false
	}
	return slices.ContainsFunc(cueerrors.Errors(err), func(e cueerrors.Error) bool {
		format, _ := e.Msg()
		return strings.HasPrefix(format, "field is required but not present")
	})
}
