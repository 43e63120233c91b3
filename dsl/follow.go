package dsl

import (
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"

	"rvo.dev/schema"
)

// follower is a value that has a fault only because it refers to one.
type follower struct {
	err  cueerrors.Error
	path string // where the fault is
}

// pathOf returns the path of an error as paths are written here: names without quotes.
func pathOf(e cueerrors.Error) string {
	parts := slices.Clone(e.Path())
	for i, p := range parts {
		if len(p) > 1 && p[0] == '"' {
			parts[i] = strings.Trim(p, `"`)
		}
	}
	return strings.Join(parts, ".")
}

// follows reports whether an error found at path is that of another part of the pipeline, which has its own finding. A
// reference that leads nowhere is told apart from one that leads into something with a fault.
func (w *walker) follows(e cueerrors.Error, path string, v cue.Value) bool {
	at := pathOf(e)
	top, _, _ := strings.Cut(at, ".")
	if at == "" || within(at, path) || within(path, at) || !slices.Contains(schema.Fields(schema.Pipeline{}), top) {
		return false
	}
	w.doc.faults = append(w.doc.faults, path)
	if f, ok := w.leadsNowhere(v, path); ok {
		w.add(w.entry(f))
		return true
	}
	w.follow = append(w.follow, follower{e, at})
	return true
}

// followers reports what values refer to and nobody has reported for itself.
func (w *walker) followers() {
	for _, f := range w.follow {
		covered := slices.ContainsFunc(w.findings, func(x Finding) bool { return within(x.Path, f.path) || within(f.path, x.Path) })
		if !covered {
			w.add(w.entry(w.translate(f.err, f.path)))
		}
	}
}

// chain returns the names of a reference such as detectors.motion.emits.level.ref and where each stands; nil for any other
// expression.
func chain(e ast.Node) (names []string, at []ast.Node) {
	switch e := e.(type) {
	case *ast.Field:
		return chain(e.Value)
	case *ast.ParenExpr:
		return chain(e.X)
	case *ast.Ident:
		return []string{e.Name}, []ast.Node{e}
	case *ast.SelectorExpr:
		names, at = chain(e.X)
		name, _, err := ast.LabelName(e.Sel)
		if names == nil || err != nil {
			return nil, nil
		}
		return append(names, name), append(at, e.Sel)
	}
	return nil, nil
}

// scope returns what the first names of a reference at path lead to and how many of them do: the reference is looked up from
// the inside out, as CUE does. Only references into the pipeline's own fields can be followed.
func (w *walker) scope(names []string, path string) (cue.Value, int) {
	parts := strings.Split(path, ".")
	for n := len(parts); n >= 0; n-- {
		v := w.lookup(w.all, parts[:n])
		if !v.Exists() || !w.lookup(v, names[:1]).Exists() {
			continue
		}
		for i := range names {
			next := w.lookup(v, names[i:i+1])
			if !next.Exists() {
				return v, i
			}
			v = next
		}
		return v, len(names)
	}
	return cue.Value{}, 0
}

// lookup goes down a path, through structs and lists.
func (w *walker) lookup(v cue.Value, names []string) cue.Value {
	for _, name := range names {
		if name == "" {
			continue
		}
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, "#") {
			return cue.Value{} // hidden fields need the package's name
		}
		v = v.LookupPath(cue.MakePath(cue.Str(name)))
	}
	return v
}

// leadsNowhere reports a value that is a reference to something that does not exist.
func (w *walker) leadsNowhere(v cue.Value, path string) (Finding, bool) {
	names, at := chain(v.Source())
	if len(names) < 2 {
		return Finding{}, false
	}
	in, n := w.scope(names, path)
	if n == 0 || n == len(names) {
		return Finding{}, false
	}
	f := Finding{Code: CodeReference, Path: path, Place: w.src.place(at[n].Pos())}
	return w.missingName(f, in, names[:n], names[n]), true
}

// missingName says that a reference names a field that is not there, and which there are.
func (w *walker) missingName(f Finding, in cue.Value, prefix []string, name string) Finding {
	where := strings.Join(prefix, ".")
	f.Message = "there is no " + name + " in " + where
	f.Hint = ""
	var known []string
	if it, err := in.Fields(); err == nil {
		for it.Next() {
			known = append(known, it.Selector().Unquoted())
		}
	}
	f.Hint = DidYouMean(name, known, where+" has")
	if near, ok := Nearest(name, known); ok {
		f.Fix = w.src.fix(f.Place, name, near)
	} else if f.Hint != "" {
		f.Hint += "; text stands in quotes"
	}
	return f
}

// among adds to an undefined field what there is instead, where the reference can be followed.
func (w *walker) among(f Finding, e cueerrors.Error, path string) Finding {
	n, ok := w.doc.nodes[path]
	if f.Code != CodeReference || !ok || !strings.HasPrefix(rawText(e), "undefined field") {
		return f
	}
	for _, o := range append([]cue.Value{n.v}, w.src.operands(n.v)...) {
		if found, ok := w.leadsNowhere(o, path); ok {
			return found
		}
	}
	return f
}
