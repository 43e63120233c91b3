package sched_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// sim runs a core on a virtual clock, with cameras and detectors made up by a transcript.
type sim struct {
	t       testing.TB
	spec    graph.Spec
	slots   int
	reserve int
	acts    map[string]*actor // by detector
	cams    map[string]*lens

	g, first       *graph.Graph // now, and at the start
	core           *sched.Core
	now            tick.Time
	todo           []todo // what will happen, sorted by time
	n              int    // breaks ties in the order of planning
	wake           tick.Time
	hook           func(sched.Input, []sched.Decision)
	next           *graph.Graph // what a swap that is under way leads to
	buf            []sched.Decision
	out            strings.Builder
	quiet, verbose bool
	log            []sched.Input
	decided        []string
	events         []sched.Decision
	jobs           map[uint64]int          // runs that are out: their instance, sched.Gone where there is none any more
	graphs         map[string]*graph.Graph // by revision
}

// actor is how a detector behaves.
type actor struct {
	took  time.Duration
	vary  func(n uint64) time.Duration
	steps []step
	runs  uint64
}

// step is what a detector says from a moment on.
type step struct {
	at   time.Duration
	vals map[string]signal.Value
	what sched.Outcome
	hang bool
	mute bool
	took time.Duration // instead of the actor's, when not 0
}

// lens is how a camera behaves.
type lens struct {
	fps float64
	off [][2]time.Duration // gaps without pictures
	seq uint64
	n   int
	// plan counts how often its pictures were planned anew: those of an earlier plan do not come.
	plan int
}

type todo struct {
	at tick.Time
	n  int
	do func(*sim)
}

func newSim(t testing.TB) *sim {
	t.Helper()
	return &sim{
		t: t, slots: 8, acts: map[string]*actor{}, cams: map[string]*lens{}, wake: tick.Never, jobs: map[uint64]int{},
		graphs: map[string]*graph.Graph{},
		spec:   graph.Spec{Name: "test", Revision: "r"},
	}
}

type fakeOptions struct {
	Signals []string `json:"signals"`         // "name:type"
	Model   string   `json:"model,omitempty"` // another one is another detector
}

// fakes are the kinds that transcripts use: they are read, never opened.
func fakes(t testing.TB) *node.Set {
	t.Helper()
	emits := func(raw json.RawMessage) ([]node.Emit, error) {
		var o fakeOptions
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, err
		}
		var out []node.Emit
		for _, s := range o.Signals {
			name, typ, _ := strings.Cut(s, ":")
			typ, words, some := strings.Cut(typ, ":")
			st, err := signal.ParseType(typ)
			if err != nil {
				return nil, err
			}
			e := node.Emit{Name: name, Type: st}
			if some {
				e.Labels = strings.Split(words, "|")
			}
			out = append(out, e)
		}
		return out, nil
	}
	c := node.Contract{Name: "fake", Doc: "a made-up node", Options: "#Options: {}", Needs: "a test"}
	d := c
	d.Emits = emits
	b, f := d, d
	b.Name, b.Blocking = "remote", true
	f.Name, f.NoFrame = "blind", true
	set, err := node.NewSet(node.Camera[struct{}](c, nil), node.Detector[fakeOptions](d, nil), node.Detector[fakeOptions](b, nil), node.Detector[fakeOptions](f, nil))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func (s *sim) build() {
	slices.SortFunc(s.spec.Detectors, func(a, b graph.DetectorSpec) int { return strings.Compare(a.ID, b.ID) })
	g, err := graph.Build(&s.spec, fakes(s.t))
	if err != nil {
		s.t.Fatal(err)
	}
	s.g, s.core = g, sched.New(g, sched.Options{Slots: s.slots, Reserve: s.reserve})
	s.graphs[g.Revision], s.first = g, g
	s.step(sched.Input{Kind: sched.InputStart, Run: "run"})
	for _, id := range slices.Sorted(maps.Keys(s.cams)) {
		s.plan(0, func(s *sim) { s.picture(id, 0) })
	}
	slices.SortFunc(s.todo, byTime)
}

