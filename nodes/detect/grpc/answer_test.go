package grpc

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

func box(x, y, w, h, score float64) *detectv1.Box {
	return &detectv1.Box{X: x, Y: y, W: w, H: h, Score: score, Label: "cat", Track: 3}
}

// TestValues holds every way to say something to every type that may be declared.
func TestValues(t *testing.T) {
	boxed := func(b ...*detectv1.Box) *detectv1.SignalOut {
		return &detectv1.SignalOut{Typed: &detectv1.SignalOut_BoxesValue{BoxesValue: &detectv1.Boxes{Boxes: b}}}
	}
	const (
		no   = "declares"
		none = ""
	)
	for _, c := range []struct {
		name                         string
		out                          *detectv1.SignalOut
		bool, int, float, lbl, boxes string // the value as text, or part of the error
	}{
		{"untyped 0", &detectv1.SignalOut{}, "false", "0", "0", no, no},
		{"untyped 200", &detectv1.SignalOut{Value: 200}, "true", "200", "200", no, no},
		{"untyped, too large", &detectv1.SignalOut{Value: math.MaxUint64}, "true", "beyond the range", "1.84467e+19", no, no},
		{"bool", &detectv1.SignalOut{Typed: &detectv1.SignalOut_BoolValue{BoolValue: true}}, "true", no, no, no, no},
		{"int", &detectv1.SignalOut{Value: 9, Typed: &detectv1.SignalOut_IntValue{IntValue: -3}}, no, "-3", "-3", no, no},
		{"float", &detectv1.SignalOut{Typed: &detectv1.SignalOut_FloatValue{FloatValue: 0.5}}, no, no, "0.5", no, no},
		{"no number", &detectv1.SignalOut{Typed: &detectv1.SignalOut_FloatValue{FloatValue: math.NaN()}}, no, no, "NaN is no number", no, no},
		{"label", &detectv1.SignalOut{Typed: &detectv1.SignalOut_LabelValue{LabelValue: "red"}}, no, no, no, "red", no},
		{"boxes", boxed(box(0.1, 0.2, 0.3, 0.4, 0.9)), no, no, no, no, "1 boxes"},
		{"box that reaches out", boxed(box(-0.1, 0.9, 0.3, 0.4, 1)), no, no, no, no, "1 boxes"},
		{"box outside", boxed(box(1.1, 0, 0.3, 0.4, 1)), no, no, no, no, "0 boxes"},
		{"box with a score of 2", boxed(box(0, 0, 0.3, 0.4, 2)), no, no, no, no, "with score 2"},
		{"box of infinite size", boxed(box(0, 0, math.Inf(1), 0.4, 1)), no, no, no, no, "no number"},
		{"box without end", boxed(box(0, 0, -0.3, 0.4, 1)), no, no, no, no, "is none"},
		{"more boxes than there can be", boxed(slices.Repeat([]*detectv1.Box{box(0, 0, 1, 1, 1)}, maxBoxes+1)...), no, no, no, no, "more than 4096"},
		{"no boxes", boxed(), no, no, no, no, "0 boxes"},
	} {
		for typ, want := range map[signal.Type]string{
			signal.TypeBool: c.bool, signal.TypeInt: c.int, signal.TypeFloat: c.float, signal.TypeLabel: c.lbl, signal.TypeBoxes: c.boxes,
		} {
			v, err := value(c.out, &declared{Emit: node.Emit{Name: "a", Type: typ}})
			got := text(v)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, want) || err == nil && (got != want || v.Type() != typ) || want == none {
				t.Errorf("%s as %s is %q, want %q", c.name, typ, got, want)
			}
		}
	}
	cut, err := value(boxed(box(-0.25, 0.75, 0.5, 0.5, 0.5)), &declared{Emit: node.Emit{Type: signal.TypeBoxes}})
	want := signal.Box{X: 0, Y: 0.75, W: 0.25, H: 0.25, Score: 0.5, Label: "cat", Track: 3}
	if err != nil || !slices.Equal(cut.AsBoxes(), []signal.Box{want}) {
		t.Errorf("a box that reaches out is cut to %+v (%v), want %+v", cut.AsBoxes(), err, want)
	}
	if _, err := value(&detectv1.SignalOut{Value: 200}, &declared{Emit: node.Emit{Type: signal.TypeInt, Max: 100}}); err == nil {
		t.Error("200 passes for 0 to 100")
	}
}

