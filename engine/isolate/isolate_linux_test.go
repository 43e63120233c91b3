package isolate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
	"rvo.dev/nodes/cv"
	"rvo.dev/nodes/detect/dummy"
	"rvo.dev/nodes/detect/motion"
	"rvo.dev/nodes/ort"
)

// TestMain makes this program what Open starts: a process that serves detectors.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Argument {
		set, err := node.NewSet(append(cv.Kinds(), trial(), dummy.Kind(), motion.Kind())...)
		if err == nil {
			err = Serve(set, frame.StdCodec{})
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// trialOptions tell the trial detector what to do in the run whose number is At, and how to open.
type trialOptions struct {
	Do     string      `json:"do"`
	At     uint64      `json:"at"`
	Open   string      `json:"open"`
	Secret node.Secret `json:"secret"`
}

// trial is a detector that says everything it was given, and does what a detector must not.
func trial() node.Kind {
	return node.Detector(node.Contract{
		Name: "trial", Doc: "says what it sees and dies as told", Options: "#Options: {...}",
		Emits: func(json.RawMessage) ([]node.Emit, error) {
			return []node.Emit{
				{Name: "runs", Type: signal.TypeInt},
				{Name: "saw", Type: signal.TypeLabel},
				{Name: "pid", Type: signal.TypeInt},
				{Name: "share", Type: signal.TypeFloat},
				{Name: "any", Type: signal.TypeBool},
				{Name: "boxes", Type: signal.TypeBoxes},
			}, nil
		},
	}, openTrial)
}

func openTrial(_ context.Context, env node.DetectorEnv, o trialOptions) (node.Model, error) {
	m := &trialModel{env: env, o: o}
	switch o.Open {
	case "fail":
		return nil, errors.New("no such model")
	case "exit":
		os.Exit(7)
	case "secret":
		s, err := env.Secret(o.Secret)
		if err != nil {
			return nil, fmt.Errorf("secret: %w", err)
		}
		m.secret = s
	case "gate": // not the first time
		if !first(env.StateDir) {
			await(env.StateDir)
		}
	case "once":
		if !first(env.StateDir) {
			os.Exit(8)
		}
	}
	return m, nil
}

// first reports whether nobody has asked before in that folder.
func first(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, "first"), os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false
	}
	_ = f.Close()
	return true
}

