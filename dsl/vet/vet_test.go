package vet_test

import (
	"flag"
	"testing"

	"rvo.dev/dsl/vet/vettest"
)

// The golden findings are rewritten by go test ./dsl/vet -update.
var _ = flag.Bool("update", false, "rewrite the golden findings")

func TestGolden(t *testing.T) { vettest.Run(t, vettest.Kinds(t), "testdata") }