func byTime(a, b todo) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.n, b.n)) }

func (s *sim) plan(at tick.Time, do func(*sim)) {
	s.n++
	t := todo{at, s.n, do}
	i, _ := slices.BinarySearchFunc(s.todo, t, byTime)
	s.todo = slices.Insert(s.todo, i, t)
}

func (s *sim) picture(id string, plan int) {
	l := s.cams[id]
	if s.g.CameraIndex(id) == sched.Gone || l.plan != plan {
		return
	}
	gap := false
	for _, o := range l.off {
		gap = gap || time.Duration(s.now) >= o[0] && time.Duration(s.now) < o[1]
	}
	if !gap {
		l.seq++
		s.step(sched.Input{Kind: sched.InputFrame, Now: s.now, Camera: s.g.CameraIndex(id), Seq: l.seq, Capture: s.now})
	}
	l.n = max(l.n, int(time.Duration(s.now).Seconds()*l.fps)) + 1
	s.plan(tick.Time(float64(l.n)*float64(time.Second)/l.fps), func(s *sim) { s.picture(id, plan) })
}

// until lets time pass.
func (s *sim) until(end tick.Time) {
	for {
		next := min(s.wake, end)
		if len(s.todo) > 0 {
			next = min(next, s.todo[0].at)
		}
		if next > end || next == end && s.wake > end && (len(s.todo) == 0 || s.todo[0].at > end) {
			s.now = end
			return
		}
		s.now = max(next, s.now)
		if len(s.todo) > 0 && s.todo[0].at <= s.now {
			t := s.todo[0]
			s.todo = s.todo[1:]
			t.do(s)
			continue
		}
		if s.wake > s.now {
			return
		}
		s.wake = tick.Never
		s.step(sched.Input{Kind: sched.InputDeadline, Now: s.now})
	}
}

func (s *sim) step(in sched.Input) {
	s.log = append(s.log, in)
	s.buf = s.core.Step(in, s.buf[:0])
	if s.hook != nil {
		s.hook(in, s.buf)
	}
	for i := range s.buf {
		d := s.buf[i]
		s.decided = append(s.decided, spell(d))
		switch d.Kind {
		case sched.DecisionRun:
			s.run(d)
		case sched.DecisionWake:
			s.wake = d.At
		case sched.DecisionEvent:
			s.events = append(s.events, d)
		case sched.DecisionSwap:
			s.g = s.next
		case sched.DecisionAbandon, sched.DecisionDrop, sched.DecisionSignal, sched.DecisionHealth:
		}
		s.say(in, &d)
	}
}

func (s *sim) run(d sched.Decision) {
	in := &s.g.Instances[d.Instance]
	id := s.g.Detectors[in.Detector].ID
	a := s.acts[id]
	a.runs++
	if a.runs == 0 {
		return
	}
	var st step
	for _, x := range a.steps {
		if tick.Time(x.at) <= s.now {
			st = x
		}
	}
	if st.hang {
		return
	}
	took := a.took
	if st.took > 0 {
		took = st.took
	}
	if a.vary != nil {
		took = a.vary(a.runs)
	}
	s.jobs[d.Job] = d.Instance
	res := sched.Input{Kind: sched.InputFinished, Job: d.Job, Outcome: st.what, Took: tick.Time(took)}
	if st.what == sched.OutcomeOK && !st.mute {
		for i, e := range s.g.Detectors[in.Detector].Emits {
			if v, ok := st.vals[e.Name]; ok {
				res.Outputs = append(res.Outputs, node.Output{Index: i, Value: v})
			}
		}
	}
	s.plan(s.now.Add(took), func(s *sim) {
		res.Now, res.Instance = s.now, s.jobs[res.Job]
		delete(s.jobs, res.Job)
		s.step(res)
	})
}

// spell writes a decision out in full.
func spell(d sched.Decision) string {
	detail := sched.EventDetail{}
	if d.EventDetail != nil {
		detail = *d.EventDetail
	}
	d.EventDetail = nil
	return fmt.Sprintf("%+v %+v", d, detail)
}

