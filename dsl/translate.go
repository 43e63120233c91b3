package dsl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	cueerrors "cuelang.org/go/cue/errors"
)

// wrong reports a value that the schema, the user's other files or the evaluator refuse.
func (w *walker) wrong(v cue.Value, sh *shape, path, label string) {
	ops := w.src.operands(v)
	if f, ok := w.conflict(ops, path, label); ok {
		w.add(w.entry(f))
		return
	}
	place := w.doc.ValuePlace(path)
	if w.unevaluated(v, ops, sh, path, label) || w.ownRules(ops, sh, path, label) {
		return
	}
	got := ""
	var related []Related
	secret := sh != nil && sh.name == "#Secret"
	for _, o := range ops {
		if fits := sh != nil && sh.kind&(cue.StructKind|cue.ListKind) != 0 && o.IncompleteKind()&sh.kind != 0; fits || o.Err() != nil {
			continue
		}
		place = orPlace(w.src.place(valuePos(o)), place)
		// A reference is no fault of its own: what it names has the wrong value.
		if at := w.src.place(valuePos(cue.Dereference(o))); at != (Place{}) && at != place {
			related = append(related, Related{place, "used here"})
			place = at
		}
		// What has no type yet, a cycle say, cannot be shown.
		if k := o.IncompleteKind(); !secret && (o.IsConcrete() || kindName(k) != kindName(cue.TopKind)) {
			got = ", not " + written(o)
		}
		break
	}
	f := Finding{Code: CodeValue, Path: path, Place: place, Related: related}
	switch words := sh.words(); {
	case len(words) > 0:
		f.Code = CodeNotOneOf
		f.Message = fmt.Sprintf("%s must be one of %s%s", label, strings.Join(words, ", "), got)
		if len(ops) > 0 {
			if text, err := ops[0].String(); err == nil {
				if near, ok := Nearest(text, words); ok {
					f.Hint = "did you mean " + near + "?"
					f.Fix = w.src.fix(place, `"`+text+`"`, `"`+near+`"`)
				}
			}
		}
	case sh == nil || got == "" && !secret && v.Err() != nil && len(ops) == 0:
		for _, e := range faults(v.Err()) {
			f.Message = w.unevaluatedText(label, e)
		}
	default:
		f.Message = fmt.Sprintf("%s %s%s", label, sh.expects(), got)
	}
	if f.Message == "" {
		f.Message = label + " cannot be evaluated"
	}
	if sh != nil && (sh.name == "#Duration" || sh.name == "#Span") && len(ops) > 0 {
		f.Fix = w.unit(ops[0], place)
	}
	if path == "" {
		f.Message = "a pipeline must be a struct" + got
	}
	if secret {
		f.Hint = "a secret never stands in a pipeline itself"
	}
	w.add(w.entry(f))
}

// unevaluatedText says that a field has no value, and why where that can be said.
func (w *walker) unevaluatedText(label string, e cueerrors.Error) string {
	if why, ok := w.src.message(e); ok {
		if strings.HasPrefix(why, "must ") {
			return label + " " + why // the schema's own words, and the value is there
		}
		return fmt.Sprintf("%s cannot be evaluated: %s", label, why)
	}
	return label + " cannot be evaluated"
}

// unevaluated reports an expression of the user's that has no value at all; it returns false where there is none. The
// fault is then in the expression and not that its value does not suit the schema.
func (w *walker) unevaluated(v cue.Value, ops []cue.Value, sh *shape, path, label string) bool {
	place := w.doc.ValuePlace(path)
	for _, o := range append([]cue.Value{v}, ops...) {
		for _, e := range faults(o.Err()) {
			if w.follows(e, path, o) {
				return true
			}
			code := classify(e)
			switch {
			case code == CodeIncomplete:
				w.incomplete(v, sh, path, label)
				return true
			case code == CodeValue && !scalarFault(o, e):
				continue
			}
			f := w.translate(e, path)
			if f.Code != CodeTag {
				f.Place = w.src.errorPlace(e, orPlace(w.src.place(valuePos(o)), place))
			}
			if code == CodeValue && f.Code != CodeTag {
				f.Message = w.unevaluatedText(label, e)
			}
			w.add(w.entry(f))
			return true
		}
	}
	return false
}

// ownRules reports a value that the schema would take and the pipeline's own words do not: a definition of the user's
// that says another type, a struct of the user's that is closed. It returns false where that is not so.
func (w *walker) ownRules(ops []cue.Value, sh *shape, path, label string) bool {
	if sh == nil || sh.kind == cue.StructKind || sh.kind == cue.ListKind {
		return false
	}
	for _, o := range ops {
		if !scalar(o) || sh.v.Unify(o).Validate(cue.Concrete(true)) != nil {
			continue
		}
		f := Finding{
			Code: CodeConflict, Path: path, Place: w.src.place(valuePos(o)),
			Message: fmt.Sprintf("%s is %s, which the pipeline itself does not allow here", label, written(o)),
			Hint:    "look for a definition or a close() around it that has no such field",
		}
		for _, other := range ops {
			if p := w.src.place(valuePos(other)); !scalar(other) && p != f.Place {
				f.Hint = ""
				f.Related = append(f.Related, Related{p, "this wants " + describe(other, 0)})
			}
		}
		w.add(w.entry(f))
		return true
	}
	return false
}

