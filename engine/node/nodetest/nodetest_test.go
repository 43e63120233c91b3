package nodetest

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// flawed is a kind of each role that keeps its contract except in what a fault names.
type flawed struct{ fault string }

func (f flawed) is(fault string) bool { return f.fault == fault }

func (f flawed) contract(role string) node.Contract {
	c := node.Contract{Name: "flawed", Doc: "a " + role + " with a fault", Options: "#Options: {n?: int}\n", Changes: map[string]node.Change{"n": node.Replace}}
	switch f.fault {
	case "no definition":
		c.Options = "Options: {}"
	case "import":
		c.Options = "import \"list\"\n" + c.Options
	case "stop":
		c.Doc += "."
	case "changes":
		c.Changes["threshold"] = node.Retune
	case "no class":
		c.Changes = nil
	case "capital":
		c.Name = "Flawed"
	}
	return c
}

type options struct {
	N int `json:"n"`
}

func (f flawed) camera() node.Kind {
	return node.Camera(f.contract("camera"), func(node.CameraEnv, options) (node.Source, error) {
		return &flawedSource{flawed: f}, nil
	})
}

type flawedSource struct {
	flawed
	opens int
}

func (s *flawedSource) Open(context.Context) (node.Stream, error) {
	s.opens++
	return &flawedStream{flawedSource: s}, nil
}

type flawedStream struct {
	*flawedSource
	n    int
	kept []*frame.Frame
}