// say prints what a decision means.
func (s *sim) say(in sched.Input, d *sched.Decision) {
	if s.quiet {
		return
	}
	at := func(t tick.Time) string { return fmt.Sprintf("%-8v", time.Duration(t)) }
	switch d.Kind {
	case sched.DecisionEvent:
		m := &s.g.Machines[d.Machine]
		t := &d.Transition
		line := fmt.Sprintf("%s %s@%s: %s", at(d.At), s.g.Events[m.Event].ID, s.g.CameraID(m.Camera), t.Kind)
		if t.Reason != event.ReasonNone {
			line += " (" + t.Reason.String() + ")"
		}
		if d.Muted {
			line += " (muted)"
		}
		for _, l := range d.Leaves {
			line += fmt.Sprintf("  [%s=%v %s]", l.Signal, l.Value, l.Answer)
		}
		fmt.Fprintln(&s.out, line)
	case sched.DecisionHealth:
		fmt.Fprintf(&s.out, "%s %s is %s\n", at(in.Now), s.g.InstanceName(d.Instance), d.Health)
	case sched.DecisionSwap:
		fmt.Fprintf(&s.out, "%s generation %d\n", at(in.Now), s.core.Generation())
	case sched.DecisionAbandon:
		if d.Instance == sched.Gone {
			fmt.Fprintf(&s.out, "%s job %d of a detector that is gone is abandoned\n", at(in.Now), d.Job)
			return
		}
		fmt.Fprintf(&s.out, "%s %s: job %d is abandoned\n", at(in.Now), s.g.InstanceName(d.Instance), d.Job)
	case sched.DecisionRun:
		if s.verbose {
			fmt.Fprintf(&s.out, "%s %s runs on picture %d\n", at(in.Now), s.g.InstanceName(d.Instance), d.Seq)
		}
	case sched.DecisionSignal, sched.DecisionDrop, sched.DecisionWake:
	}
}

// command carries out one line of a transcript.
func (s *sim) command(line string) error {
	f := strings.Fields(line)
	if s.g == nil && !slices.Contains([]string{"camera", "detector", "event", "slots", "reserve", "verbose"}, f[0]) {
		s.build()
	}
	switch f[0] {
	case "camera":
		return s.camera(f[1:])
	case "detector":
		return s.detector(f[1:])
	case "event":
		return s.event(line)
	case "slots":
		s.slots, _ = strconv.Atoi(f[1])
	case "reserve":
		s.reserve, _ = strconv.Atoi(f[1])
	case "verbose":
		s.verbose = true
	case "until":
		d, err := time.ParseDuration(f[1])
		if err != nil {
			return err
		}
		s.until(tick.Time(d))
	case "wall":
		n, _ := strconv.ParseInt(f[1], 10, 64)
		s.step(sched.Input{Kind: sched.InputWall, Now: s.now, Offset: n})
	case "state": // state CAMERA up|down|stalled|frozen FPS
		fps, _ := strconv.ParseFloat(f[3], 64)
		s.step(sched.Input{Kind: sched.InputCamera, Now: s.now, Camera: s.g.CameraIndex(f[1]), State: sched.CameraState{
			Up: f[2] == "up" || f[2] == "frozen", Stalled: f[2] == "stalled", Frozen: f[2] == "frozen", FPS: fps,
		}})
	case "tell": // tell CAMERA SIGNAL VALUE
		cam := s.g.CameraIndex(f[1])
		i := slices.IndexFunc(s.g.Cells, func(c graph.Cell) bool { return c.Camera == cam && c.Signal == f[2] })
		v := parseValue(f[3], s.g.Cells[i].Type)
		if len(f) > 4 {
			v = signal.Label(f[4]) // of another type
		}
		s.step(sched.Input{Kind: sched.InputExternal, Now: s.now, Outputs: []node.Output{{Index: i, Value: v}}})
	case "mute": // mute EVENT UNTIL
		until, err := time.ParseDuration(f[2])
		if err != nil {
			return err
		}
		for i := range s.g.Machines {
			if s.g.Events[s.g.Machines[i].Event].ID == f[1] {
				s.step(sched.Input{Kind: sched.InputMute, Now: s.now, Machine: i, Until: tick.Time(until)})
			}
		}
	case "away", "back": // away DETECTOR@CAMERA
		for i := range s.g.Instances {
			if s.g.InstanceName(i) == f[1] {
				s.step(sched.Input{Kind: sched.InputAway, Now: s.now, Instance: i, Away: f[0] == "away"})
			}
		}
	case "edit", "remove", "off":
		return s.edit(f)
	case "swap":
		s.swap()
	case "stop":
		s.step(sched.Input{Kind: sched.InputStop, Now: s.now})
	case "counts":
		s.counts()
	case "why":
		for i := range s.g.Instances {
			if s.g.InstanceName(i) == f[1] {
				s.why(i)
			}
		}
	default:
		return fmt.Errorf("no command %q", f[0])
	}
	return nil
}