// await waits until somebody has called letIn in that folder, in another process.
func await(dir string) {
	for {
		if _, err := os.Stat(filepath.Join(dir, "gate")); err == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func letIn(t *testing.T, dir string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "gate"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

type trialModel struct {
	env    node.DetectorEnv
	o      trialOptions
	secret string
}

func (m *trialModel) NewInstance(_ context.Context, env node.InstanceEnv) (node.Instance, error) {
	if env.Camera == "refused" {
		return nil, errors.New("not this camera")
	}
	return &trialInstance{trialModel: m, env: env}, nil
}

// Identity implements node.Identifier.
func (m *trialModel) Identity() node.Identity { return node.Identity{Name: m.env.ID, SHA256: "4b"} }

func (m *trialModel) Close() error {
	if m.o.Do == "closebad" {
		return errors.New("weights are stuck")
	}
	return nil
}

type trialInstance struct {
	*trialModel
	env  node.InstanceEnv
	runs int64
	kept []*frame.Frame
}

func (i *trialInstance) Close() error { return nil }

func (i *trialInstance) Detect(ctx context.Context, run *node.Run) error {
	if run.N == i.o.At || i.o.At == 0 && i.o.Do != "" {
		if err := i.misbehave(ctx, run); err != nil {
			return err
		}
	}
	i.runs++
	var saw strings.Builder
	fmt.Fprintf(&saw, "%s %d %d now %d of %s in %s as %s with %s;", i.env.Camera, i.env.Seed, i.trialModel.env.Seed, run.Now,
		i.trialModel.env.ID, i.trialModel.env.Dir, i.trialModel.env.StateDir, i.secret)
	var sum float64
	for _, f := range run.Frames {
		fmt.Fprintf(&saw, " %s#%d at %d pts %d %s %dx%d", f.Camera, f.Seq, f.Capture, f.PTS, f.Format, f.Width, f.Height)
		for _, v := range [][]byte{f.Pix(), f.SmallLuma().Pix, f.BGR().Pix, f.Luma().Pix} {
			for _, b := range v {
				sum += float64(b)
			}
		}
	}
	for _, in := range run.Inputs {
		fmt.Fprintf(&saw, " %s=%s (%v) at %d", in.Signal, in.Value, in.Value.Plain(), in.Capture)
	}
	run.Set("runs", signal.Int(i.runs))
	run.Set("saw", signal.Label(saw.String()))
	run.Set("share", signal.Float(sum/3))
	run.Set("any", signal.Bool(len(run.Frames) > 0))
	if len(run.Frames)%2 == 1 {
		run.Set("boxes", signal.Boxes([]signal.Box{{X: 0.1, Y: 1.0 / 3, W: 0.5, H: 1, Score: 0.25, Label: "a", Track: -7}}))
	}
	if i.o.Do == "pid" {
		run.Set("pid", signal.Int(int64(os.Getpid())))
	}
	return nil
}

func (i *trialInstance) misbehave(ctx context.Context, run *node.Run) error {
	die := func(s unix.Signal) {
		_ = unix.Kill(os.Getpid(), s)
		select {}
	}
	switch i.o.Do {
	case "abort":
		die(unix.SIGABRT)
	case "segfault":
		die(unix.SIGSEGV)
	case "kill":
		die(unix.SIGKILL)
	case "stop":
		die(unix.SIGSTOP)
	case "exit":
		os.Exit(3)
	case "memory":
		hoard()
	case "hang":
		select {}
	case "spin":
		for range uint64(1) << 63 { // computes for some centuries
		}
	case "heed":
		<-ctx.Done()
		return ctx.Err()
	case "panic":
		panic("of the trial")
	case "fail":
		return errors.New("would not")
	case "keep":
		for _, f := range run.Frames {
			i.kept = append(i.kept, f.Retain())
		}
	case "talk":
		for n := range 10_000 {
			fmt.Fprintln(os.Stderr, "line", n)
		}
	case "log":
		i.trialModel.env.Log.Warn("a word", "camera", i.env.Camera, "n", 3)
		fmt.Fprintln(os.Stdout, "plain")
	}
	return nil
}

// hoard takes memory until there is none, below a limit of its own so that the machine survives.
func hoard() {
	limit := unix.Rlimit{Cur: 3 << 30, Max: 3 << 30} // of addresses: a Go program reserves more than it uses
	if err := unix.Setrlimit(unix.RLIMIT_AS, &limit); err != nil {
		panic(err)
	}
	var all [][]byte
	for {
		all = append(all, make([]byte, 64<<20))
		runtime.KeepAlive(all)
	}
}

// rig is a kind opened both ways and a shared pool.
type rig struct {
	t    testing.TB
	pool *frame.Pool
	log  lockedWriter
	env  node.DetectorEnv
}

type lockedWriter struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, env: nodetest.DetectorEnv(t), pool: frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 4, Shared: true})}
	r.env.Log = slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	c, other, err := pair() // the runtime opens what it polls with at the first use
	if err != nil {
		t.Fatal(err)
	}
	c.close()
	_ = other.Close()
	before := open(t)
	t.Cleanup(func() {
		if held := r.pool.Stats().Held; held != 0 {
			t.Errorf("%d frames are held at the end", held)
		}
		r.pool.Close()
		if after := open(t); after != before {
			t.Errorf("%d descriptors are open at the end, were %d", after, before)
		}
		var s unix.WaitStatus
		if pid, err := unix.Wait4(-1, &s, unix.WNOHANG, nil); !errors.Is(err, unix.ECHILD) {
			t.Errorf("process %d is left behind (%v)", pid, err)
		}
	})
	return r
}

