package dsl

import (
	"fmt"
	"slices"
	"strings"
)

// Levels is what a pipeline itself says about findings: engine.lint and @rvo(ignore=…). It is used by one goroutine.
type Levels struct {
	doc      *Document
	lint     map[string]string
	ignores  []ignore
	known    func() []string
	core     func(code string) bool
	findings []Finding
}

// Levels returns the levels that the pipeline sets. known are all codes there are; core reports whether a code stands for
// what keeps a pipeline from running, which can be neither lowered nor ignored.
func (d *Document) Levels(known func() []string, core func(code string) bool) *Levels {
	l := &Levels{doc: d, lint: map[string]string{}, ignores: slices.Clone(d.ignores), known: known, core: core}
	if e := d.Pipeline.Engine; e != nil {
		for _, code := range sortedKeys(e.Lint) {
			path := "engine.lint." + code
			if d.Faulty(path) {
				continue
			}
			if f, ok := l.refuse(code, "its level cannot be changed"); ok {
				f.Path, f.Place = path, d.Place(path)
				l.findings = append(l.findings, f)
				continue
			}
			l.lint[code] = e.Lint[code]
		}
	}
	for i := range l.ignores {
		l.look(&l.ignores[i])
	}
	return l
}

// refuse reports a code that is none or that cannot be changed.
func (l *Levels) refuse(code, what string) (Finding, bool) {
	f := Finding{Code: CodeLevel}
	switch {
	case !slices.Contains(l.known(), code):
		f.Message = fmt.Sprintf("there is no code %q", code)
		f.Hint = "codes are like RVO214; rvo explain lists them"
		if near, ok := Nearest(code, l.known()); ok && !strings.HasPrefix(code, "RVO") {
			f.Hint = "did you mean " + near + "?"
		}
	case l.core(code):
		f.Message = fmt.Sprintf("%s keeps a pipeline from running: %s", code, what)
		f.Hint = "take it away and mend what is found"
	default:
		return Finding{}, false
	}
	return f, true
}

// look reports what is wrong with an ignore, and takes from it the codes that it cannot ignore.
func (l *Levels) look(i *ignore) {
	if i.fault != "" {
		l.findings = append(l.findings, Finding{
			Code: CodeLevel, Place: i.place, Message: i.fault, Hint: `write @rvo(ignore=RVO214, reason="why it is meant")`,
		})
	}
	i.codes = slices.DeleteFunc(slices.Clone(i.codes), func(code string) bool {
		f, refused := l.refuse(code, "it cannot be ignored")
		if refused {
			f.Place = i.place
			l.findings = append(l.findings, f)
		}
		return refused
	})
	if i.reason == "" && len(i.codes) > 0 {
		l.findings = append(l.findings, Finding{
			Code: CodeNoReason, Severity: Warning, Place: i.place, Message: "ignores " + strings.Join(i.codes, ", ") + " without a reason",
			Hint: `say why it is meant: reason="…"`,
		})
	}
}

// Apply returns the findings that are left, with the levels that the pipeline gives them.
func (l *Levels) Apply(fs []Finding) []Finding {
	out := fs[:0:0]
	for _, f := range fs {
		if l.core != nil && l.core(f.Code) {
			out = append(out, f)
			continue
		}
		dropped := false
		for i := range l.ignores {
			ig := &l.ignores[i]
			if slices.Contains(ig.codes, f.Code) && ig.covers(f.Place) {
				ig.used, dropped = true, true
			}
		}
		switch level := l.lint[f.Code]; level {
		case "off":
			dropped = true
		case "info":
			f.Severity = Info
		case "warning":
			f.Severity = Warning
		case "error":
			f.Severity = Error
		}
		if !dropped {
			out = append(out, f)
		}
	}
	return out
}

// Raised reports whether the pipeline makes an error of a code: such an error says nothing about what else can be found.
func (l *Levels) Raised(code string) bool { return l.lint[code] == "error" }

// Findings returns what is wrong with the levels and ignores themselves. all says that every check has run, so that an ignore
// that matched nothing can be told; ran reports whether a code was looked for at all.
func (l *Levels) Findings(all bool, ran func(code string) bool) []Finding {
	out := l.findings
	for _, i := range l.ignores {
		// An ignore of what lint turns off, or of what was not looked for, may well match another time.
		idle := len(i.codes) > 0 && !slices.ContainsFunc(i.codes, func(c string) bool { return !ran(c) })
		if all && idle && !i.used {
			out = append(out, Finding{
				Code: CodeIdleIgnore, Severity: Warning, Place: i.place,
				Message: fmt.Sprintf("ignores %s, and there is no such finding here", strings.Join(i.codes, ", ")),
				Hint:    "take it away",
			})
		}
	}
	return l.doc.Finish(l.Apply(out))
}
