// Package schema is the pipeline language: its core in CUE, how the kinds of a program are added to it, and the Go
// structs that a pipeline decodes to.
//
//	text, err := schema.Compose(parts)            // one schema.cue for these kinds
//	err = json.Unmarshal(data, &pipeline)         // pipeline is a schema.Pipeline
//	d, err := schema.ParseDuration("1m30s")
//
// CUE is the source: bounds, messages and documentation stand in schema.cue, and a test holds the structs to it. The
// package judges no pipeline and reads no file. It starts no goroutine.
package schema

import _ "embed"

// ImportPath is the path under which a pipeline file may import the schema.
const ImportPath = "rvo.dev/schema"

// APIVersion is the language version this program reads.
const APIVersion = "rvo/v1"

//go:embed schema.cue
var core string

// Core returns the core language: schema.cue without any kind.
func Core() string { return core }
