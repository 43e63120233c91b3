package show

import (
	"cuelang.org/go/cue/format"

	"rvo.dev/dsl"
)

// Source returns the text of a CUE file in its one form: tabs, aligned, comments kept. What cannot be read as CUE gives
// findings instead. Dir is the working directory that file lies in and places are relative to, absolute.
func Source(dir, file string, text []byte) ([]byte, []dsl.Finding) {
	if findings := dsl.Syntax(dir, file, text); len(findings) > 0 {
		return nil, findings
	}
	out, err := format.Source(text)
	if err != nil {
		// The parser took it, so this is a fault of the formatter: leave the text alone and say so.
		return nil, []dsl.Finding{{
			Code: dsl.CodeSyntax, Place: dsl.Place{File: file}, Message: dsl.Redact("cannot be formatted: " + err.Error()),
		}}
	}
	return out, nil
}
