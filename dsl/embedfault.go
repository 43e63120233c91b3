package dsl

import (
	"errors"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"
)

// embedFault says why data could not be embedded, in the data's own file where its text is at fault; false for an error about
// something else. at is where the pipeline asks for it.
func (s *sources) embedFault(e cueerrors.Error, at Place) (Finding, bool) {
	inner := errors.Unwrap(e)
	if rawText(e) != "@embed" || inner == nil {
		return Finding{}, false
	}
	f := Finding{Code: CodeImport, Place: at, Message: "embedded file cannot be read"}
	text := inner.Error()
	if m := regexp.MustCompile(`open (\S+): no such file`).FindStringSubmatch(text); m != nil {
		f.Message = "there is no file " + m[1] + " to embed"
		f.Hint = "the path is relative to the folder of the file that embeds it, and cannot leave the module"
		return f, true
	}
	m := regexp.MustCompile(`(?:failed to decode file: |for file ")([^:"]+\.(json|jsonl|ya?ml|toml|cue))(?::(\d+))?`).FindStringSubmatch(text)
	if m == nil {
		return f, true
	}
	f.Code = CodeSyntax
	f.Message = path.Base(m[1]) + " is not valid " + strings.ToUpper(strings.Replace(m[2], "yml", "yaml", 1)) + " from here on"
	f.Related = []Related{{at, "embedded here"}}
	f.Place = Place{File: s.rel(filepath.Join(s.base, m[1]))}
	if line, err := strconv.Atoi(m[3]); err == nil {
		f.Place.Line, f.Place.Col = line, 1
	} else if ce, ok := errors.AsType[cueerrors.Error](inner); ok {
		for _, p := range cueerrors.Positions(ce) {
			if s.users(p) && filepath.Ext(p.Filename()) == "."+m[2] {
				f.Place = s.place(p)
			}
		}
	}
	return f, true
}
