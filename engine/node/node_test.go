package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
)

type options struct {
	Size int `json:"size"`
}

func camera(name string) node.Kind {
	return node.Camera(node.Contract{Name: name, Doc: "none", Options: "#Options: {size?: int}"},
		func(_ node.CameraEnv, _ options) (node.Source, error) { return nil, errors.New("opened") })
}

func detector(name string) node.Kind {
	return node.Detector(node.Contract{
		Name: name, Doc: "none", Options: "#Options: {size?: int}",
		Emits: func(json.RawMessage) ([]node.Emit, error) { return nil, nil }, Needs: "a GPU: see docs/gpu.md",
	}, (func(context.Context, node.DetectorEnv, options) (node.Model, error))(nil))
}

func sink(name string) node.Kind {
	return node.SinkKind(node.Contract{Name: name, Doc: "none", Options: "#Options: {size?: int}"},
		func(_ context.Context, _ node.Env, o options) (node.Sink, error) {
			if o.Size != 3 {
				return nil, errors.New("size was not decoded")
			}
			return nil, errors.New("opened")
		})
}

func TestSet(t *testing.T) {
	set, err := node.NewSet(sink("one"), detector("zeta"), camera("one"), detector("alpha"))
	if err != nil {
		t.Fatal(err)
	}
	if k, ok := set.Kind(node.RoleCamera, "one"); !ok || k.Contract.Role != node.RoleCamera {
		t.Errorf("the camera one is %+v, %v", k, ok)
	}
	if k, ok := set.Kind(node.RoleSink, "one"); !ok || k.Contract.Role != node.RoleSink {
		t.Errorf("the sink one is %+v, %v", k, ok)
	}
	if _, ok := set.Kind(node.RoleDetector, "one"); ok {
		t.Error("there is a detector one")
	}
	var names []string
	for _, k := range set.Of(node.RoleDetector) {
		names = append(names, k.Contract.Name)
	}
	if strings.Join(names, " ") != "alpha zeta" {
		t.Errorf("detectors are %q, want them by name", names)
	}
}

func TestSetRefuses(t *testing.T) {
	change := func(k node.Kind, f func(*node.Contract)) node.Kind {
		f(&k.Contract)
		return k
	}
	for _, c := range []struct {
		name  string
		kinds []node.Kind
		want  string
	}{
		{"twice", []node.Kind{camera("a"), camera("a")}, `camera kind "a" is in the set twice`},
		{"capital", []node.Kind{camera("A")}, "name must be lower case letters and digits"},
		{"no name", []node.Kind{camera("")}, "name must be lower case letters and digits"},
		{"no doc", []node.Kind{change(camera("a"), func(c *node.Contract) { c.Doc = "" })}, "contract lacks Doc or Options"},
		{"no options", []node.Kind{change(camera("a"), func(c *node.Contract) { c.Options = "" })}, "contract lacks Doc or Options"},
		{"no emits", []node.Kind{change(detector("a"), func(c *node.Contract) { c.Emits = nil })}, "contract lacks Emits"},
		{"no needs", []node.Kind{change(detector("a"), func(c *node.Contract) { c.Needs = "" })}, "does not say what it needs"},
	} {
		set, err := node.NewSet(c.kinds...)
		if set != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	_, err := node.NewSet(camera("A"), camera("b"), camera("b"))
	var dup *node.DuplicateError
	if !errors.As(err, &dup) || dup.Name != "b" || !strings.Contains(err.Error(), `"A"`) {
		t.Errorf("two faults give %v, want both", err)
	}
}

func TestOpen(t *testing.T) {
	env := nodetest.Env(t)
	cam, det, snk := camera("c"), detector("d"), sink("s")
	if !cam.Built() || det.Built() || !snk.Built() {
		t.Error("a kind with an open is not built, or one without is")
	}
	opened := func(name string, err error) {
		t.Helper()
		if err == nil || err.Error() != "opened" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := cam.OpenCamera(node.CameraEnv{Env: env}, nil)
	opened("camera without options", err)
	_, err = snk.OpenSink(t.Context(), env, []byte(`{"size": 3}`))
	opened("sink with options", err)

	_, err = det.OpenDetector(t.Context(), node.DetectorEnv{Env: env}, nil)
	if !errors.Is(err, node.ErrNotBuilt) || err.Error() != `detector kind "d" is not in this build: a GPU: see docs/gpu.md` {
		t.Errorf("a kind that is not built gives %v", err)
	}
	_, err = cam.OpenSink(t.Context(), env, nil)
	if err == nil || errors.Is(err, node.ErrNotBuilt) || err.Error() != `camera kind "c" is no sink` {
		t.Errorf("a camera opened as a sink gives %v", err)
	}
	for _, bad := range []string{`{"size": "3"}`, `{"sice": 3}`, `[`} {
		if err := cam.Check([]byte(bad)); err == nil || !strings.HasPrefix(err.Error(), "options: ") {
			t.Errorf("options %s: check gives %v", bad, err)
		}
		if _, err := cam.OpenCamera(node.CameraEnv{Env: env}, []byte(bad)); err == nil || err.Error() == "opened" {
			t.Errorf("options %s: open gives %v", bad, err)
		}
	}
}

func TestRun(t *testing.T) {
	run := node.NewRun([]node.Emit{{Name: "a", Type: signal.TypeInt}, {Name: "b", Type: signal.TypeBool}})
	run.Set("b", signal.Bool(true))
	run.Set("a", signal.Int(1))
	run.Set("b", signal.Bool(false))
	got := run.Outputs()
	if len(got) != 2 || got[0].Index != 1 || got[0].Value.AsBool() || got[1].Index != 0 || got[1].Value.AsInt() != 1 {
		t.Errorf("outputs %v, want the last b, then a", got)
	}
	run.Inputs = append(run.Inputs, node.Input{Signal: "x.y"})
	run.Reset()
	if len(run.Outputs()) != 0 || len(run.Inputs) != 0 || len(run.Frames) != 0 {
		t.Error("something is left after Reset")
	}
	for name, set := range map[string]func(){
		"another type": func() { run.Set("a", signal.Float(1)) },
		"another name": func() { run.Set("c", signal.Int(1)) },
		"no number":    func() { run.Set("a", signal.Value{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is accepted", name)
				}
			}()
			set()
		}()
	}
}

func TestNothingIsAllocatedByAWarmRun(t *testing.T) {
	run := node.NewRun([]node.Emit{{Name: "a", Type: signal.TypeInt}})
	if n := testing.AllocsPerRun(100, func() {
		run.Reset()
		run.Set("a", signal.Int(1))
	}); n != 0 {
		t.Errorf("a run allocates %g times", n)
	}
}