func open(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// model opens a kind in a process; the test closes it.
func (r *rig) model(k node.Kind, options string) *Model {
	r.t.Helper()
	m, err := Open(context.Background(), &k, r.env, json.RawMessage(options), Options{Nice: 7})
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func (r *rig) instance(m node.Model, camera frame.CameraID) node.Instance {
	r.t.Helper()
	i, err := m.NewInstance(context.Background(), node.InstanceEnv{Camera: camera, Seed: 11})
	if err != nil {
		r.t.Fatal(err)
	}
	return i
}

func (r *rig) close(m *Model, list ...node.Instance) {
	r.t.Helper()
	for _, i := range list {
		if err := i.Close(); err != nil {
			r.t.Error(err)
		}
	}
	if err := m.Close(); err != nil {
		r.t.Error(err)
	}
}

// try makes run n on a picture and returns what came of it.
func (r *rig) try(i node.Instance, n uint64, limit time.Duration) (outs []node.Output, err error) {
	r.t.Helper()
	emits, _ := trial().Contract.Emits(nil)
	run := node.NewRun(emits)
	f := nodetest.Picture(r.t, r.pool, frame.BGR, 64, 48, tick.Time(n), func(x, y int) byte { return byte(x + y) })
	defer f.Release()
	run.Frames, run.N = append(run.Frames, f), n
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	err = i.Detect(ctx, run)
	return run.Outputs(), err
}

func (r *rig) logged() string {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	return r.log.b.String()
}

// forget empties the log.
func (r *rig) forget() {
	r.log.mu.Lock()
	defer r.log.mu.Unlock()
	r.log.b.Reset()
}

// TestSameAsInProcess: whatever a run is given and says, it is the same in a process of its own.
func TestSameAsInProcess(t *testing.T) {
	r := newRig(t)
	r.env.Dir, r.env.StateDir = "/in", "/out"
	k := trial()
	inside, err := k.OpenDetector(t.Context(), r.env, []byte(`{"do":""}`))
	if err != nil {
		t.Fatal(err)
	}
	outside := r.model(k, `{"do":""}`)
	if in := inside.(*trialModel).Identity(); outside.Identity() != in {
		t.Errorf("in a process of its own the network is %v, in this one %v", outside.Identity(), in)
	}
	a, b := r.instance(inside, "front"), r.instance(outside, "front")
	defer r.close(outside, b)
	emits, _ := k.Contract.Emits(nil)
	n := uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		n++
		one, two := node.NewRun(emits), node.NewRun(emits)
		one.Now, one.N = tick.Time(rapid.Int64().Draw(t, "now")), n
		for range rapid.IntRange(0, 3).Draw(t, "frames") {
			format := frame.Format(rapid.IntRange(0, 2).Draw(t, "format"))
			w, h := 2*rapid.IntRange(1, 200).Draw(t, "w"), 2*rapid.IntRange(1, 200).Draw(t, "h")
			f, err := r.pool.Get(format, w, h)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(f.Release)
			f.Seq, f.Capture = rapid.Uint64().Draw(t, "seq"), tick.Time(rapid.Int64().Draw(t, "capture"))
			mark := rapid.Uint32().Draw(t, "mark")
			for i := range f.Pix() {
				f.Pix()[i] = byte((uint32(i) + mark) * 2654435761 >> 13)
			}
			one.Frames = append(one.Frames, f)
		}
		for range rapid.IntRange(0, 3).Draw(t, "inputs") {
			one.Inputs = append(one.Inputs, node.Input{
				Signal: rapid.String().Draw(t, "signal"), Value: drawValue(t), Capture: tick.Time(rapid.Int64().Draw(t, "at")),
			})
		}
		two.Now, two.N, two.Frames, two.Inputs = one.Now, one.N, one.Frames, one.Inputs
		if err := errors.Join(a.Detect(context.Background(), one), b.Detect(context.Background(), two)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(one.Outputs(), two.Outputs()) {
			t.Fatalf("in process\n%v\nin its own\n%v", one.Outputs(), two.Outputs())
		}
	})
}

// TestMotionSaysTheSame: a real detector with state, over a moving picture that changes its size on the way.
func TestMotionSaysTheSame(t *testing.T) {
	r := newRig(t)
	k := motion.Kind()
	inside, err := k.OpenDetector(t.Context(), r.env, nil)
	if err != nil {
		t.Fatal(err)
	}
	outside := r.model(k, "{}")
	a, b := r.instance(inside, "front"), r.instance(outside, "front")
	defer r.close(outside, b)
	emits, _ := k.Contract.Emits([]byte("{}"))
	moved := 0
	for n := range 80 {
		w, h := 640, 480
		if n >= 40 {
			w, h = 322, 242
		}
		f := nodetest.Picture(t, r.pool, frame.BGR, w, h, tick.Time(n)*tick.Time(50*time.Millisecond), func(x, y int) byte {
			if x/8 == n%40 && y < h/2 {
				return 250
			}
			return byte(x ^ y)
		})
		f.Seq = uint64(n + 1)
		one, two := node.NewRun(emits), node.NewRun(emits)
		one.Frames, two.Frames = append(one.Frames, f), append(two.Frames, f)
		if err := errors.Join(a.Detect(t.Context(), one), b.Detect(t.Context(), two)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(one.Outputs(), two.Outputs()) {
			t.Fatalf("picture %d: in process %v, in its own %v", n, one.Outputs(), two.Outputs())
		}
		if one.Outputs()[0].Value.Number() > 0 {
			moved++
		}
		f.Release()
	}
	if moved < 40 {
		t.Errorf("only %d pictures moved: the test compares nothing", moved)
	}
}

// TestDeaths: each way a process can go fails one run with the way named, is counted, and started again: a run that comes at once
// waits for that. The other camera's instance gets a new twin too, and everything works as before.
func TestDeaths(t *testing.T) {
	for _, c := range []struct {
		do, says string
		limit    time.Duration
	}{
		{"abort", "SIGABRT", 10 * time.Second},
		{"segfault", "SIGSEGV", 10 * time.Second},
		{"kill", "killed by signal 9 (killed)", 10 * time.Second},
		{"exit", "ended with exit code 3", 10 * time.Second},
		{"memory", "ended with exit code", 20 * time.Second},
		{"hang", `killed: a run on camera "front" did not end in time`, 300 * time.Millisecond},
		{"spin", `killed: a run on camera "front" did not end in time`, 300 * time.Millisecond},
		{"stop", `killed: a run on camera "front" did not end in time`, 300 * time.Millisecond},
	} {
		t.Run(c.do, func(t *testing.T) {
			r := newRig(t)
			m := r.model(trial(), fmt.Sprintf(`{"do":%q,"at":2}`, c.do))
			front, back := r.instance(m, "front"), r.instance(m, "back")
			defer r.close(m, front, back)
			const enough = 10 * time.Second
			for _, i := range []node.Instance{front, back} {
				if _, err := r.try(i, 1, enough); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := r.try(front, 2, c.limit); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("the deadly run: %v, want %q", err, c.says)
			}
			for _, i := range []node.Instance{back, front} {
				outs, err := r.try(i, 4, enough)
				if err != nil {
					t.Fatal(err)
				}
				if runs := outs[0].Value.AsInt(); runs != 1 {
					t.Errorf("run %d in the new process, want the first", runs)
				}
			}
			if m.Restarts() != 1 {
				t.Errorf("%d restarts, want 1", m.Restarts())
			}
			if log := r.logged(); !strings.Contains(log, "a detector's process ended") {
				t.Errorf("not logged: %s", log)
			}
		})
	}
}

// TestDeathsBetweenRuns: a process that dies while no run is out costs none: its end is seen, counted and logged, and another is
// there for the next run, or that waits. One that dies soon again is waited for longer, and a run then says for how long and why.
func TestDeathsBetweenRuns(t *testing.T) {
	r := newRig(t)
	m := r.model(trial(), "{}")
	front := r.instance(m, "front")
	defer r.close(m, front)
	const enough = 10 * time.Second
	present := func() *process {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.mu.proc
	}
	die := func() {
		p := present()
		p.kill()
		<-p.gone
	}
	die()
	if _, err := r.try(front, 1, enough); err != nil {
		t.Errorf("a run right after its process died: %v", err)
	}
	if log := r.logged(); m.Restarts() != 1 || !strings.Contains(log, "killed by signal 9 (killed)") {
		t.Errorf("%d restarts, want 1; logged: %s", m.Restarts(), log)
	}
	die()
	if _, err := r.try(front, 2, enough); err == nil || !strings.Contains(err.Error(), "started again in") || !strings.Contains(err.Error(), "signal 9") {
		t.Errorf("in the second wait: %v, want to be told for how long, and why", err)
	}
	for end := time.Now().Add(enough); ; time.Sleep(time.Millisecond) { // no run asks for it, on the real clock that processes live by
		if p := present(); p != nil && p.ready.Load() {
			break
		}
		if time.Now().After(end) {
			t.Fatal("no process was started again")
		}
	}
	if _, err := r.try(front, 3, enough); err != nil || m.Restarts() != 2 {
		t.Errorf("after the second: %v, %d restarts, want 2", err, m.Restarts())
	}
}

// TestFaultsThatCostNoProcess: what the engine contains in its own process costs none here either, and reads the same.
func TestFaultsThatCostNoProcess(t *testing.T) {
	for _, c := range []struct {
		do, says string
		limit    time.Duration
	}{
		{"panic", "panic: of the trial (in the detector's process)", 10 * time.Second},
		{"fail", "would not", 10 * time.Second},
		{"keep", ErrKept.Error(), 10 * time.Second},
		{"heed", "deadline exceeded", 2 * time.Second},
	} {
		t.Run(c.do, func(t *testing.T) {
			r := newRig(t)
			m := r.model(trial(), fmt.Sprintf(`{"do":%q,"at":1}`, c.do))
			i := r.instance(m, "front")
			defer r.close(m, i)
			outs, err := r.try(i, 1, c.limit)
			if err == nil || !strings.Contains(err.Error(), c.says) || len(outs) != 0 {
				t.Errorf("%v with %v, want %q", err, outs, c.says)
			}
			if _, err := r.try(i, 2, 10*time.Second); err != nil || m.Restarts() != 0 {
				t.Errorf("afterwards: %v, %d restarts", err, m.Restarts())
			}
		})
	}
}

// TestOpen: what goes wrong while a model opens is the error of Open, with the child's words, and leaves nothing behind.
func TestOpen(t *testing.T) {
	for _, c := range []struct{ options, says string }{
		{`{"open":"fail"}`, "no such model"},
		{`{"open":"exit"}`, "ended with exit code 7"},
		{`{"open":"secret"}`, "there are none in a test"},
		{`{"opne":"x"}`, "unknown field"},
	} {
		r := newRig(t)
		k := trial()
		if _, err := Open(t.Context(), &k, r.env, []byte(c.options), Options{}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.options, err, c.says)
		}
	}
	r := newRig(t)
	m := r.model(trial(), "{}")
	if _, err := m.NewInstance(t.Context(), node.InstanceEnv{Camera: "refused"}); err == nil || err.Error() != "not this camera" {
		t.Errorf("a refused camera: %v", err)
	}
	r.close(m)
	if _, err := m.NewInstance(t.Context(), node.InstanceEnv{}); !errors.Is(err, node.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	m = r.model(trial(), `{"do":"closebad","at":99}`)
	if err := m.Close(); err == nil || !strings.Contains(err.Error(), "weights are stuck") {
		t.Errorf("a model that does not close: %v", err)
	}
}

// TestSecretsComeByReference: the child gets the secret it asks for, the variables that say where libraries are, and none that
// could hold another secret.
func TestSecretsComeByReference(t *testing.T) {
	t.Setenv("CAMERA_PASSWORD", "hunter2")
	t.Setenv(ort.LibraryEnv, "/opt/libonnxruntime.so")
	r := newRig(t)
	r.env.Secret = func(s node.Secret) (string, error) { return "value of " + s.Env, nil }
	m := r.model(trial(), `{"open":"secret","secret":{"env":"TOKEN"}}`)
	i := r.instance(m, "front")
	defer r.close(m, i)
	outs, err := r.try(i, 1, 10*time.Second)
	if err != nil || !strings.Contains(outs[1].Value.AsLabel(), "with value of TOKEN;") {
		t.Errorf("%v, %v", outs, err)
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", m.mu.proc.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(environ, []byte("hunter2")) || !bytes.Contains(environ, []byte("PATH=")) || !bytes.Contains(environ, []byte(ort.LibraryEnv+"=/opt/")) {
		t.Errorf("the child's environment: %q", environ)
	}
}

// TestTheChildIsLowAndLean: priority of every thread, naps that may end late, first to go when memory is short, nothing of
// the parent's open, and the parent as it was.
func TestTheChildIsLowAndLean(t *testing.T) {
	runtime.LockOSThread() // it starts the process
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	leak, err := unix.Open("/dev/null", unix.O_RDONLY, 0) // without close-on-exec, as a library does it
	if err != nil {
		t.Fatal(err)
	}
	m := r.model(trial(), "{}")
	_ = unix.Close(leak)
	i := r.instance(m, "front")
	defer r.close(m, i)
	if _, err := r.try(i, 1, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	proc := fmt.Sprintf("/proc/%d/", m.mu.proc.cmd.Process.Pid)
	tasks, err := os.ReadDir(proc + "task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		stat, err := os.ReadFile(proc + "task/" + task.Name() + "/stat")
		if err != nil {
			continue // it ended
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if nice := fields[16]; nice != "7" {
			t.Errorf("thread %s has nice %s", task.Name(), nice)
		}
	}
	if got, err := os.ReadFile(proc + "timerslack_ns"); err == nil && strings.TrimSpace(string(got)) != strconv.FormatInt(relaxedSlack.Nanoseconds(), 10) {
		t.Errorf("the child has a timer slack of %s ns", got) // who may not read it cannot tell
	}
	if now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || now != slack {
		t.Errorf("this thread's timer slack is %d ns (%v), was %d", now, err, slack)
	}
	if score, _ := os.ReadFile(proc + "oom_score_adj"); strings.TrimSpace(string(score)) != childScore {
		t.Errorf("oom_score_adj is %q", score)
	}
	if comm, _ := os.ReadFile(proc + "comm"); !strings.HasPrefix(string(comm), filepath.Base(os.Args[0])[:5]) {
		t.Errorf("it is called %q", comm)
	}
	fds, err := os.ReadDir(proc + "fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		where, _ := os.Readlink(proc + "fd/" + fd.Name())
		if where == "/dev/null" && fd.Name() != "0" {
			t.Errorf("descriptor %s of the parent is open in the child", fd.Name())
		}
	}
	if len(fds) > 10 {
		t.Errorf("%d descriptors in the child", len(fds))
	}
}

// TestNothingOutlivesTheParent: a child whose control socket closes is gone at once, even with a run that hangs.
func TestNothingOutlivesTheParent(t *testing.T) {
	r := newRig(t)
	m := r.model(trial(), `{"do":"spin","at":1}`)
	i := r.instance(m, "front")
	hung := make(chan error)
	go func() {
		_, err := r.try(i, 1, 20*time.Second)
		hung <- err
	}()
	p := m.mu.proc
	time.Sleep(50 * time.Millisecond) // for the run to be on its way; earlier is right too
	_ = p.control.f.Close()           // what the kernel does for a parent that died
	select {
	case err := <-hung:
		if err == nil || !strings.Contains(err.Error(), "exit code 0") {
			t.Errorf("the run ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the child lives on")
	}
	r.close(m, i)
}

// TestWhatAChildSaysIsBounded: its log records stay records, its prints become lines, and a flood is cut and counted.
func TestWhatAChildSaysIsBounded(t *testing.T) {
	r := newRig(t)
	m := r.model(trial(), `{"do":"log","at":1}`)
	i := r.instance(m, "front")
	if _, err := r.try(i, 1, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	r.close(m, i)
	for _, want := range []string{`level=WARN msg="a word" camera=front n=3`, `msg="the detector's process says" line=plain`} {
		if !strings.Contains(r.logged(), want) {
			t.Errorf("the log lacks %s:\n%s", want, r.logged())
		}
	}
	r.forget()
	m = r.model(trial(), `{"do":"talk","at":1}`)
	i = r.instance(m, "front")
	if _, err := r.try(i, 1, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	r.close(m, i)
	if n := strings.Count(r.logged(), "\n"); n < lineBurst || n > 2*lineBurst || !strings.Contains(r.logged(), "left out") {
		t.Errorf("%d lines were logged of 10000:\n%s", n, r.logged())
	}
}

// TestManyCamerasAtOnce: instances of one process do not wait for one another, nor mix their answers up.
func TestManyCamerasAtOnce(t *testing.T) {
	r := newRig(t)
	m := r.model(trial(), "{}")
	var list []node.Instance
	for n := range 8 {
		list = append(list, r.instance(m, frame.CameraID(fmt.Sprint("cam", n))))
	}
	f := nodetest.Picture(t, r.pool, frame.Gray, 64, 48, 0, func(x, _ int) byte { return byte(x) })
	emits, _ := trial().Contract.Emits(nil)
	var wg sync.WaitGroup
	for n, i := range list {
		wg.Go(func() {
			run := node.NewRun(emits)
			for k := range 100 {
				run.Reset()
				run.Frames, run.N = append(run.Frames, f), uint64(k+1)
				if err := i.Detect(context.Background(), run); err != nil {
					t.Error(err)
					return
				}
				o := run.Outputs()
				if !strings.HasPrefix(o[1].Value.AsLabel(), fmt.Sprintf("cam%d ", n)) || o[0].Value.AsInt() != int64(k+1) {
					t.Errorf("camera %d got %s", n, o[1].Value)
				}
			}
		})
	}
	wg.Wait()
	f.Release()
	r.close(m, list...)
}

// TestPrivatePicturesAreRefused: a picture that cannot be shown is an error that says what to do, and costs nothing.
func TestPrivatePicturesAreRefused(t *testing.T) {
	r := newRig(t)
	m := r.model(trial(), "{}")
	i := r.instance(m, "front")
	defer r.close(m, i)
	pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 1})
	defer pool.Close()
	f := nodetest.Picture(t, pool, frame.Gray, 8, 8, 0, func(_, _ int) byte { return 0 })
	defer f.Release()
	emits, _ := trial().Contract.Emits(nil)
	run := node.NewRun(emits)
	run.Frames = append(run.Frames, f)
	if err := i.Detect(t.Context(), run); err == nil || !strings.Contains(err.Error(), "Shared") {
		t.Errorf("%v", err)
	}
	if _, err := r.try(i, 2, 10*time.Second); err != nil {
		t.Error(err)
	}
}

// TestServeByHand: who calls the child's command is told what it is.
func TestServeByHand(t *testing.T) {
	if err := Serve(nil, nil); err == nil || !strings.Contains(err.Error(), "not by hand") {
		t.Errorf("%v", err)
	}
}
