package dsl

import (
	"path/filepath"
	"slices"
	"strings"

	"cuelang.org/go/cue"
)

// fix returns the edit that puts one text in the place of another, nil where the other does not stand there: a name that was
// computed, a value from somewhere else.
func (s *sources) fix(p Place, old, now string) *Fix {
	if p.Line < 1 || !strings.HasSuffix(p.File, ".cue") {
		return nil
	}
	file := p.File
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.dir, file)
	}
	lines := s.text(file)
	if p.Line > len(lines) || p.Col < 1 || p.Col > len(lines[p.Line-1]) || !strings.HasPrefix(lines[p.Line-1][p.Col-1:], old) {
		return nil
	}
	return &Fix{Place: p, Old: old, New: now}
}

// Fix returns the edit that puts one text in the place of another, nil where the other does not stand at the place.
func (d *Document) Fix(p Place, old, now string) *Fix { return d.src.fix(p, old, now) }

// OnlyNear returns the name that was meant by what was written, where one alone can have been.
func OnlyNear(written string, names []string) (string, bool) {
	near, ok := Nearest(written, names)
	if !ok {
		return "", false
	}
	others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == near })
	_, also := Nearest(written, others)
	return near, !also
}

// unit returns the edit that makes seconds of a duration without a unit, nil for what is no such thing. Seconds are what
// people mean who write 5; whoever does not sees it in the edit.
func (w *walker) unit(v cue.Value, p Place) *Fix {
	number := strings.Trim(written(v), `"`)
	if number == "" || strings.Trim(number, "0123456789") != "" {
		return nil
	}
	if v.IncompleteKind() == cue.StringKind {
		return w.src.fix(p, `"`+number+`"`, `"`+number+`s"`)
	}
	return w.src.fix(p, number, `"`+number+`s"`)
}
