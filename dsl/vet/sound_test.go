package vet_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/dsl/vet/vettest"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// vetRandom vets a pipeline that was made up.
func vetRandom(t *testing.T, kinds *node.Set, dir string, p vettest.Pipeline) *vet.Result {
	t.Helper()
	r, err := vet.Vet(t.Context(), []string{"p.cue"}, vet.Options{Kinds: kinds, Dir: dir, Files: map[string][]byte{"p.cue": p.Text()}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What vet passes builds and runs: the core takes half a minute of pictures and results without a panic, and where there is
// room for all, every detector that no other one and no gate holds back is started.
func TestWhatPassesRuns(t *testing.T) {
	kinds, dir := vettest.Kinds(t), t.TempDir()
	const seed = 20260201
	passed, events, refused := 0, 0, map[string]int{}
	for i := range uint64(pipelines(t, 150)) {
		r := rand.New(rand.NewPCG(seed, i))
		p := vettest.Random(r)
		res := vetRandom(t, kinds, dir, p)
		if res.Graph == nil {
			for _, f := range res.Findings {
				refused[f.Code]++
			}
			continue
		}
		passed++
		n, err := play(r, res.Graph)
		if err != nil {
			t.Fatalf("seed %d, %d: %v\n%s", seed, i, err, p.Text())
		}
		events += n
	}
	t.Logf("%d passed and ran, %d transitions of events; refused for %v", passed, events, refused)
	if passed < pipelines(t, 150)/4 || events == 0 {
		t.Errorf("%d passed with %d transitions: the generator makes too few that are sound", passed, events)
	}
	if n := refused[vet.CodeBuild]; n > 0 {
		t.Errorf("%d passed every check and did not build", n)
	}
}

// pipelines returns how many random pipelines a test tries: fewer with -short.
func pipelines(t *testing.T, n int) int {
	t.Helper()
	if testing.Short() {
		return n / 10
	}
	return n
}

// One mistake in a pipeline is never passed silently: there is a finding more, or the pipeline means the same as before.
func TestMistakesAreFound(t *testing.T) {
	kinds, dir := vettest.Kinds(t), t.TempDir()
	const seed = 20260202
	made, silent := map[string]int{}, map[string]int{}
	for i, good := uint64(0), 0; good < pipelines(t, 10); i++ {
		r := rand.New(rand.NewPCG(seed, i))
		p := vettest.Random(r)
		before := vetRandom(t, kinds, dir, p)
		if before.Graph == nil {
			continue
		}
		good++
		said := map[string]bool{}
		for _, f := range before.Findings {
			said[say(f)] = true
		}
		for _, e := range vettest.Edits() {
			q := p.Clone()
			if !e.Do(r, q) {
				continue
			}
			made[e.Name]++
			after := vetRandom(t, kinds, dir, q)
			if slices.ContainsFunc(after.Findings, func(f dsl.Finding) bool { return !said[say(f)] }) || same(before.Spec, after.Spec) {
				continue
			}
			silent[e.Name]++
			if silent[e.Name] == 1 {
				t.Errorf("seed %d, %d: %q is passed silently\nbefore %s\nafter %s\nfindings %v", seed, i, e.Name, p.Text(), q.Text(), after.Findings)
			}
		}
	}
	for _, e := range vettest.Edits() {
		if made[e.Name] == 0 {
			t.Errorf("%q was never made", e.Name)
		}
	}
	t.Logf("made %v", made)
}

// say is what a finding says, wherever that stands.
func say(f dsl.Finding) string { return f.Code + " " + f.Path + " " + f.Message }

// same reports whether two specs mean the same, wherever that stands.
func same(a, b *graph.Spec) bool {
	if a == nil || b == nil {
		return false
	}
	x, y := *a, *b
	x.Revision, y.Revision = "", ""
	return reflect.DeepEqual(unplaced(x), unplaced(y))
}

func unplaced(s graph.Spec) graph.Spec {
	s.Cameras, s.Detectors, s.Events = slices.Clone(s.Cameras), slices.Clone(s.Detectors), slices.Clone(s.Events)
	s.Evidence, s.Sinks = slices.Clone(s.Evidence), slices.Clone(s.Sinks)
	for i := range s.Cameras {
		s.Cameras[i].Place = graph.Place{}
	}
	for i := range s.Detectors {
		s.Detectors[i].Place = graph.Place{}
	}
	for i := range s.Events {
		s.Events[i].Place = graph.Place{}
	}
	for i := range s.Evidence {
		s.Evidence[i].Place = graph.Place{}
	}
	for i := range s.Sinks {
		s.Sinks[i].Place = graph.Place{}
	}
	return s
}

// play runs a graph on the core for half a minute of virtual time, with detectors that take their cost and say anything. It
// returns how many transitions events made.
func play(r *rand.Rand, g *graph.Graph) (events int, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the core panics: %v", v)
		}
	}()
	slots := g.Cores
	if slots == 0 {
		slots = 2
	}
	core := sched.New(g, sched.Options{Slots: slots, Reserve: g.Reserve})
	type due struct {
		at tick.Time
		in sched.Input
	}
	var todo []due
	add := func(at tick.Time, in sched.Input) {
		in.Now = at
		todo = append(todo, due{at, in})
	}
	add(0, sched.Input{Kind: sched.InputStart, Run: "run"})
	for c := range g.Cameras {
		add(0, sched.Input{Kind: sched.InputCamera, Camera: c, State: sched.CameraState{Up: true, FPS: 10}})
		fps := g.Cameras[c].FPS
		if fps == 0 {
			fps = 12
		}
		for n := range uint64(30 * fps) {
			at := tick.Time(float64(n) / fps * float64(time.Second))
			add(at, sched.Input{Kind: sched.InputFrame, Camera: c, Seq: n + 1, Capture: at})
		}
	}
	const end = tick.Time(30 * time.Second)
	wake, started := tick.Never, make([]int, len(g.Instances))
	var out []sched.Decision
	for {
		next := due{wake, sched.Input{Kind: sched.InputDeadline, Now: wake}}
		first := -1
		for i := range todo {
			if todo[i].at < next.at || todo[i].at == next.at && first < 0 {
				next, first = todo[i], i
			}
		}
		if next.at > end || next.at == tick.Never {
			break
		}
		if first >= 0 {
			todo = slices.Delete(todo, first, first+1)
		} else {
			wake = tick.Never
		}
		out = core.Step(next.in, out[:0])
		for i := range out {
			switch d := &out[i]; d.Kind {
			case sched.DecisionRun:
				started[d.Instance]++
				in := &g.Instances[d.Instance]
				took := max(in.Cost, time.Millisecond)
				add(next.at.Add(took), sched.Input{
					Kind: sched.InputFinished, Instance: d.Instance, Job: d.Job, Took: tick.Time(took),
					Outputs: outputs(r, &g.Detectors[in.Detector]),
				})
			case sched.DecisionWake:
				wake = d.At
			case sched.DecisionEvent:
				events++
			case sched.DecisionAbandon, sched.DecisionDrop, sched.DecisionSignal, sched.DecisionHealth, sched.DecisionSwap:
			}
		}
	}
	load := 0.0
	for i := range g.Instances {
		if in := &g.Instances[i]; !in.Blocking {
			load += in.Cost.Seconds() / in.Period.Seconds() * float64(in.Threads)
		}
	}
	for i, n := range started {
		in := &g.Instances[i]
		if n == 0 && len(in.Producers) == 0 && in.Gate == nil && load < float64(slots)/2 {
			return events, fmt.Errorf("%s was never started", g.InstanceName(i))
		}
	}
	return events, nil
}

// outputs returns a value for each signal of a detector.
func outputs(r *rand.Rand, d *graph.Detector) []node.Output {
	var out []node.Output
	for i, e := range d.Emits {
		var v signal.Value
		switch e.Type {
		case signal.TypeBool:
			v = signal.Bool(r.IntN(4) > 0)
		case signal.TypeInt:
			v = signal.Int(r.Int64N(6))
		case signal.TypeFloat:
			v = signal.Float(r.Float64())
		case signal.TypeLabel:
			v = signal.Label(e.Labels[r.IntN(len(e.Labels))])
		case signal.TypeBoxes:
			v = signal.Boxes(make([]signal.Box, r.IntN(3)))
		case signal.TypeNone:
			continue
		}
		out = append(out, node.Output{Index: i, Value: v})
	}
	return out
}
