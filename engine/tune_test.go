package engine

import (
	"runtime"
	"runtime/debug"
	"testing"

	"rvo.dev/engine/graph"
)

func TestTune(t *testing.T) {
	procs, gc := runtime.GOMAXPROCS(0), debug.SetGCPercent(100)
	defer func() { runtime.GOMAXPROCS(procs); debug.SetGCPercent(gc) }()
	t.Setenv("GOMAXPROCS", "")
	t.Setenv("GOGC", "")
	Tune(&graph.Graph{Cores: 3})
	if got, want := runtime.GOMAXPROCS(0), runtime.NumCPU()+4; got != want {
		t.Errorf("GOMAXPROCS %d, want %d: room for the machine's cores, the slots and the core", got, want)
	}
	if got := debug.SetGCPercent(100); got != gcPercent {
		t.Errorf("GC percent %d, want %d", got, gcPercent)
	}
	t.Setenv("GOMAXPROCS", "2")
	t.Setenv("GOGC", "50")
	runtime.GOMAXPROCS(2)
	Tune(&graph.Graph{})
	if got := runtime.GOMAXPROCS(0); got != 2 {
		t.Errorf("GOMAXPROCS %d although the environment says 2", got)
	}
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GC percent %d although the environment says otherwise", got)
	}
}
