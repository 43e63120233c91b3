package compile

import (
	"fmt"
	"slices"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// refs checks a list of ids and returns it; nil where it is not given, which means all.
func (c *compiler) refs(path, what string, list *[]string, known []string) []string {
	if list == nil {
		return nil
	}
	if len(*list) == 0 {
		c.report(dsl.Finding{
			Code: CodeNode, Path: path, Message: "names no " + what,
			Hint: fmt.Sprintf("leave it out for every %s, or set enabled: false", what),
		})
	}
	for i, id := range *list {
		at := fmt.Sprintf("%s.%d", path, i)
		if slices.Contains((*list)[:i], id) {
			c.report(dsl.Finding{Code: CodeNode, Path: at, Message: fmt.Sprintf("%s %s is named twice", what, id), Hint: "take one away"})
			continue
		}
		c.ref(at, what, id, known)
	}
	return *list
}

// ref checks an id.
func (c *compiler) ref(path, what, id string, known []string) {
	if slices.Contains(known, id) {
		return
	}
	f := dsl.Finding{Code: CodeNode, Path: path, Message: fmt.Sprintf("there is no %s %s", what, quote(id))}
	f.Hint, f.Fix = dsl.DidYouMean(id, known, "there are"), c.rename(path, "", id, known)
	if len(known) == 0 {
		f.Hint = "the pipeline has none"
	}
	c.report(f)
}

// rename returns the edit that writes the name that was meant, where one alone can have been. The text at path is prefix and
// what was written, in quotes.
func (c *compiler) rename(path, prefix, written string, names []string) *dsl.Fix {
	near, ok := dsl.OnlyNear(written, names)
	if !ok {
		return nil
	}
	return c.doc.Fix(c.doc.ValuePlace(path), `"`+prefix+written+`"`, `"`+prefix+near+`"`)
}

// quote puts what is no id in quotes.
func quote(id string) string {
	if id == "" || strings.ContainsAny(id, " \t\n\"'") {
		return fmt.Sprintf("%q", id)
	}
	return id
}

// signals collects what a detector gives.
func (c *compiler) signals(id string) {
	in, path := c.in.Detectors[id], "detectors."+id
	k := c.kind(node.RoleDetector, path, id, in.Kinds)
	if k == nil {
		return
	}
	options := path + "." + k.Contract.Name
	if c.doc.Faulty(options) {
		return
	}
	emits, err := k.Contract.Emits(in.Kinds[k.Contract.Name])
	if err != nil {
		c.report(dsl.Finding{
			Code: dsl.CodeValue, Path: options, Place: c.doc.Place(options),
			Message: fmt.Sprintf("%s does not accept its options: %v", k.Contract.Name, err),
		})
		return
	}
	c.emits[id] = emits
}

// signal looks a signal up; where there is none it reports that and returns false. It returns true and nil for a signal
// of a detector whose own faults hide what it gives.
func (c *compiler) signal(path, name string) (*node.Emit, bool) {
	id, sig, _ := strings.Cut(name, ".")
	if id == graph.CameraSignals {
		emits := graph.CameraEmits()
		for i := range emits {
			if emits[i].Name == sig {
				return &emits[i], true
			}
		}
		c.report(dsl.Finding{
			Code: CodeSignal, Path: path, Message: "cameras give no signal " + quote(sig),
			Hint: dsl.DidYouMean(sig, emitNames(emits), "they give"), Fix: c.rename(path, id+".", sig, emitNames(emits)),
		})
		return nil, false
	}
	if _, declared := c.in.Detectors[id]; declared || c.doc.Has("detectors."+id) {
		emits, known := c.emits[id]
		if !known {
			return nil, true
		}
		for i := range emits {
			if emits[i].Name == sig {
				return &emits[i], true
			}
		}
		c.report(dsl.Finding{
			Code: CodeSignal, Path: path, Message: fmt.Sprintf("detector %s gives no signal %s", id, quote(sig)),
			Hint: dsl.DidYouMean(sig, emitNames(emits), id+" gives"), Fix: c.rename(path, id+".", sig, emitNames(emits)),
			Related: []dsl.Related{{Place: c.doc.Place("detectors." + id), Message: "detector " + id}},
		})
		return nil, false
	}
	f := dsl.Finding{Code: CodeSignal, Path: path, Message: fmt.Sprintf("there is no signal %s: no detector is called %s", name, id)}
	f.Hint, f.Fix = dsl.DidYouMean(name, c.allSignals(), "there are"), c.rename(path, "", name, c.allSignals())
	if near, ok := dsl.Nearest(id, ids(c.in.Detectors)); ok {
		f.Hint = "did you mean " + near + "." + sig + "?"
	}
	if len(c.in.Detectors) == 0 {
		f.Hint = "the pipeline has no detectors"
	}
	c.report(f)
	return nil, false
}

// emitted checks the name of a signal that a detector changes.
func (c *compiler) emitted(path, id, name string) {
	emits, known := c.emits[id]
	if !known || slices.Contains(emitNames(emits), name) {
		return
	}
	var fix *dsl.Fix
	if near, ok := dsl.OnlyNear(name, emitNames(emits)); ok {
		fix = c.doc.Fix(c.doc.Place(path), name, near)
	}
	c.report(dsl.Finding{
		Code: CodeSignal, Path: path, Place: c.doc.Place(path), Message: fmt.Sprintf("detector %s gives no signal %s", id, quote(name)),
		Hint: dsl.DidYouMean(name, emitNames(emits), id+" gives"), Fix: fix,
	})
}

func (c *compiler) allSignals() []string {
	var all []string
	for id, emits := range c.emits {
		for _, e := range emits {
			all = append(all, id+"."+e.Name)
		}
	}
	return all
}

func emitNames(emits []node.Emit) []string {
	names := make([]string, len(emits))
	for i, e := range emits {
		names[i] = e.Name
	}
	return names
}
