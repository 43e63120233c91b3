package engine

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"rvo.dev/engine/node"
)

func TestFailuresAreCountedByWhereAndWhy(t *testing.T) {
	var f failures
	f.add(nil)
	f.add(errors.New("says nothing"))
	for range 3 {
		f.add(fmt.Errorf("wrapped: %w", &node.Failure{Hop: "server", Cause: "busy", Err: errors.New("no")}))
	}
	f.add(&node.Failure{Hop: "server", Cause: "error", Err: errors.New("no")})
	got := f.all()
	if len(got) != 2 || got[0].cause != "busy" || got[0].n.Load() != 3 || got[1].hop != "server" || got[1].n.Load() != 1 {
		t.Errorf("counted %d kinds, want three of server/busy and one of server/error", len(got))
	}
	for n := range 100 {
		f.add(&node.Failure{Hop: "data", Cause: strconv.Itoa(n), Err: errors.New("no")})
	}
	got = f.all()
	sum := uint64(0)
	for _, x := range got {
		sum += x.n.Load()
	}
	if last := got[len(got)-1]; len(got) != maxFailures || last.hop != "other" || sum != 104 {
		t.Errorf("%d kinds, %d in all, the last is %s: want %d and 104, the rest as other", len(got), sum, last.hop, maxFailures)
	}
}
