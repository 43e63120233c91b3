package grpc

import (
	"errors"
	"fmt"
	"math"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/detect/remote"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// maxBoxes bounds what one answer may say is in a picture: far beyond what any model says, and what conditions can look at
// in a tick.
const maxBoxes = 4096

// declared is a signal of the pipeline and who it is to the service.
type declared struct {
	node.Emit
	wire string // empty: any name that becomes Emit.Name
}

func (d *declared) is(wire string) bool {
	if d.wire != "" {
		return wire == d.wire
	}
	return wire == d.Name || signal.NameOf(wire) == d.Name
}

// take sets what an answer says of the declared signals, all of it or, with an error, nothing. Other signals are somebody
// else's; of a signal that is there twice the first counts. age is the picture's: a value that its service allows to be used
// for less is left out.
func take(run *node.Run, signals []declared, answer *detectv1.DetectResponse, age time.Duration) error {
	type set struct {
		name  string
		value signal.Value
	}
	var found []set
	seen := map[string]bool{}
	for _, out := range answer.GetSignals() {
		for i := range signals {
			d := &signals[i]
			if seen[d.Name] || !d.is(out.GetSignalType()) {
				continue
			}
			seen[d.Name] = true
			v, err := value(out, d)
			if err != nil {
				return remote.Fail(remote.HopAnswer, remote.CauseGarbage, fmt.Errorf("signal %q: %w", d.Name, err))
			}
			if ttl := out.GetTtlNs(); ttl > 0 && ttl < uint64(max(age, 0)) {
				break
			}
			found = append(found, set{d.Name, v})
			break
		}
	}
	for _, s := range found {
		run.Set(s.name, s.value)
	}
	return nil
}

// value returns what out says, in the type that the pipeline declares. A whole number without a type stands for every type
// that has numbers; of the typed ones an int may be a float.
func value(out *detectv1.SignalOut, d *declared) (signal.Value, error) {
	switch t := out.GetTyped().(type) {
	case nil:
		return plain(out.GetValue(), d)
	case *detectv1.SignalOut_BoolValue:
		if d.Type == signal.TypeBool {
			return signal.Bool(t.BoolValue), nil
		}
	case *detectv1.SignalOut_IntValue:
		switch d.Type {
		case signal.TypeInt:
			return signal.Int(t.IntValue), bounded(float64(t.IntValue), d)
		case signal.TypeFloat:
			return signal.Float(float64(t.IntValue)), bounded(float64(t.IntValue), d)
		case signal.TypeNone, signal.TypeBool, signal.TypeLabel, signal.TypeBoxes:
		}
	case *detectv1.SignalOut_FloatValue:
		if d.Type == signal.TypeFloat {
			if math.IsNaN(t.FloatValue) || math.IsInf(t.FloatValue, 0) {
				return signal.Value{}, fmt.Errorf("%g is no number", t.FloatValue)
			}
			return signal.Float(t.FloatValue), bounded(t.FloatValue, d)
		}
	case *detectv1.SignalOut_LabelValue:
		if d.Type == signal.TypeLabel {
			return signal.Label(t.LabelValue), nil
		}
	case *detectv1.SignalOut_BoxesValue:
		if d.Type == signal.TypeBoxes {
			return boxes(t.BoxesValue.GetBoxes())
		}
	}
	return signal.Value{}, fmt.Errorf("the service gives %T, the pipeline declares %s", out.GetTyped(), d.Type)
}

// plain is a value of a service that knows whole numbers only.
func plain(n uint64, d *declared) (signal.Value, error) {
	switch d.Type {
	case signal.TypeBool:
		return signal.Bool(n != 0), nil
	case signal.TypeFloat:
		return signal.Float(float64(n)), bounded(float64(n), d)
	case signal.TypeInt:
		if n > math.MaxInt64 {
			return signal.Value{}, fmt.Errorf("%d is beyond the range of an int", n)
		}
		return signal.Int(int64(n)), bounded(float64(n), d)
	case signal.TypeNone, signal.TypeLabel, signal.TypeBoxes:
	}
	return signal.Value{}, fmt.Errorf("the service gives a whole number, the pipeline declares %s", d.Type)
}

// bounded refuses a number outside of what the pipeline declares: what was proven of its conditions would not hold.
func bounded(n float64, d *declared) error {
	if d.Max > d.Min && (n < d.Min || n > d.Max) {
		return fmt.Errorf("%g is outside of %g to %g", n, d.Min, d.Max)
	}
	return nil
}

// boxes returns boxes as signals have them: what reaches out of the picture is cut off, what is outside of it left out.
func boxes(in []*detectv1.Box) (signal.Value, error) {
	if len(in) > maxBoxes {
		return signal.Value{}, fmt.Errorf("%d boxes are more than %d", len(in), maxBoxes)
	}
	var out []signal.Box
	for _, b := range in {
		score := b.GetScore()
		for _, f := range []float64{b.GetX(), b.GetY(), b.GetW(), b.GetH(), score} {
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return signal.Value{}, errors.New("a box has a side that is no number")
			}
		}
		if score < 0 || score > 1 || b.GetW() < 0 || b.GetH() < 0 || b.GetTrack() > math.MaxInt64 {
			return signal.Value{}, fmt.Errorf("a box of %g x %g with score %g is none: sizes are 0 or above, scores 0 to 1", b.GetW(), b.GetH(), score)
		}
		x0, y0 := max(b.GetX(), 0), max(b.GetY(), 0)
		x1, y1 := min(b.GetX()+b.GetW(), 1), min(b.GetY()+b.GetH(), 1)
		if x1 <= x0 || y1 <= y0 {
			continue
		}
		out = append(out, signal.Box{
			X: float32(x0), Y: float32(y0), W: float32(x1 - x0), H: float32(y1 - y0),
			Score: float32(score), Label: b.GetLabel(), Track: int64(b.GetTrack()),
		})
	}
	return signal.Boxes(out), nil
}
