package engine

import (
	"context"
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// TestJobAgain: a job serves one lane after another and carries nothing over; its context goes on for as long as nothing has
// ended it, so that an abandoned run ends no later one.
func TestJobAgain(t *testing.T) {
	e := &Engine{}
	a := &lane{e: e, emits: []node.Emit{{Name: "a", Type: signal.TypeInt}}}
	b := &lane{e: e, emits: []node.Emit{{Name: "b", Type: signal.TypeBool}}}
	slow := &lane{e: e, timed: true}

	j := e.job(a)
	j.limit = time.Second
	j.context(t.Context())
	first := j.ctx
	j.run.N, j.run.Inputs = 7, append(j.run.Inputs, node.Input{Signal: "x"})
	j.run.Set("a", signal.Int(1))
	j.outputs = j.run.Outputs()
	e.recycle(j)

	again := e.job(b)
	again.context(t.Context())
	if again != j || again.lane != b || again.ctx != first {
		t.Fatal("the next run has another job or another context")
	}
	if r := &again.run; r.N != 0 || len(r.Inputs)+len(r.Outputs())+len(again.outputs) != 0 {
		t.Errorf("the run before is still in it: %+v", *r)
	}
	again.run.Set("b", signal.Bool(true)) // panics if the contract is still that of a
	again.cancel()
	again.gone.Store(true)
	e.recycle(again)

	j = e.job(slow)
	j.limit = time.Second
	j.context(t.Context())
	if j.gone.Load() || j.ctx.Err() != nil {
		t.Error("it is abandoned before it begins")
	}
	if _, ok := j.ctx.Deadline(); !ok {
		t.Error("a run that waits has no deadline")
	}
	j.cancel()
	e.recycle(j)
	j = e.job(a)
	j.context(context.Background())
	if _, ok := j.ctx.Deadline(); ok || j.ctx.Err() != nil {
		t.Error("it has the context of the run before")
	}
	j.cancel()
}