// scalarFault reports whether a value of the user's has no value for a reason of its own, like a division by zero: what
// is only in conflict with something else has operands.
func scalarFault(v cue.Value, e cueerrors.Error) bool {
	op, _ := v.Expr()
	format, _ := e.Msg()
	switch op {
	case cue.AndOp, cue.OrOp:
		return false
	}
	if strings.HasPrefix(rawText(e), "must ") {
		return false // error("must …") of the schema
	}
	return v.IncompleteKind() == cue.BottomKind && !strings.HasPrefix(format, "conflicting values") && !strings.Contains(format, "out of bound")
}

// conflict reports two places of the user's that give one field different values.
func (w *walker) conflict(ops []cue.Value, path, label string) (Finding, bool) {
	for i, a := range ops {
		for _, b := range ops[i+1:] {
			if !scalar(a) || !scalar(b) || a.Equals(b) {
				continue
			}
			pa, pb := w.src.place(valuePos(a)), w.src.place(valuePos(b))
			if pa == pb {
				continue
			}
			return Finding{
				Code: CodeConflict, Path: path, Place: pa,
				Message: fmt.Sprintf("%s is given twice: %s here and %s elsewhere", label, written(a), written(b)),
				Related: []Related{{pb, written(b) + " is here"}},
				Hint:    "CUE never overrides a value: make one of them a default (*" + written(b) + " | …) or take one away",
			}, true
		}
	}
	return Finding{}, false
}

func scalar(v cue.Value) bool {
	k := v.Kind()
	return v.Err() == nil && v.IsConcrete() && k != cue.StructKind && k != cue.ListKind && k != cue.BottomKind
}

// incomplete reports a field whose value is not definite, or the tag that would make it so.
func (w *walker) incomplete(v cue.Value, sh *shape, path, label string) {
	place := w.doc.ValuePlace(path)
	if t, ok := w.tagFor(v); ok {
		w.add(w.notGiven(t, path, Related{place, path + " needs it"}))
		return
	}
	f := Finding{Code: CodeIncomplete, Path: path, Place: place}
	f.Message = label + " has no definite value"
	if k := v.IncompleteKind(); v.Err() == nil && k != cue.BottomKind {
		f.Message += ", only a type: " + kindName(k)
	}
	if sh != nil {
		f.Hint = fmt.Sprintf("%s %s", label, sh.expects())
	}
	w.add(w.entry(f))
}

// translate turns an error of the evaluator's into a finding.
func (w *walker) translate(e cueerrors.Error, path string) Finding {
	if t, ok := w.tagIn(e.Position()); ok {
		return w.notGiven(t, path, Related{w.src.place(e.Position()), "a name needs it"})
	}
	if f, ok := w.src.embedFault(e, w.src.errorPlace(e, w.doc.Place(path))); ok {
		return f
	}
	f := Finding{Code: classify(e), Path: path, Place: w.src.errorPlace(e, w.doc.Place(path)), Message: w.src.messageOr(e, "cannot be evaluated")}
	if strings.HasPrefix(rawText(e), "key value of dynamic field") {
		f.Code, f.Hint = CodeIncomplete, "give what the name is made of a value"
	}
	if f.Place.Line == 0 {
		f.Place = orPlace(w.helper(path), f.Place)
	}
	if label := labelOf(path); label != "" {
		// The schema's words want a subject, and "it" would leave a person to guess.
		if rest, ok := strings.CutPrefix(f.Message, "it "); ok {
			f.Message = label + " " + rest
		} else if strings.HasPrefix(f.Message, "must ") {
			f.Message = label + " " + f.Message
		}
	}
	if f.Code == CodeUnknownField && w.noRoom(path) {
		id := strings.Split(path, ".")[1]
		f.Message = fmt.Sprintf("detector %s is closed by a definition of the pipeline, which leaves no room for signals to refer to", id)
		f.Hint = fmt.Sprintf("make the definition of schema.#Detector & {…}, or name the signal: \"%s.…\"", id)
	}
	if f.Code == CodeReference {
		f.Hint = "declare it, or quote it if it was meant as text"
		if rawText(e) == "undefined field: emits" {
			f.Hint = "a definition of the pipeline closes the detector: make it of schema.#Detector & {…}, or name the signal in quotes"
		}
	}
	return w.among(f, e, path)
}

// labelOf returns what messages call the value at path: its name, and "masks[1]" for an element of a list.
func labelOf(path string) string {
	i := strings.LastIndexByte(path, '.')
	label := path[i+1:]
	if _, err := strconv.Atoi(label); err == nil && i > 0 {
		return labelOf(path[:i]) + "[" + label + "]"
	}
	return label
}

