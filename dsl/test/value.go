package test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"rvo.dev/engine/signal"
	"rvo.dev/schema"
)

// maxBoxes is how many boxes a step may give by their number alone: more than any picture has.
const maxBoxes = 10_000

// value returns the value that a step sets a signal to, or what is wrong with it.
func (c *compiler) value(name string, t signal.Type, raw json.RawMessage) (signal.Value, string) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return signal.Value{}, "has no value"
	}
	switch x := v.(type) {
	case bool:
		if t == signal.TypeBool {
			return signal.Bool(x), ""
		}
	case string:
		if t != signal.TypeLabel {
			break
		}
		if words := c.words(name); len(words) > 0 && !slices.Contains(words, x) {
			return signal.Value{}, fmt.Sprintf("is never %q: it is one of %s", x, strings.Join(words, ", "))
		}
		return signal.Label(x), ""
	case float64:
		return number(t, x, raw)
	}
	return signal.Value{}, fmt.Sprintf("is %s and cannot be %s", kindOf(t), raw)
}

// number returns a number as a value of a type.
func number(t signal.Type, x float64, raw json.RawMessage) (signal.Value, string) {
	whole := x == math.Trunc(x)
	switch t {
	case signal.TypeFloat:
		return signal.Float(x), ""
	case signal.TypeInt:
		if whole && math.Abs(x) < 1<<63 {
			return signal.Int(int64(x)), ""
		}
	case signal.TypeBoxes:
		if whole && x >= 0 && x <= maxBoxes {
			b := make([]signal.Box, int(x))
			for i := range b {
				b[i] = signal.Box{W: 1, H: 1, Score: 1}
			}
			return signal.Boxes(b), ""
		}
		return signal.Value{}, fmt.Sprintf("has boxes, whose number is a whole one from 0 to %d and not %s", maxBoxes, raw)
	case signal.TypeNone, signal.TypeBool, signal.TypeLabel:
	}
	return signal.Value{}, fmt.Sprintf("is %s and cannot be %s", kindOf(t), raw)
}

// boxes returns the boxes of a step as a value.
func boxes(t signal.Type, in []schema.Box) (signal.Value, string) {
	if t != signal.TypeBoxes {
		return signal.Value{}, fmt.Sprintf("is %s and has no boxes: use set", kindOf(t))
	}
	out := make([]signal.Box, len(in))
	for i, b := range in {
		out[i] = signal.Box{
			X: float32(or(b.X, 0)), Y: float32(or(b.Y, 0)), W: float32(or(b.W, 0)), H: float32(or(b.H, 0)),
			Score: float32(or(b.Score, 1)), Label: or(b.Label, ""),
		}
	}
	return signal.Boxes(out), ""
}

// words returns what a label signal can say, where that is known.
func (c *compiler) words(name string) []string {
	id, sig, _ := strings.Cut(name, ".")
	for i := range c.g.Detectors {
		if c.g.Detectors[i].ID != id {
			continue
		}
		for _, e := range c.g.Detectors[i].Emits {
			if e.Name == sig {
				return e.Labels
			}
		}
	}
	return nil
}

// kindOf names a type for people.
func kindOf(t signal.Type) string {
	switch t {
	case signal.TypeBool:
		return "true or false"
	case signal.TypeInt:
		return "a whole number"
	case signal.TypeFloat:
		return "a number"
	case signal.TypeLabel:
		return "a word"
	case signal.TypeBoxes:
		return "a list of boxes"
	case signal.TypeNone:
	}
	return "nothing"
}
