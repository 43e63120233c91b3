package sched_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

// edits draws pipelines and edits of them.
type edits struct {
	t *rapid.T
	s *sim
}

func (e *edits) camera(i int) string {
	return fmt.Sprintf("camera c%d fps=%d", i, rapid.SampledFrom([]int{5, 10, 25, 60}).Draw(e.t, "fps"))
}

func (e *edits) detector(i int) string {
	t := e.t
	f := []string{
		fmt.Sprintf("detector d%d", i),
		"signals=" + rapid.SampledFrom([]string{"v:int,f:float", "v:int,f:float", "v:int,f:float", "v:float,f:float", "f:float,v:int"}).Draw(t, "signals"),
		fmt.Sprintf("fps=%d", rapid.SampledFrom([]int{1, 5, 10, 30}).Draw(t, "rate")),
		fmt.Sprintf("model=%d", rapid.IntRange(0, 1).Draw(t, "model")),
		fmt.Sprintf("took=%dms", rapid.SampledFrom([]int{0, 3, 20, 150}).Draw(t, "took")),
		fmt.Sprintf("ttl=%dms", rapid.SampledFrom([]int{50, 300, 2000}).Draw(t, "ttl")),
		fmt.Sprintf("threads=%d", rapid.IntRange(1, 2).Draw(t, "threads")),
		"priority=" + rapid.SampledFrom([]string{"low", "normal", "critical"}).Draw(t, "priority"),
		"load=" + rapid.SampledFrom([]string{"none", "backoff", "adaptive"}).Draw(t, "load"),
		"frame=" + rapid.SampledFrom([]string{"next", "newest"}).Draw(t, "frame"),
		"kind=" + rapid.SampledFrom([]string{"fake", "fake", "remote", "blind"}).Draw(t, "kind"),
		fmt.Sprintf("timeout=%dms", rapid.SampledFrom([]int{100, 400}).Draw(t, "timeout")),
		"say=" + e.says(),
	}
	if i > 0 && rapid.IntRange(0, 2).Draw(t, "chained") == 0 {
		f = append(f, fmt.Sprintf("needs=d%d.v", rapid.IntRange(0, i-1).Draw(t, "needs")))
	}
	if i > 0 && rapid.IntRange(0, 2).Draw(t, "gated") == 0 {
		f = append(f, fmt.Sprintf("when=for(%dms,d%d.v>=1)", rapid.SampledFrom([]int{0, 100}).Draw(t, "for"), rapid.IntRange(0, i-1).Draw(t, "gate")))
	}
	if rapid.IntRange(0, 3).Draw(t, "some") == 0 {
		f = append(f, "cameras=c0")
	}
	return strings.Join(f, " ")
}

// says draws what a detector says: it changes a few times a second.
func (e *edits) says() string {
	var out []string
	for at := 0; at < 6000; at += rapid.IntRange(50, 900).Draw(e.t, "step") {
		what := rapid.SampledFrom([]string{"v=1,f=0.7", "v=1,f=0.7", "v=0,f=0.2", "v=1,f=0.1", "v=0,f=0.9", "fail", "mute", "hang"}).Draw(e.t, "say")
		out = append(out, fmt.Sprintf("%dms:%s", at, what))
	}
	return strings.Join(out, ";")
}

func (e *edits) event(i int) string {
	t := e.t
	shape := rapid.SampledFrom([]string{
		"d%d.v>=1", "all(d%d.v>=1,not(d%d.f<0.5))", "any(for(200ms,d%d.v>=1),absent(d%d.v))", "for(100ms,any(d%d.v>=1,d%d.f>0.5))", "not(d%d.v>=1)",
		"c1/d%d.v>=1",
	}).Draw(t, "shape")
	for strings.Contains(shape, "%d") {
		shape = strings.Replace(shape, "%d", strconv.Itoa(rapid.IntRange(0, 3).Draw(t, "of")), 1)
	}
	d := func(what string) string {
		return fmt.Sprintf(" %s=%dms", what, rapid.SampledFrom([]int{0, 0, 30, 200, 1000}).Draw(t, what))
	}
	line := fmt.Sprintf("event e%d when=%s", i, shape) + d("hold") + d("grace") + d("unknownGrace") + d("cooldown")
	if rapid.IntRange(0, 3).Draw(t, "updated") == 0 {
		line += " updates=300ms"
	}
	if rapid.IntRange(0, 3).Draw(t, "bounded") == 0 {
		line += " max=400ms"
	}
	return line
}

