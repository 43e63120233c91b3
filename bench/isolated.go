package bench

import (
	"time"

	"rvo.dev/engine/node"
)

// Isolated returns the detectors that a process of its own may be asked for: those of a program and the made-up ones of the
// scenarios about isolation.
func Isolated(program *node.Set) (*node.Set, error) {
	var all []node.Kind
	for _, k := range program.Of(node.RoleDetector) {
		all = append(all, *k)
	}
	return node.NewSet(append(all, detectors(newTally(0, 0))...)...)
}

// deadlyRun is how many runs a detector that dies has between two deaths: not so many that a window sees none.
const deadlyRun = 20

// isolation are the scenarios about detectors in processes of their own: the same work here and there, and three that die
// beside one that does not. Processes take a moment to start, and again after a death every deadlyRun runs and a wait.
func isolation() []Scenario {
	look := every(Burn, isolatedCost)
	look.ID, look.FPS = "look", 30
	there := look
	there.Isolate = true
	faults := []Load{look}
	for _, w := range []Work{Killed, Aborted, Hoards} {
		l := there
		l.ID, l.Work, l.Cost = string(w), w, isolatedCost/5
		faults = append(faults, l)
	}
	one := func(name, doc string, loads ...Load) Scenario {
		return Scenario{
			Name: name, Doc: doc, FPS: 30, Width: 640, Height: 480, Cores: 2, Loads: loads, Lanes: true,
			Turns: "isolate", Warmup: 2 * time.Second, Window: 4 * time.Second,
		}
	}
	return []Scenario{
		one("isolate_off", "a detector that computes 5 ms on pictures of 640 x 480, in this process", look),
		one("isolate_on", "the same in a process of its own", there),
		one("isolate_faults", "the same in this process, beside three in their own that are killed, abort and take memory without end", faults...),
	}
}
