package sched_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// twin is a core that is told the same as another, in turns of its own.
type twin struct {
	core    *sched.Core
	jobs    map[int]uint64 // by instance: the run that is out
	events  []string
	started []string // since the last moment
	log     [][]sched.Input
}

func (w *twin) turn(ins []sched.Input) {
	w.log = append(w.log, slices.Clone(ins))
	for _, d := range w.core.Turn(ins, nil) {
		switch d.Kind {
		case sched.DecisionRun:
			w.jobs[d.Instance] = d.Job
			w.started = append(w.started, fmt.Sprint(d.Instance, "#", d.Seq))
		case sched.DecisionEvent:
			w.events = append(w.events, spell(d))
		case sched.DecisionAbandon, sched.DecisionDrop, sched.DecisionSignal, sched.DecisionHealth, sched.DecisionWake:
		}
	}
}

// happening is an input whose job is not filled in.
type happening struct {
	in   sched.Input
	lane int // -1: no end of a run
}

// on is the camera that a picture or the end of a run is about, -1 for others.
func (h *happening) on(s *sim) int {
	switch {
	case h.lane >= 0:
		return s.g.Instances[h.lane].Camera
	case h.in.Kind == sched.InputFrame:
		return h.in.Camera
	}
	return -1
}

// fill gives the end of a run the job that this core gave it, and leaves out ends of runs that are not out.
func (w *twin) fill(hs []happening) []sched.Input {
	var out []sched.Input
	for _, h := range hs {
		if h.lane >= 0 {
			job, out := w.jobs[h.lane]
			if !out {
				continue
			}
			delete(w.jobs, h.lane)
			h.in.Job = job
		}
		out = append(out, h.in)
	}
	return out
}

// moments draws a pipeline in which nothing competes and what happens to it, moment by moment.
func moments(t *rapid.T, tb testing.TB) (*sim, [][]happening) {
	tb.Helper()
	s := newSim(tb)
	s.quiet, s.slots = true, 64
	cams, dets := rapid.IntRange(1, 2).Draw(t, "cameras"), rapid.IntRange(1, 4).Draw(t, "detectors")
	for i := range cams {
		must(tb, s.camera([]string{fmt.Sprintf("c%d", i), "fps=50"}))
	}
	for i := range dets {
		must(tb, s.detector([]string{
			fmt.Sprintf("d%d", i), "signals=v:int,f:float", "fps=50", "load=none", "timeout=1h",
			fmt.Sprintf("ttl=%dms", rapid.IntRange(1, 200).Draw(t, "ttl")), "say=0s:mute",
		}))
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "events") {
		a, b := rapid.IntRange(0, dets-1).Draw(t, "a"), rapid.IntRange(0, dets-1).Draw(t, "b")
		shape := rapid.SampledFrom([]string{
			"all(d%d.v>=1,not(d%d.v>=1))", "any(all(d%d.v>=1,d%d.f>0.5),absent(d0.v))", "any(for(20ms,d%d.v>=1),not(d%d.f<=0.5))",
			"all(not(d%d.v==0),d%d.v>=0,camera.up)",
		}).Draw(t, "shape")
		must(tb, s.event(fmt.Sprintf("event e%d when="+shape+" hold=%dms grace=%dms cooldown=%dms unknownGrace=%dms", i, a, b,
			rapid.SampledFrom([]int{0, 0, 15}).Draw(t, "hold"), rapid.SampledFrom([]int{0, 0, 15}).Draw(t, "grace"),
			rapid.SampledFrom([]int{0, 30}).Draw(t, "cooldown"), rapid.SampledFrom([]int{0, 30}).Draw(t, "ugrace"))))
	}
	s.build()
	var all [][]happening
	now := tick.Time(0)
	seq := make([]uint64, cams)
	for range rapid.IntRange(1, 60).Draw(t, "moments") {
		now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 7, 20, 20, 20, 55}).Draw(t, "ms")) * time.Millisecond)
		var hs []happening
		for range rapid.IntRange(1, 6).Draw(t, "inputs") {
			cam := rapid.IntRange(0, cams-1).Draw(t, "camera")
			switch rapid.IntRange(0, 10).Draw(t, "kind") {
			case 0, 1, 2:
				if slices.ContainsFunc(hs, func(h happening) bool { return h.lane >= 0 && h.on(s) == cam }) {
					continue // a turn would start on this picture, and not on the one that waited for the run that ended
				}
				seq[cam]++
				hs = append(hs, happening{sched.Input{Kind: sched.InputFrame, Now: now, Camera: cam, Seq: seq[cam], Capture: now}, -1})
			case 3:
				if slices.ContainsFunc(hs, func(h happening) bool { return h.on(s) == cam }) {
					continue // a turn would ask the gates after this
				}
				hs = append(hs, happening{sched.Input{Kind: sched.InputCamera, Now: now, Camera: cam, State: sched.CameraState{
					Up: rapid.Bool().Draw(t, "up"), Stalled: rapid.Bool().Draw(t, "stalled"), Frozen: rapid.IntRange(0, 5).Draw(t, "frozen") == 0,
				}}, -1})
			case 4:
				hs = append(hs, happening{sched.Input{Kind: sched.InputWall, Now: now, Offset: int64(rapid.IntRange(0, 9).Draw(t, "offset"))}, -1})
			case 5:
				cell := rapid.IntRange(0, len(s.g.Cells)-1).Draw(t, "cell")
				v := parseValue(rapid.SampledFrom([]string{"0", "1"}).Draw(t, "told"), s.g.Cells[cell].Type)
				if s.g.Cells[cell].Own {
					continue
				}
				hs = append(hs, happening{sched.Input{Kind: sched.InputExternal, Now: now, Outputs: []node.Output{{Index: cell, Value: v}}}, -1})
			default:
				lane := rapid.IntRange(0, cams*dets-1).Draw(t, "lane")
				hs = append(hs, happening{sched.Input{Kind: sched.InputFinished, Now: now, Instance: lane, Outputs: []node.Output{
					{Index: 0, Value: signal.Int(int64(rapid.IntRange(0, 1).Draw(t, "v")))},
					{Index: 1, Value: signal.Float(rapid.SampledFrom([]float64{0.2, 0.7}).Draw(t, "f"))},
				}}, lane})
			}
		}
		all = append(all, hs)
	}
	return s, append(all, []happening{{sched.Input{Kind: sched.InputStop, Now: now}, -1}})
}