func text(v signal.Value) string {
	if v.Type() == signal.TypeBoxes {
		return strconv.Itoa(len(v.AsBoxes())) + " boxes"
	}
	return strings.Trim(v.String(), `"`)
}

// TestTake: the declared signals by their names, the first of two, and nothing of an answer with a fault.
func TestTake(t *testing.T) {
	signals := []declared{
		{node.Emit{Name: "face_score", Type: signal.TypeFloat}, ""},
		{node.Emit{Name: "person", Type: signal.TypeBool}, "PersonDetected"},
	}
	emits := []node.Emit{signals[0].Emit, signals[1].Emit}
	answer := func(out ...*detectv1.SignalOut) *detectv1.DetectResponse {
		return &detectv1.DetectResponse{Signals: out}
	}
	for _, c := range []struct {
		name   string
		answer *detectv1.DetectResponse
		want   string
	}{
		{"nothing", answer(), ""},
		{"no answer at all", nil, ""},
		{"by rule and by wire name", answer(&detectv1.SignalOut{SignalType: "PersonDetected", Value: 1}, &detectv1.SignalOut{SignalType: "FaceScore", Value: 7}), "person=true face_score=7"},
		{"a wire name is no rule", answer(&detectv1.SignalOut{SignalType: "Person", Value: 1}), ""},
		{"others", answer(&detectv1.SignalOut{SignalType: "Motion", Value: 1}), ""},
		{"twice", answer(&detectv1.SignalOut{SignalType: "face_score", Value: 1}, &detectv1.SignalOut{SignalType: "FaceScore", Value: 2}), "face_score=1"},
		{"half of it wrong", answer(&detectv1.SignalOut{SignalType: "PersonDetected", Value: 1}, &detectv1.SignalOut{SignalType: "FaceScore", Typed: &detectv1.SignalOut_LabelValue{}}), `answer: garbage: signal "face_score"`},
		{"too old", answer(&detectv1.SignalOut{SignalType: "FaceScore", Value: 2, TtlNs: 1}), ""},
		{"old and still good", answer(&detectv1.SignalOut{SignalType: "FaceScore", Value: 2, TtlNs: uint64(2 * time.Second)}), "face_score=2"},
	} {
		run := node.NewRun(emits)
		err := take(run, signals, c.answer, time.Second)
		var said []string
		for _, o := range run.Outputs() {
			said = append(said, emits[o.Index].Name+"="+text(o.Value))
		}
		got := strings.Join(said, " ")
		if err != nil && got == "" {
			got = err.Error()
		}
		if got != c.want && (err == nil || !strings.HasPrefix(got, c.want)) {
			t.Errorf("%s gives %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzTake: whatever a service sends, what is taken of it is what the pipeline declares.
func FuzzTake(f *testing.F) {
	for _, a := range []*detectv1.DetectResponse{
		person(),
		{FrameId: 3, Signals: []*detectv1.SignalOut{{SignalType: "b", Typed: &detectv1.SignalOut_BoxesValue{BoxesValue: &detectv1.Boxes{Boxes: []*detectv1.Box{box(0, 0, 1, 1, 1)}}}}}},
	} {
		b, err := proto.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	var signals []declared
	var emits []node.Emit
	for name, typ := range map[string]signal.Type{"person_detected": signal.TypeInt, "b": signal.TypeBoxes, "f": signal.TypeFloat, "l": signal.TypeLabel} {
		e := node.Emit{Name: name, Type: typ}
		signals, emits = append(signals, declared{e, ""}), append(emits, e)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a detectv1.DetectResponse
		if proto.Unmarshal(data, &a) != nil {
			return
		}
		run := node.NewRun(emits)
		err := take(run, signals, &a, time.Second)
		if err != nil && len(run.Outputs()) > 0 {
			t.Errorf("%v, and yet %d values", err, len(run.Outputs()))
		}
		for _, o := range run.Outputs() {
			for _, b := range o.Value.AsBoxes() {
				if !b.Finite() || b.X < 0 || b.Y < 0 || b.W < 0 || b.H < 0 || b.X+b.W > 1.00001 || b.Y+b.H > 1.00001 {
					t.Errorf("the box %+v is not in the picture", b)
				}
			}
			if n := o.Value.Number(); math.IsNaN(n) || math.IsInf(n, 0) {
				t.Errorf("the value %v is no number", o.Value)
			}
		}
	})
}