func (s *flawedStream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	if s.is("deaf") && ctx.Err() != nil {
		select {} // for ever
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := alloc.Get(frame.Gray, 4, 4)
	if err != nil {
		if s.is("starving") {
			return nil, node.ErrClosed
		}
		return nil, err
	}
	clear(f.Pix())
	f.PTS = time.Duration(s.n) * time.Second
	s.n++
	switch s.fault {
	case "numbered":
		f.Seq = uint64(s.n)
	case "media time":
		f.PTS = 0
	case "keeps":
		if s.n == 1 {
			s.kept = append(s.kept, f.Retain())
		}
	case "random":
		f.Pix()[0] = byte(s.opens)
	}
	return f, nil
}

func (s *flawedStream) Info() node.StreamInfo {
	if s.is("size") {
		return node.StreamInfo{Width: 5, Height: 4}
	}
	return node.StreamInfo{}
}

func (s *flawedStream) Close() error {
	for _, f := range s.kept {
		f.Release()
	}
	return nil
}

func (f flawed) detector() node.Kind {
	c := f.contract("detector")
	c.Cost = time.Millisecond
	if f.is("cost") {
		c.Cost = 0
	}
	calls := 0
	c.Emits = func(json.RawMessage) ([]node.Emit, error) {
		calls++
		e := node.Emit{Name: "n", Type: signal.TypeInt, Min: 0, Max: 1, Doc: "a number"}
		switch f.fault {
		case "emit doc":
			e.Doc = ""
		case "emits change":
			e.Max = float64(calls)
		}
		return []node.Emit{e}, nil
	}
	instances := 0
	return node.Detector(c, func(context.Context, node.DetectorEnv, options) (node.Model, error) {
		return &flawedModel{flawed: f, instances: &instances}, nil
	})
}

type flawedModel struct {
	flawed
	instances *int
}

func (m *flawedModel) NewInstance(context.Context, node.InstanceEnv) (node.Instance, error) {
	*m.instances++
	return &flawedInstance{flawed: m.flawed, n: *m.instances}, nil
}
func (m *flawedModel) Close() error { return nil }

type flawedInstance struct {
	flawed
	n    int
	kept *frame.Frame
}

func (i *flawedInstance) Detect(ctx context.Context, run *node.Run) error {
	v := int64(1)
	switch f := run.Frames[0]; i.fault {
	case "changes pixels":
		f.Pix()[0]++
	case "keeps frames":
		if i.kept == nil {
			i.kept = f.Retain()
		}
	case "range":
		v = 2
	case "instances differ":
		v = int64(i.n % 2)
	case "deaf":
		if ctx.Err() != nil {
			select {}
		}
	}
	run.Set("n", signal.Int(v))
	return nil
}
func (i *flawedInstance) Close() error { return nil }

func (f flawed) sink() node.Kind {
	return node.SinkKind(f.contract("sink"), func(context.Context, node.Env, options) (node.Sink, error) {
		return &flawedSink{flawed: f}, nil
	})
}

type flawedSink struct{ flawed }

func (s *flawedSink) Write(ctx context.Context, _ *node.Record, _ []byte) error {
	switch {
	case s.is("refuses"):
		return node.ErrClosed
	case s.is("deaf") && ctx.Err() != nil:
		select {}
	case s.is("leaks"):
		go func() { select {} }()
	}
	return ctx.Err()
}

func (s *flawedSink) Close() error {
	if s.is("close") {
		return node.ErrClosed
	}
	return nil
}

func flawedKind(role, fault string) node.Kind {
	f := flawed{fault}
	switch role {
	case "camera":
		return f.camera()
	case "detector":
		return f.detector()
	}
	return f.sink()
}

// tuned is a sink whose option n is of class Retune, and what it does with an edit.
func (f flawed) tuned() node.Kind {
	c := f.contract("sink")
	c.Changes["n"] = node.Retune
	return node.SinkKind(c, func(_ context.Context, _ node.Env, o options) (node.Sink, error) {
		t, err := node.NewTuned(o, func(o options) (int, error) { return o.N, nil })
		return &tunedSink{flawedSink{f}, t}, err
	})
}

type tunedSink struct {
	flawedSink
	*node.Tuned[options, int]
}

func (s *tunedSink) Retune(raw json.RawMessage) (func(), error) {
	apply, err := s.Tuned.Retune(raw)
	switch s.fault {
	case "no effect":
		return func() {}, err
	case "at once":
		if err == nil {
			apply()
		}
	case "anything goes":
		return func() {}, nil
	}
	return apply, err
}

// retuneSink runs Retune on a sink with a fault, with edits of these options.
func retuneSink(t *testing.T, fault string, edits ...Edit) {
	t.Helper()
	k := flawed{fault}.tuned()
	open := func(t *testing.T, options string) Life {
		s := OpenSink(t, k, options, Env(t)).(*tunedSink)
		var v any = s
		if fault == "no retuner" {
			v = s.flawedSink
		}
		looks := 0
		return Life{Node: v, Look: func() string {
			looks++
			return strings.Repeat("look ", looks) + strconv.Itoa(*s.Now())
		}}
	}
	Retune(t, k, open, edits...)
}

// victim names, in a child process, the kind that TestVictim runs the suite on.
const victim = "RVO_NODETEST_VICTIM"

// TestVictim is run by TestFaultsAreFound in a process of its own: there it has to fail.
func TestVictim(t *testing.T) {
	role, fault, ok := strings.Cut(os.Getenv(victim), "/")
	if !ok {
		for _, role := range []string{"camera", "detector", "sink"} {
			Run(t, flawedKind(role, ""))
		}
		retuneSink(t, "", Edit{"n", `{"n": 1}`, `{"n": 2}`})
		return
	}
	if role == "retune" {
		if fault == "forgotten" {
			retuneSink(t, fault)
			return
		}
		retuneSink(t, fault, Edit{"n", `{"n": 1}`, `{"n": 2}`})
		return
	}
	Run(t, flawedKind(role, fault))
}

// The suite finds each fault that it was written for: run on a kind with it, it fails and says why.
func TestFaultsAreFound(t *testing.T) {
	for _, c := range []struct{ fault, want string }{
		{"camera/no definition", "does not declare #Options"},
		{"camera/import", "imports something"},
		{"camera/stop", "ends without a full stop"},
		{"camera/changes", `the option "threshold"`},
		{"camera/no class", `no class for the option "n"`},
		{"camera/capital", "lower case letters"},
		{"camera/numbered", "numbering is the engine's"},
		{"camera/media time", "has the media time 0s after 0s"},
		{"camera/keeps", "has 2 references"},
		{"camera/random", "other pictures than the first"},
		{"camera/size", "Info says 5 x 4"},
		{"camera/starving", "want frame.ErrNoBuffer"},
		{"camera/deaf", "Next has not returned"},
		{"detector/cost", "neither Cost nor CostOf"},
		{"detector/emit doc", "has no doc"},
		{"detector/emits change", "Emits gives"},
		{"detector/changes pixels", "changed the picture"},
		{"detector/keeps frames", "are held after everything was closed"},
		{"detector/range", "the contract says 0 to 1"},
		{"detector/instances differ", "answer the same pictures differently"},
		{"detector/deaf", "Detect has not returned"},
		{"sink/refuses", "record 0: closed"},
		{"sink/deaf", "Write has not returned"},
		{"sink/leaks", "found unexpected goroutines"},
		{"sink/close", "close: closed"},
		{"retune/no effect", "the edit has no effect"},
		{"retune/at once", "an edit that was not applied has an effect"},
		{"retune/anything goes", "an option that does not exist is accepted"},
		{"retune/no retuner", "is no node.Retuner"},
		{"retune/forgotten", `says that "n" is retuned: give an edit`},
	} {
		t.Run(c.fault, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestVictim$")
			cmd.Env = append(os.Environ(), victim+"="+c.fault)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatal("the suite passes")
			}
			if !strings.Contains(string(out), c.want) {
				t.Errorf("the suite fails without %q:\n%s", c.want, out)
			}
		})
	}
}
