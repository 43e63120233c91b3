package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/isolate"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
)

// serveVictims makes this program a detector's process when it was started as one.
func serveVictims() {
	if len(os.Args) < 2 || os.Args[1] != isolate.Argument {
		return
	}
	set, err := node.NewSet(victim())
	if err == nil {
		err = isolate.Serve(set, frame.StdCodec{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// deadlyRun is the run of an instance in which a victim does what it is named for.
const deadlyRun = 10

// victim is a detector that counts its pictures, and dies in the way that its name says, once.
func victim() node.Kind {
	return node.Detector(node.Contract{
		Name: "fake", Doc: "dies as told", Options: "#Options: name: string",
		Emits: func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{{Name: "count", Type: signal.TypeInt}, {Name: "boxes", Type: signal.TypeBoxes}}, nil
		},
	}, func(_ context.Context, env node.DetectorEnv, o options) (node.Model, error) {
		for o.Name == "gated" && !opens(env.StateDir) {
			time.Sleep(time.Millisecond)
		}
		if o.Name == "once" && !opens(env.StateDir) {
			return nil, errTest
		}
		return victimModel(o), nil
	})
}

// opens reports whether a victim's model is to open: the first of a folder, and any after gate was called.
func opens(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, "first"), os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return f.Close() == nil
	}
	_, err = os.Stat(filepath.Join(dir, "gate"))
	return err == nil
}

// gate lets the victims of a folder open again.
func gate(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "gate"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

type victimModel options

func (m victimModel) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	return m, nil
}
func (m victimModel) Close() error { return nil }

func (m victimModel) Detect(_ context.Context, run *node.Run) error {
	if run.N == deadlyRun {
		switch m.Name {
		case "abort":
			_ = syscall.Kill(os.Getpid(), syscall.SIGABRT)
			select {}
		case "segfault":
			_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
			select {}
		case "killed", "gated", "once":
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		case "exit":
			os.Exit(3)
		case "memory":
			hoard()
		case "hang":
			select {}
		}
	}
	run.Set("count", signal.Int(int64(len(run.Frames[0].Pix()))))
	return nil
}

// hoard takes memory until there is none, below a bound of its own so that the machine survives.
func hoard() {
	bound := syscall.Rlimit{Cur: 3 << 30, Max: 3 << 30} // of addresses: a Go program reserves more than it uses
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &bound); err != nil {
		panic(err)
	}
	var all [][]byte
	for {
		all = append(all, make([]byte, 64<<20))
		runtime.KeepAlive(all)
	}
}

