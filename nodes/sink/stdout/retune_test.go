package stdout

import (
	"bytes"
	"testing"

	"rvo.dev/engine/node/nodetest"
)

// A look is at what a record is written as.
func TestRetune(t *testing.T) {
	open := func(t *testing.T, options string) nodetest.Life {
		var out bytes.Buffer
		env := nodetest.Env(t)
		env.Stdout = &out
		s := nodetest.OpenSink(t, Kind(), options, env)
		n := 0
		return nodetest.Life{Node: s, Look: func() string {
			out.Reset()
			r := nodetest.Record(n)
			n++
			if err := s.Write(t.Context(), r, nodetest.Line(t, r)); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}}
	}
	nodetest.Retune(t, Kind(), open, nodetest.Edit{Option: "format", From: `{}`, To: `{"format": "text"}`})
}