// why prints why a detector begins no run now.
func (s *sim) why(i int) {
	x := s.core.Explain(i)
	line := fmt.Sprintf("%-8v %s ", time.Duration(s.now), s.g.InstanceName(i))
	switch {
	case x.Running:
		line += "runs"
	case x.Hindered:
		line += "is kept by " + x.Cause.String()
	default:
		line += "waits for a picture"
	}
	line += fmt.Sprintf(" since %v until %v", x.Since, x.Until)
	if x.Signal != "" {
		line += " " + x.Signal
	}
	for _, l := range x.Leaves {
		line += fmt.Sprintf("  [%s=%v %s]", l.Signal, l.Value, l.Answer)
	}
	fmt.Fprintln(&s.out, line)
}

func (s *sim) counts() {
	for i := range s.g.Instances {
		st := &s.core.Stats.Lanes[i]
		line := fmt.Sprintf("%s: offers %d, runs %d, ok %d", s.g.InstanceName(i), st.Offers, st.Runs, st.OK)
		for _, x := range []struct {
			n    uint64
			what string
		}{{st.Failed, "failed"}, {st.Panics, "panics"}, {st.Timeouts, "timeouts"}, {st.Missed, "missed"}} {
			if x.n > 0 {
				line += fmt.Sprintf(", %s %d", x.what, x.n)
			}
		}
		for c, n := range st.Skips {
			if n > 0 {
				line += fmt.Sprintf(", skipped by %s %d", sched.Cause(c), n)
			}
		}
		fmt.Fprintln(&s.out, line)
	}
}

// camera reads: camera ID fps=30 [off=1s-2s].
func (s *sim) camera(f []string) error {
	c := graph.CameraSpec{ID: f[0], Kind: "fake", Enabled: true, FPS: 30}
	l := &lens{}
	for _, a := range f[1:] {
		k, v, _ := strings.Cut(a, "=")
		switch k {
		case "fps":
			c.FPS, _ = strconv.ParseFloat(v, 64)
		case "priority":
			p := priorities[v]
			c.Priority = &p
		case "off":
			from, to, _ := strings.Cut(v, "-")
			x, err := time.ParseDuration(from)
			if err != nil {
				return err
			}
			y, err := time.ParseDuration(to)
			if err != nil {
				return err
			}
			l.off = append(l.off, [2]time.Duration{x, y})
		default:
			return fmt.Errorf("camera: no %q", k)
		}
	}
	l.fps = c.FPS
	if old := s.cams[c.ID]; old != nil {
		l.seq, l.plan = old.seq, old.plan
	}
	l.n = int(math.Ceil(time.Duration(s.now).Seconds() * l.fps))
	s.cams[c.ID] = l
	s.spec.Cameras = append(s.spec.Cameras, c)
	return nil
}