// helper returns where a field at the top of a file stands that is no part of the pipeline: a hidden field or a definition.
func (w *walker) helper(path string) Place {
	top, _, _ := strings.Cut(path, ".")
	for _, f := range w.files {
		for _, d := range f.Decls {
			if field, ok := d.(*ast.Field); ok {
				if name, _, err := ast.LabelName(field.Label); err == nil && name == top {
					return w.src.place(field.Label.Pos())
				}
			}
		}
	}
	return Place{}
}

// faults takes errors apart and leaves out the headings that the evaluator puts over those of a disjunction.
func faults(err error) []cueerrors.Error {
	return slices.DeleteFunc(slices.Clone(cueerrors.Errors(err)), func(e cueerrors.Error) bool {
		format, _ := e.Msg()
		return strings.Contains(format, "empty disjunction")
	})
}

// classify gives an error of the evaluator's its code.
func classify(e cueerrors.Error) string {
	format, _ := e.Msg()
	text := e.Error()
	switch {
	case strings.Contains(text, "structural cycle"):
		return CodeLimit
	case strings.HasPrefix(format, "reference %q not found"), strings.Contains(text, "undefined field"):
		return CodeReference
	case strings.Contains(text, "imported and not used"), strings.Contains(format, "import failed"), strings.Contains(text, "cannot find package"):
		return CodeImport
	case strings.Contains(text, "incomplete"), strings.Contains(text, "non-concrete"), strings.Contains(text, "unresolved"):
		return CodeIncomplete
	case strings.HasPrefix(format, "field not allowed"):
		return CodeUnknownField
	case strings.HasPrefix(format, "field is required but not present"):
		return CodeMissing
	}
	return CodeValue
}

// buildErrors reports what keeps the user's files from being evaluated at all.
func buildErrors(src *sources, v cue.Value, inst *build.Instance) []Finding {
	if inst.Err == nil && (v.Err() == nil || v.IncompleteKind() == cue.StructKind) {
		return nil
	}
	var findings []Finding
	w := &walker{src: src, doc: &Document{src: src}}
	for _, e := range cueerrors.Errors(inst.Err) {
		findings = append(findings, w.translate(e, pathOf(e)))
	}
	for _, e := range cueerrors.Errors(v.Err()) {
		switch code := classify(e); code {
		case CodeReference, CodeImport:
			findings = append(findings, w.translate(e, pathOf(e)))
		}
	}
	return findings
}

// loadErrors reports what kept the files from being loaded.
func loadErrors(src *sources, t *target, err error, tags []string) []Finding {
	var findings []Finding
	at := Place{File: src.rel(t.shown)}
	broken := map[string]bool{}
	for _, e := range innermost(err) {
		text := rawText(e)
		f := Finding{Code: CodeImport, Place: src.errorPlace(e, at), Message: src.messageOr(e, "cannot be loaded")}
		// A fault in the text of an imported file: report all there are in it.
		if p := e.Position(); src.users(p) {
			if !broken[p.Filename()] {
				broken[p.Filename()] = true
				if fs := syntax(src, []string{p.Filename()}); len(fs) > 0 {
					findings = append(findings, fs...)
					continue
				}
			} else if len(syntax(src, []string{p.Filename()})) > 0 {
				continue
			}
		}
		for _, name := range tags {
			name, _, value := strings.Cut(name, "=")
			if strings.Contains(text, fmt.Sprintf("no tag for %q", name)) || strings.Contains(text, fmt.Sprintf("tag %q not used", name)) {
				f.Code = CodeTag
				f.Message = fmt.Sprintf("no file of the pipeline has a tag %q", name)
				f.Hint = fmt.Sprintf("declare it (%s: string @tag(%s)) or leave -t %s away", name, name, name)
				if !value {
					f.Hint = fmt.Sprintf("a value is given with -t %s=…; a name alone chooses files with @if(%s)", name, name)
				}
			}
		}
		switch {
		case strings.Contains(text, "cannot find package"), strings.Contains(text, "cannot find module"), strings.Contains(text, "import failed"):
			f.Hint = "the schema is imported as \"rvo.dev/schema\"; other packages lie in the folder of the pipeline's cue.mod"
		case strings.Contains(text, "tag variable"):
			f.Code = CodeTag
			f.Message = "a tag takes no value from the machine"
			f.Hint = "a pipeline sees nothing of the machine it runs on: give the value with -t"
		}
		findings = append(findings, f)
	}
	return findings
}

// innermost takes errors apart into those at their bottom: "import failed" has the reason inside.
func innermost(err error) []cueerrors.Error {
	var out []cueerrors.Error
	for _, e := range cueerrors.Errors(err) {
		inner := errors.Unwrap(e)
		var ce cueerrors.Error
		if inner == nil || !errors.As(inner, &ce) {
			out = append(out, e)
			continue
		}
		for _, i := range innermost(inner) {
			if !i.Position().IsValid() && e.Position().IsValid() {
				format, args := i.Msg()
				i = cueerrors.Newf(e.Position(), format, args...)
			}
			out = append(out, i)
		}
	}
	return out
}

func orPlace(p, otherwise Place) Place {
	if p == (Place{}) {
		return otherwise
	}
	return p
}
