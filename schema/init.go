package schema

import (
	_ "embed"
	"fmt"
)

// LanguageVersion is the version of CUE that modules made for pipelines ask for: error("…") and @if need no newer one.
const LanguageVersion = "v0.17.0"

// VendoredPath is where a module keeps the schema, so that editors and cue vet find it and nothing is fetched. It is one file,
// so that a newer one replaces it as a whole.
const VendoredPath = "cue.mod/pkg/rvo.dev/schema/schema.cue"

//go:embed example.cue
var example string

//go:embed example_test.cue
var exampleTest string

// InitFiles returns the files of a new module with one pipeline and its tests, by slash-separated path. text is the composed
// schema; the example uses the kinds synthetic, motion and stdout, which every program has.
func InitFiles(text []byte) map[string][]byte {
	return map[string][]byte{
		"cue.mod/module.cue": fmt.Appendf(nil, "module: \"pipeline.local\"\nlanguage: version: %q\n", LanguageVersion),
		VendoredPath:         text,
		"pipeline.cue":       []byte(example),
		"pipeline_test.cue":  []byte(exampleTest),
	}
}