// draw makes an edit, and reports whether the pipeline is one that can be run.
func (e *edits) draw() bool {
	spec := e.s.spec
	acts, cams := maps.Clone(e.s.acts), maps.Clone(e.s.cams)
	for range rapid.IntRange(1, 3).Draw(e.t, "edits") {
		what := rapid.SampledFrom([]string{"camera", "detector", "detector", "event", "event"}).Draw(e.t, "what")
		i := rapid.IntRange(0, 3).Draw(e.t, "which")
		var line string
		switch rapid.IntRange(0, 6).Draw(e.t, "how") {
		case 0:
			line = fmt.Sprintf("remove %s %s%d", what, what[:1], i)
		case 1:
			line = fmt.Sprintf("off %s %s%d", what, what[:1], i)
		default:
			line = "edit " + map[string]func(int) string{"camera": e.camera, "detector": e.detector, "event": e.event}[what](i)
		}
		must(e.s.t, e.s.command(line))
	}
	if e.valid() {
		return true
	}
	e.s.spec, e.s.acts, e.s.cams = spec, acts, cams // refused: nothing has changed
	return false
}

func (e *edits) valid() bool {
	slices.SortFunc(e.s.spec.Detectors, func(a, b graph.DetectorSpec) int { return strings.Compare(a.ID, b.ID) })
	_, err := graph.Build(&e.s.spec, fakes(e.s.t))
	return err == nil
}

// TestSwapAgainstModel edits random pipelines while they run: cameras, detectors and events come, go, are retuned, replaced and
// wired anew. Events say what the model says, no more and no less; no picture and no run gets lost.
func TestSwapAgainstModel(t *testing.T) {
	n := 200
	if testing.Short() {
		n = 30
	}
	var swaps, transitions, late, carried int
	runs := rapid.Custom(func(rt *rapid.T) *edited { return editedRun(rt, t) })
	for seed := range n {
		r := runs.Example(seed)
		if fault := r.fault(); fault != "" {
			t.Fatalf("seed %d: %s", seed, fault)
		}
		swaps, late, carried = swaps+r.swaps, late+r.model.late, carried+r.model.carried
		for _, list := range r.model.trans {
			transitions += len(list)
		}
	}
	t.Logf("%d swaps, %d transitions, %d results that did not count, %d events carried on", swaps, transitions, late, carried)
	if swaps < 5*n || transitions < 20*n || late < n/2 || carried < n {
		t.Errorf("too little happened: the law was not put to the test")
	}
}

// edited is a run that was edited, as it was seen from outside.
type edited struct {
	s      *sim
	model  *model
	swaps  int
	events map[string][]event.Transition
	held   map[string]bool   // pictures that the shell keeps
	runs   map[uint64]outer  // that are out
	frames map[string]uint64 // by camera, since it is there
	wrong  string
}

func editedRun(rt *rapid.T, tb testing.TB) *edited {
	tb.Helper()
	s := newSim(tb)
	s.quiet, s.slots = true, rapid.IntRange(1, 4).Draw(rt, "slots")
	e, r := &edits{rt, s}, &edited{s: s, events: map[string][]event.Transition{}, held: map[string]bool{}, runs: map[uint64]outer{}}
	r.frames = map[string]uint64{}
	for again := true; again; again = !e.valid() {
		s.spec.Cameras, s.spec.Detectors, s.spec.Events = nil, nil, nil
		for i := range 4 {
			if i < 2 {
				must(tb, s.command(e.camera(i)))
			}
			if i < 3 {
				must(tb, s.command(e.event(i)))
			}
			must(tb, s.command(e.detector(i)))
		}
	}
	s.hook = r.hear
	s.build()
	for s.now < tick.Time(4*time.Second) {
		s.until(s.now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 13, 100, 333, 700}).Draw(rt, "pause")) * time.Millisecond))
		if e.draw() {
			s.swap()
			r.swaps++
		}
	}
	s.step(sched.Input{Kind: sched.InputStop, Now: s.now})
	s.until(s.now.Add(2 * time.Second))
	return r
}

// outer is a run as the shell sees it.
type outer struct {
	picture   string
	slots     int
	abandoned bool
}

// hear takes what the core was told and what it decided.
func (r *edited) hear(in sched.Input, ds []sched.Decision) {
	g := r.s.g
	switch in.Kind {
	case sched.InputStart:
		r.model = newModel(r.s)
	case sched.InputFrame:
		r.held[fmt.Sprint(g.CameraID(in.Camera), "#", in.Seq)] = true
		r.frames[g.CameraID(in.Camera)]++
	case sched.InputFinished:
		delete(r.runs, in.Job)
	case sched.InputCamera, sched.InputDeadline, sched.InputWall, sched.InputStop, sched.InputExternal, sched.InputMute, sched.InputSwap,
		sched.InputAway:
	}
	r.model.hear(in, ds)
	for i := range ds {
		if ds[i].Kind == sched.DecisionSwap {
			g = r.s.next
			maps.DeleteFunc(r.frames, func(id string, _ uint64) bool { return g.CameraIndex(id) == sched.Gone })
			continue
		}
		r.decided(in.Now, g, &ds[i])
	}
}

