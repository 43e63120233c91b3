package sched_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// TestRateOfTheCamera: a detector that wants as many runs as its camera has pictures gets them, wherever between its slots the
// pictures lie and although each comes a little early or late. Over all it never gets more than its rate.
func TestRateOfTheCamera(t *testing.T) {
	const (
		fps      = 20
		period   = time.Second / fps
		pictures = 400
		took     = time.Millisecond
	)
	for _, jitter := range []time.Duration{0, time.Millisecond, 5 * time.Millisecond, 12 * time.Millisecond} {
		for offset := time.Duration(0); offset < period; offset += time.Millisecond {
			random := rand.New(rand.NewPCG(uint64(offset), uint64(jitter)))
			s := newSim(t)
			s.quiet = true
			must(t, s.camera([]string{"front", "fps=20"}))
			must(t, s.detector([]string{"all", "signals=v:int", "fps=20", "took=0s", "say=0s:v=1"}))
			s.build()
			out, runs := []sched.Decision(nil), 0
			for n := range uint64(pictures) {
				at := tick.Time(time.Second + offset + time.Duration(n)*period)
				if jitter > 0 {
					at = at.Add(time.Duration(random.Int64N(int64(2*jitter))) - jitter)
				}
				out = s.core.Step(sched.Input{Kind: sched.InputFrame, Now: at, Seq: n + 1, Capture: at}, out[:0])
				for _, d := range out {
					if d.Kind != sched.DecisionRun {
						continue
					}
					runs++
					end := sched.Input{
						Kind: sched.InputFinished, Now: at.Add(took), Instance: d.Instance, Job: d.Job, Took: tick.Time(took),
						Outputs: []node.Output{{Value: signal.Int(1)}},
					}
					s.core.Step(end, nil)
				}
			}
			if runs < pictures-2 {
				t.Errorf("%v after the beginning, each up to %v early or late: %d runs on %d pictures", offset, jitter, runs, pictures)
			}
		}
	}
}