// detector reads: detector ID signals=a:int,b:float fps=10 took=5ms say=0s:a=1;2s:a=0 [needs=x.y] [when=cond] [kind=blind] and so on.
func (s *sim) detector(f []string) error {
	d := graph.DetectorSpec{ID: f[0], Kind: "fake", Enabled: true, FPS: 10, Priority: graph.Normal, TTL: map[string]time.Duration{}}
	a := &actor{took: time.Millisecond}
	s.acts[d.ID] = a
	o := fakeOptions{}
	types := map[string]signal.Type{}
	dur := func(v string) time.Duration {
		x, err := time.ParseDuration(v)
		if err != nil {
			s.t.Fatal(err)
		}
		return x
	}
	for _, arg := range f[1:] {
		k, v, _ := strings.Cut(arg, "=")
		switch k {
		case "signals":
			o.Signals = strings.Split(v, ",")
			for _, sig := range o.Signals {
				name, typ, _ := strings.Cut(sig, ":")
				typ, _, _ = strings.Cut(typ, ":")
				types[name], _ = signal.ParseType(typ)
			}
		case "model":
			o.Model = v
		case "fps":
			d.FPS, _ = strconv.ParseFloat(v, 64)
		case "took":
			a.took = dur(v)
		case "cost":
			d.Cost = dur(v)
		case "timeout":
			d.Timeout = dur(v)
		case "costClass":
			class := map[string]graph.CostClass{"low": graph.CostLow, "medium": graph.CostMedium, "high": graph.CostHigh}[v]
			d.CostClass = &class
		case "maxAge":
			d.MaxAge = dur(v)
		case "threads":
			d.Threads, _ = strconv.Atoi(v)
		case "kind":
			d.Kind = v
		case "frame":
			if v == "newest" {
				d.Frame = graph.FrameNewest
			}
		case "load":
			d.Load = map[string]graph.LoadPolicy{"backoff": graph.LoadBackoff, "none": graph.LoadNone, "adaptive": graph.LoadAdaptive}[v]
		case "minFps":
			d.MinFPS, _ = strconv.ParseFloat(v, 64)
		case "priority":
			d.Priority = priorities[v]
		case "needs":
			d.Needs = strings.Split(v, ",")
		case "cameras":
			d.Cameras = strings.Split(v, ",")
		case "when":
			c, rest := parseCond(v, "when")
			if rest != "" {
				return fmt.Errorf("when: rest %q", rest)
			}
			d.When = c
		case "ttl":
			for name := range types {
				d.TTL[name] = dur(v)
			}
		case "say":
			for st := range strings.SplitSeq(v, ";") {
				at, what, _ := strings.Cut(st, ":")
				a.steps = append(a.steps, parseStep(dur(at), what, types))
			}
		default:
			return fmt.Errorf("detector: no %q", k)
		}
	}
	d.Options, _ = json.Marshal(o)
	s.spec.Detectors = append(s.spec.Detectors, d)
	return nil
}

func parseStep(at time.Duration, what string, types map[string]signal.Type) step {
	st := step{at: at, vals: map[string]signal.Value{}}
	switch what {
	case "fail":
		st.what = sched.OutcomeFailed
	case "panic":
		st.what = sched.OutcomePanic
	case "hang":
		st.hang = true
	case "mute":
		st.mute = true
	default:
		for kv := range strings.SplitSeq(what, ",") {
			name, v, _ := strings.Cut(kv, "=")
			if name == "took" {
				st.took, _ = time.ParseDuration(v)
				continue
			}
			st.vals[name] = parseValue(v, types[name])
		}
	}
	return st
}

func parseValue(v string, t signal.Type) signal.Value {
	f, _ := strconv.ParseFloat(v, 64)
	switch t {
	case signal.TypeBool:
		return signal.Bool(v == "true")
	case signal.TypeInt:
		return signal.Int(int64(f))
	case signal.TypeFloat:
		return signal.Float(f)
	case signal.TypeLabel:
		return signal.Label(v)
	case signal.TypeBoxes:
		return signal.Boxes(make([]signal.Box, int(f)))
	case signal.TypeNone:
	}
	return signal.Value{}
}

var priorities = map[string]graph.Priority{"low": graph.Low, "normal": graph.Normal, "high": graph.High, "critical": graph.Critical}

