package dsl

import (
	"fmt"
	"slices"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/mod/modfile"

	"rvo.dev/schema"
)

// checkModule reports what would keep the schema from being loaded in the user's module.
func checkModule(src *sources, file string, data []byte) []Finding {
	at := Place{File: src.rel(file)}
	m, err := modfile.ParseNonStrict(data, file)
	if err != nil {
		var findings []Finding
		for _, e := range cueerrors.Errors(err) {
			findings = append(findings, Finding{Code: CodeImport, Place: src.errorPlace(e, at), Message: "module file: " + src.messageOr(e, "it cannot be read")})
		}
		return findings
	}
	for path := range m.Deps {
		if name, _, _ := strings.Cut(path, "@"); name == schema.ImportPath {
			return []Finding{{
				Code: CodeImport, Place: at,
				Message: fmt.Sprintf("module lists %s among its deps, but rvo brings its own", path),
				Hint:    "take it out of deps",
			}}
		}
	}
	if m.Language != nil && m.Language.Version != "" && older(m.Language.Version, leastVersion) {
		return []Finding{{
			Code: CodeImport, Place: at,
			Message: fmt.Sprintf("module asks for language version %s, the schema needs %s", m.Language.Version, leastVersion),
			Hint:    fmt.Sprintf("write language: version: %q", languageVersion),
		}}
	}
	return nil
}

// older reports whether version a is older than b; both are like v0.14.0.
func older(a, b string) bool {
	var x, y [3]int
	if n, _ := fmt.Sscanf(a, "v%d.%d.%d", &x[0], &x[1], &x[2]); n < 2 {
		return false
	}
	_, _ = fmt.Sscanf(b, "v%d.%d.%d", &y[0], &y[1], &y[2])
	return slices.Compare(x[:], y[:]) < 0
}