func (r *edited) decided(now tick.Time, g *graph.Graph, d *sched.Decision) {
	picture := fmt.Sprint(g.CameraID(max(d.Camera, 0)), "#", d.Seq)
	switch d.Kind {
	case sched.DecisionDrop:
		if !r.held[picture] {
			r.wrong = fmt.Sprintf("at %v picture %s is dropped, which is not there", now, picture)
		}
		delete(r.held, picture)
	case sched.DecisionEvent:
		id := machineName(g, d.Machine)
		r.events[id] = append(r.events[id], d.Transition)
		if d.At != now { // time goes from deadline to deadline
			r.wrong = fmt.Sprintf("at %v %s is told of %v", now, id, d.At)
		}
		if d.Revision != g.Revision {
			r.wrong = fmt.Sprintf("at %v %s says revision %s, runs %s", now, id, d.Revision, g.Revision)
		}
	case sched.DecisionRun:
		if d.Seq > 0 && !r.held[picture] {
			r.wrong = fmt.Sprintf("at %v a run begins on picture %s, which is not there", now, picture)
		}
		x, in := outer{picture: picture}, &g.Instances[d.Instance]
		if !in.Blocking {
			x.slots = min(in.Threads, r.s.slots)
		}
		r.runs[d.Job] = x
		sum := 0
		for _, x := range r.runs {
			sum += x.slots
		}
		if sum > r.s.slots {
			r.wrong = fmt.Sprintf("at %v runs use %d slots of %d", now, sum, r.s.slots)
		}
	case sched.DecisionAbandon:
		x := r.runs[d.Job]
		x.slots, x.abandoned = 0, true
		r.runs[d.Job] = x
	case sched.DecisionSignal, sched.DecisionHealth, sched.DecisionWake, sched.DecisionSwap:
	}
}

// fault says what is wrong with a run that is over; empty for nothing.
func (r *edited) fault() string {
	if r.wrong != "" || r.model.fault != "" {
		return r.wrong + r.model.fault
	}
	for _, got := range []map[string][]event.Transition{r.events, r.model.trans} {
		for id := range got {
			if !slices.Equal(r.events[id], r.model.trans[id]) {
				return fmt.Sprintf("event %s:\n%+v\nand the model says\n%+v", id, r.events[id], r.model.trans[id])
			}
		}
	}
	for job, x := range r.runs { // it hangs, and what it looks at is held until it returns or its detector goes
		if !x.abandoned || !r.model.runs[job].gone {
			delete(r.held, x.picture)
		}
	}
	if len(r.held) > 0 {
		return fmt.Sprintf("pictures %v were never dropped", slices.Sorted(maps.Keys(r.held)))
	}
	for i, n := range r.s.core.Stats.Frames {
		if id := r.s.g.CameraID(i); n != r.frames[id] {
			return fmt.Sprintf("camera %s: %d pictures were offered, %d counted", id, r.frames[id], n)
		}
	}
	for i := range r.s.core.Stats.Lanes {
		st := &r.s.core.Stats.Lanes[i]
		sum := st.Runs
		for _, n := range st.Skips {
			sum += n
		}
		if sum != st.Offers {
			return fmt.Sprintf("%s: %d offers, %d runs and skips", r.s.g.InstanceName(i), st.Offers, sum)
		}
	}
	return ""
}

// TestSwapsInLog: a run that was edited is replayed from its log, and decides the same.
func TestSwapsInLog(t *testing.T) {
	runs := rapid.Custom(func(rt *rapid.T) *edited { return editedRun(rt, t) })
	for seed := range 20 {
		s := runs.Example(seed).s
		var buf bytes.Buffer
		w, err := sched.NewLogWriter(&buf, sched.LogHeader{})
		must(t, err)
		for _, in := range s.log {
			must(t, w.Write(in))
		}
		must(t, w.Close(""))
		_, read, err := sched.ReadLog(&buf)
		must(t, err)
		for range 2 {
			if got := s.replay(read); !slices.Equal(got, s.decided) {
				t.Fatalf("seed %d: %d decisions, were %d, or not the same", seed, len(got), len(s.decided))
			}
		}
		if err := sched.Resolve(read, s.first, func(string) (*graph.Graph, error) { return s.first, nil }); err == nil || !strings.Contains(err.Error(), "revision") {
			t.Fatalf("another graph than the log says: %v", err)
		}
	}
}