// event reads: event ID when=cond hold=1s grace=… cooldown=… unknownGrace=… max=… updates=… cameras=a,b.
func (s *sim) event(line string) error {
	f := strings.Fields(line)[1:]
	e := graph.EventSpec{ID: f[0], Enabled: true, Severity: "info", UnknownGrace: graph.DefaultUnknownGrace}
	for _, a := range f[1:] {
		k, v, _ := strings.Cut(a, "=")
		if k == "when" {
			c, rest := parseCond(v, "when")
			if rest != "" {
				return fmt.Errorf("when: rest %q", rest)
			}
			e.When = c
			continue
		}
		if k == "cameras" {
			e.Cameras = strings.Split(v, ",")
			continue
		}
		if k == "during" {
			e.During = &graph.DuringSpec{Hours: []string{strings.ReplaceAll(v, "_", " ")}, TimeZone: "UTC"}
			continue
		}
		if k == "scope" {
			e.Scope = graph.ScopePipeline
			continue
		}
		d, err := time.ParseDuration(v)
		if err != nil {
			return err
		}
		switch k {
		case "hold":
			e.Hold = d
		case "grace":
			e.Grace = d
		case "unknownGrace":
			e.UnknownGrace = d
		case "cooldown":
			e.Cooldown = d
		case "max":
			e.MaxDuration, e.HasMax = d, true
		case "updates":
			e.Updates = d
		default:
			return fmt.Errorf("event: no %q", k)
		}
	}
	s.spec.Events = append(s.spec.Events, e)
	return nil
}

// parseCond reads all(…), any(…), not(…), absent(a.b), for(1s,…), within(1s,…), sequence(1s,…,…), or a.b>=1.
func parseCond(s, path string) (*event.Cond, string) {
	for name, op := range map[string]event.Op{"all(": event.OpAll, "any(": event.OpAny, "not(": event.OpNot} {
		rest, ok := strings.CutPrefix(s, name)
		if !ok {
			continue
		}
		c := &event.Cond{Op: op, Path: path}
		for i := 0; ; i++ {
			var part *event.Cond
			part, rest = parseCond(rest, fmt.Sprintf("%s.%d", path, i))
			c.Of = append(c.Of, part)
			if r, more := strings.CutPrefix(rest, ","); more {
				rest = r
				continue
			}
			return c, strings.TrimPrefix(rest, ")")
		}
	}
	if rest, ok := strings.CutPrefix(s, "absent("); ok {
		name, rest, _ := strings.Cut(rest, ")")
		return &event.Cond{Op: event.OpAbsent, Signal: name, Path: path}, rest
	}
	for _, name := range []string{"for(", "within(", "sequence("} {
		rest, ok := strings.CutPrefix(s, name)
		if !ok {
			continue
		}
		d, rest, _ := strings.Cut(rest, ",")
		span, _ := time.ParseDuration(d)
		if name == "sequence(" {
			c, rest := parseCond("all("+rest, path)
			c.Op, c.Span = event.OpSequence, span
			return c, rest
		}
		c, rest := parseCond(rest, path)
		if name == "for(" {
			c.For = span
		} else {
			c.Within = span
		}
		return c, strings.TrimPrefix(rest, ")")
	}
	end := strings.IndexAny(s, ",)")
	if end < 0 {
		end = len(s)
	}
	leaf, rest := s[:end], s[end:]
	for _, r := range []struct {
		text string
		rel  event.Rel
	}{{">=", event.Gte}, {"<=", event.Lte}, {"==", event.Eq}, {"!=", event.Ne}, {">", event.Gt}, {"<", event.Lt}} {
		if name, v, ok := strings.Cut(leaf, r.text); ok {
			f, _ := strconv.ParseFloat(v, 64)
			val := signal.Float(f)
			if f == float64(int64(f)) {
				val = signal.Int(int64(f))
			}
			cam, sig, other := strings.Cut(name, "/")
			if !other {
				cam, sig = "", name
			}
			return &event.Cond{Camera: cam, Signal: sig, Path: path, Compare: []event.Comparison{{Rel: r.rel, Value: val}}}, rest
		}
	}
	return &event.Cond{Signal: leaf, Path: path}, rest
}