// TestTurnLosesNothing: inputs that are taken in one turn make the events say what they say, in the same order, when each
// has a turn of its own; where nothing competes the same runs begin in the same moment.
func TestTurnLosesNothing(t *testing.T) {
	confirmed, several := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		s, all := moments(rt, t)
		one, many := &twin{core: s.fresh(), jobs: map[int]uint64{}}, &twin{core: s.fresh(), jobs: map[int]uint64{}}
		one.turn([]sched.Input{{Kind: sched.InputStart, Run: "run"}})
		many.turn([]sched.Input{{Kind: sched.InputStart, Run: "run"}})
		for i, hs := range all {
			one.started, many.started = nil, nil
			ins := many.fill(hs)
			many.turn(ins)
			if len(ins) > 1 {
				several++
			}
			for _, in := range one.fill(hs) {
				one.turn([]sched.Input{in})
			}
			slices.Sort(one.started)
			slices.Sort(many.started)
			if !slices.Equal(one.started, many.started) {
				rt.Fatalf("moment %d, %v: one by one %v start, in a turn %v", i, hs, one.started, many.started)
			}
			if !slices.Equal(one.events, many.events) {
				rt.Fatalf("moment %d, %v: one by one\n%v\nin a turn\n%v", i, hs, one.events, many.events)
			}
		}
		confirmed += len(one.events)
	})
	if confirmed == 0 || several == 0 {
		t.Errorf("%d transitions, %d turns of several inputs: the law was not put to the test", confirmed, several)
	}
}

// TestTurnsInLog: what was taken in turns is read back in the same turns.
func TestTurnsInLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, all := moments(rt, t)
		w := &twin{core: s.fresh(), jobs: map[int]uint64{}}
		w.turn([]sched.Input{{Kind: sched.InputStart, Run: "run"}})
		for _, hs := range all {
			if ins := w.fill(hs); len(ins) > 0 {
				w.turn(ins)
			}
		}
		var buf bytes.Buffer
		lw, err := sched.NewLogWriter(&buf, sched.LogHeader{})
		must(t, err)
		for _, ins := range w.log {
			must(t, lw.WriteTurn(ins))
		}
		must(t, lw.Close(""))
		_, read, err := sched.ReadLog(&buf)
		must(t, err)
		again := &twin{core: s.fresh(), jobs: map[int]uint64{}}
		for ins := range sched.Turns(read) {
			again.turn(ins)
		}
		if len(again.log) != len(w.log) || !slices.Equal(again.events, w.events) || again.core.Ticks() != w.core.Ticks() {
			rt.Fatalf("%d turns were read of %d", len(again.log), len(w.log))
		}
	})
}