// TestDeadDetectorsHarmNobody: six detectors die in six ways in processes of their own. Each costs its own failures, is
// counted, started again and works again; the detector beside them looks at every picture, and nothing is left behind.
func TestDeadDetectorsHarmNobody(t *testing.T) {
	if r, w, err := os.Pipe(); err == nil { // the runtime opens what it polls with at the first use
		_, _ = r.Close(), w.Close()
	}
	before := descriptors(t)
	k := newKit(t)
	k.camera("front", 20, &fakeCamera{live: true})
	k.detector("steady", 20, says(0, 1))
	ways := []string{"abort", "exit", "hang", "killed", "memory", "segfault"}
	for _, w := range ways {
		d := k.detector(w, 20, nil)
		d.Isolate, d.Timeout, d.Load = graph.IsolateProcess, 10*time.Second, graph.LoadNone
		if w == "hang" {
			d.Timeout = 400 * time.Millisecond // the others' must not be met by a busy machine
		}
	}
	reg := prometheus.NewRegistry()
	k.cfg.Registry = reg
	e := k.engine()
	victims(e)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	// Until every victim has died and worked again for a while; the deadline is for machines that are very busy.
	recovered := func(i int) bool {
		_, snap := e.snapshot()
		s := snap.stats.Lanes[i]
		return s.OK > deadlyRun+5 && s.Failed+s.Timeouts > 0
	}
	for i := range e.w.Load().g.Instances {
		name := e.w.Load().g.Detectors[e.w.Load().g.Instances[i].Detector].ID
		for slices.Contains(ways, name) && !recovered(i) {
			select {
			case <-ctx.Done():
				t.Fatalf("%s did not work again in time", name)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	restarts := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "rvo_detector_process_restarts_total" {
			for _, m := range f.GetMetric() {
				restarts[m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	k.clean()
	for _, w := range ways {
		if restarts[w] != 1 {
			t.Errorf("%s was started again %v times, want once", w, restarts[w])
		}
	}
	if restarts["steady"] != 0 {
		t.Errorf("a detector without a process was started again %v times", restarts["steady"])
	}
	for i := range e.w.Load().g.Instances {
		name, s := e.w.Load().g.Detectors[e.w.Load().g.Instances[i].Detector].ID, e.core.Stats.Lanes[i]
		if name == "steady" && (s.Failed+s.Panics+s.Timeouts > 0 || s.OK == 0) {
			t.Errorf("the detector beside them: %+v", s)
		}
		if s.Panics > 0 {
			t.Errorf("%s panicked in this process: %+v", name, s)
		}
		// The death costs the run that was out and no other: while the process is away there are none. One that hung is given up
		// when its process is about to be killed: another may be on its way there.
		if n := s.Failed + s.Timeouts; n > 2 || n > 1 && name != "hang" {
			t.Errorf("%s: %d runs failed", name, n)
		}
	}
	var ws syscall.WaitStatus
	if pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		t.Errorf("process %d is left behind (%v)", pid, err)
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors are open, were %d", after, before)
	}
}

// victims makes the detectors that have processes of their own victims.
func victims(e *Engine) {
	kind := victim()
	for i := range e.w.Load().g.Detectors {
		if d := &e.w.Load().g.Detectors[i]; d.Isolate == graph.IsolateProcess {
			d.Kind = &kind
		}
	}
}

// TestDeadDetectorHoldsNoSlot: while a detector's process is away and opens its model, the detector beside it looks at picture
// after picture on the only slot there is. The model opens only after that; a run that waited for it would wait for ever.
func TestDeadDetectorHoldsNoSlot(t *testing.T) {
	k := newKit(t)
	k.spec.Engine.Cores = 1
	k.camera("front", 50, &fakeCamera{live: true})
	d := k.detector("gated", 50, nil)
	d.Isolate, d.Timeout, d.Load = graph.IsolateProcess, time.Minute, graph.LoadNone
	k.detector("steady", 50, says(0, 1))
	e := k.engine()
	victims(e)
	stop := k.start(e)
	defer stop()
	lanes := func() []sched.LaneStats {
		_, snap := e.snapshot()
		return snap.stats.Lanes
	}
	within(t, "the death", func() bool { s := lanes(); return len(s) == 2 && s[0].Failed > 0 })
	died := lanes()
	within(t, "ten runs beside it", func() bool { return lanes()[1].OK > died[1].OK+10 })
	away := lanes()[0]
	x := ""
	e.do(func() { x = e.core.Explain(0).Cause.String() })
	if away.Failed != 1 || away.Runs != deadlyRun || x != "away" || e.Status().Detectors[0].Skipped["away"] == 0 {
		t.Errorf("while its process is away: %+v, hindered by %s", away, x)
	}
	gate(t, e.cfg.StateDir)
	within(t, "its next runs", func() bool { return lanes()[0].OK > deadlyRun+5 })
	if s := e.Status().Detectors[0]; s.Failed != 1 || s.Health != sched.HealthOK.String() || s.Restarts != 1 {
		t.Errorf("when it was back: %+v", s)
	}
}

// TestProcessThatDoesNotComeBackBreaksItsDetector: a model that fails to open again and again is a failure like any other, and
// once it opens the detector works again, without a probe that fails before.
func TestProcessThatDoesNotComeBackBreaksItsDetector(t *testing.T) {
	k := newKit(t)
	k.camera("front", 50, &fakeCamera{live: true})
	d := k.detector("once", 50, nil)
	d.Isolate, d.Timeout, d.Load = graph.IsolateProcess, time.Minute, graph.LoadNone
	e := k.engine()
	victims(e)
	stop := k.start(e)
	defer stop()
	status := func() DetectorStatus {
		if st := e.Status(); len(st.Detectors) > 0 {
			return st.Detectors[0]
		}
		return DetectorStatus{}
	}
	within(t, "it is broken", func() bool { return status().Health == sched.HealthBroken.String() })
	if s := status(); s.Failed < sched.BrokenAfter || !strings.Contains(s.Error, "made to fail") && !strings.Contains(s.Error, "start") {
		t.Errorf("%+v", s)
	}
	gate(t, e.cfg.StateDir)
	within(t, "it works again", func() bool { return status().Health == sched.HealthOK.String() })
	if s := status(); s.Restarts < 2 {
		t.Errorf("%d restarts were counted, want at least 2", s.Restarts)
	}
}

// TestDetectorThatDoesNotStartInItsProcessRefusesTheRun: with the reason, as one in this process.
func TestDetectorThatDoesNotStartInItsProcessRefusesTheRun(t *testing.T) {
	k := newKit(t)
	k.camera("front", 10, &fakeCamera{live: true})
	k.detector("d", 10, says(0, 1)).Isolate = graph.IsolateProcess
	e := k.engine()
	e.w.Load().g.Detectors[0].Options = json.RawMessage(`{"name":3}`)
	err := e.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), `detector "d"`) || !strings.Contains(err.Error(), "cannot unmarshal number") {
		t.Errorf("Run gave %v, want the detector and the reason", err)
	}
}

// descriptors counts what the process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestSwapBesideProcesses swaps detectors with processes of their own in and out beside a camera of 60 pictures a second, on the
// real clock: its pictures move into memory that another process sees and back, none is lost, no run fails, and no descriptor,
// process or buffer is left behind.
func TestSwapBesideProcesses(t *testing.T) {
	if r, w, err := os.Pipe(); err == nil { // the runtime opens what it polls with at the first use
		_, _ = r.Close(), w.Close()
	}
	before := descriptors(t)
	k := newKit(t)
	k.camera("front", 60, &fakeCamera{live: true})
	k.detector("steady", 60, says(0, 1))
	k.detector("there", 20, says(0, 1))
	e, stop := k.live()
	within(t, "the first pictures", func() bool { return e.Status().Cameras[0].Frames > 10 })
	there := slices.IndexFunc(k.spec.Detectors, func(d graph.DetectorSpec) bool { return d.ID == "there" })
	for n := range 8 {
		d := &k.spec.Detectors[there]
		d.Isolate, d.Timeout = graph.IsolateThread, 10*time.Second
		if n%2 == 0 {
			d.Isolate = graph.IsolateProcess
		}
		if n%4 == 1 {
			k.spec.Cameras[0].Options = fmt.Appendf(nil, `{"name":"front","rev":%d}`, n)
		}
		k.swap(e, SwapOptions{Probation: time.Duration(n%2) * time.Second / 4})
		w := e.w.Load()
		within(t, "five runs", func() bool {
			st := e.Status()
			return st.Detectors[1].Runs > 5 && e.w.Load() == w
		})
		for _, d := range e.Status().Detectors {
			if d.Failed > 0 || d.Restarts > 0 {
				t.Errorf("after %d swaps: %+v", n+1, d)
			}
		}
	}
	time.Sleep(time.Second) // probations end
	stop()
	for _, r := range e.Status().Reloads {
		if r.Outcome != reloadKept && r.Outcome != reloadSuperseded {
			t.Errorf("%+v", r)
		}
	}
	if n := descriptors(t); n != before {
		t.Errorf("%d descriptors more than before", n-before)
	}
}

func within(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}
