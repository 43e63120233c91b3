// Package signal holds what detectors say: typed values with a capture time and a time to live.
//
//	v := signal.Int(3)
//	ok := v.Type() == signal.TypeInt
//
// A value is immutable once published: whoever gets one may keep it and must not change its boxes. The package reads no
// clock and starts no goroutine.
package signal

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Type is the type of a signal's values. It never changes while a pipeline runs.
type Type uint8

const (
	// TypeNone is the type of the zero Value: no value.
	TypeNone Type = iota
	// TypeBool is yes or no.
	TypeBool
	// TypeInt is a signed 64-bit whole number.
	TypeInt
	// TypeFloat is a finite 64-bit floating point number.
	TypeFloat
	// TypeLabel is one word out of a set.
	TypeLabel
	// TypeBoxes is a list of boxes in fractions of the picture.
	TypeBoxes
)

// String returns the type's name in the pipeline language.
func (t Type) String() string {
	switch t {
	case TypeNone:
		return "none"
	case TypeBool:
		return "bool"
	case TypeInt:
		return "int"
	case TypeFloat:
		return "float"
	case TypeLabel:
		return "label"
	case TypeBoxes:
		return "boxes"
	}
	panic(fmt.Sprintf("signal: no type %d", t))
}

// ParseType returns the type with the given name in the pipeline language.
func ParseType(s string) (Type, error) {
	for t := TypeBool; t <= TypeBoxes; t++ {
		if t.String() == s {
			return t, nil
		}
	}
	return TypeNone, fmt.Errorf("type %q: must be one of bool, int, float, label, boxes", s)
}

// Box is one detection. X and Y are the top left corner, W and H the size, all in fractions of the picture (0 to 1, y
// down). Score is 0 to 1.
type Box struct {
	X     float32 `json:"x"`
	Y     float32 `json:"y"`
	W     float32 `json:"w"`
	H     float32 `json:"h"`
	Score float32 `json:"score"`
	Label string  `json:"label,omitempty"`
	Track int64   `json:"track,omitempty"`
}

// Value is one value of a signal. The zero Value is none. It is three words, because cells, results and inputs are copied
// for every picture; what labels and boxes have on top is behind a pointer.
type Value struct {
	typ  Type
	n    int64 // bool: 0 or 1; int: itself; float: ordered; boxes: their number
	more *more
}

// more is what a label or boxes are beside their bits. It is never changed.
type more struct {
	label string
	boxes []Box
}

// Bool returns a bool value.
func Bool(b bool) Value {
	v := Value{typ: TypeBool}
	if b {
		v.n = 1
	}
	return v
}

// Int returns an int value.
func Int(n int64) Value { return Value{typ: TypeInt, n: n} }

// Float returns a float value. NaN and the infinities are no values: they give the zero Value, which a detector's
// result with it in it is refused for.
func Float(f float64) Value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Value{}
	}
	return Value{typ: TypeFloat, n: Ordered(f)}
}

// Ordered returns the whole number that stands for a float in comparisons: of two floats the smaller one has the smaller
// number, and each has its own. Of the zeros the negative one is smaller.
func Ordered(f float64) int64 {
	n := int64(math.Float64bits(f))
	return n ^ n>>63&math.MaxInt64
}

// unordered returns the float that a number stands for.
func unordered(n int64) float64 { return math.Float64frombits(uint64(n ^ n>>63&math.MaxInt64)) }

// Label returns a label value. Bytes that are no UTF-8 become U+FFFD: a log could not hold them, and a replay would see
// another word.
func Label(s string) Value { return Value{typ: TypeLabel, more: &more{label: valid(s)}} }

func valid(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// Boxes returns a boxes value that owns b. Like Float it gives the zero Value where a number is NaN or infinite: no zone
// contains such a box and no log can hold it. Labels are cleaned as by Label.
func Boxes(b []Box) Value {
	for i := range b {
		if !b[i].Finite() {
			return Value{}
		}
		if !utf8.ValidString(b[i].Label) {
			b[i].Label = valid(b[i].Label)
		}
	}
	if len(b) == 0 {
		return Value{typ: TypeBoxes} // most pictures: nothing to allocate for
	}
	return Value{typ: TypeBoxes, n: int64(len(b)), more: &more{boxes: b}}
}

// Finite reports whether all numbers of the box are.
func (b *Box) Finite() bool {
	for _, v := range [...]float32{b.X, b.Y, b.W, b.H, b.Score} {
		if v-v != 0 { // NaN for NaN and for both infinities
			return false
		}
	}
	return true
}

// Type returns the value's type, TypeNone for the zero Value.
func (v Value) Type() Type { return v.typ }

// AsBool returns a bool value's answer; false for other types.
func (v Value) AsBool() bool { return v.typ == TypeBool && v.n == 1 }

// AsInt returns an int value's number; 0 for other types.
func (v Value) AsInt() int64 {
	if v.typ != TypeInt {
		return 0
	}
	return v.n
}

// AsLabel returns a label value's word; empty for other types.
func (v Value) AsLabel() string {
	if v.more == nil {
		return ""
	}
	return v.more.label
}

// AsBoxes returns a boxes value's boxes; nil where it has none and for other types. They must not be changed.
func (v Value) AsBoxes() []Box {
	if v.more == nil {
		return nil
	}
	return v.more.boxes
}

// Order returns the whole number that stands for the value in comparisons with others of its type: 0 or 1 for a bool, an
// int itself, Ordered of a float, the number of boxes; 0 for other types. It is for conditions, which know the type.
func (v *Value) Order() int64 { return v.n }

// Number returns the value as conditions compare it: a bool as 0 or 1, an int and a float as themselves, boxes as their
// count, a label as 0.
func (v Value) Number() float64 {
	switch v.typ {
	case TypeBool, TypeInt, TypeBoxes:
		return float64(v.n)
	case TypeFloat:
		return unordered(v.n)
	case TypeNone, TypeLabel:
	}
	return 0
}

// Equal reports whether both are the same value of the same type.
func (v Value) Equal(w Value) bool {
	return v.typ == w.typ && v.n == w.n &&
		(v.more == w.more || v.AsLabel() == w.AsLabel() && slices.Equal(v.AsBoxes(), w.AsBoxes()))
}

// String prints the value for people: boxes as their count.
func (v Value) String() string {
	switch v.typ {
	case TypeNone:
		return "none"
	case TypeBool:
		return strconv.FormatBool(v.n == 1)
	case TypeInt:
		return strconv.FormatInt(v.n, 10)
	case TypeFloat:
		return strconv.FormatFloat(unordered(v.n), 'g', 6, 64)
	case TypeLabel:
		return strconv.Quote(v.AsLabel())
	case TypeBoxes:
		return fmt.Sprintf("%d boxes", v.n)
	}
	panic(fmt.Sprintf("signal: no type %d", v.typ))
}

// wire is the serial form of a Value: exactly one field is set. Its float form is the shortest decimal that gives the
// same bits back, so a round trip through an input log changes nothing.
type wire struct {
	Bool  *bool    `json:"bool,omitempty"`
	Int   *int64   `json:"int,omitempty"`
	Float *float64 `json:"float,omitempty"`
	Label *string  `json:"label,omitempty"`
	Boxes *[]Box   `json:"boxes,omitempty"`
}

// MarshalJSON writes the value with its type, for input logs: {"int":3}.
func (v Value) MarshalJSON() ([]byte, error) {
	var w wire
	switch v.typ {
	case TypeNone:
	case TypeBool:
		b := v.n == 1
		w.Bool = &b
	case TypeInt:
		n := v.n
		w.Int = &n
	case TypeFloat:
		f := unordered(v.n)
		w.Float = &f
	case TypeLabel:
		w.Label = &v.more.label
	case TypeBoxes:
		b := v.AsBoxes()
		if b == nil {
			b = []Box{}
		}
		w.Boxes = &b
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (v *Value) UnmarshalJSON(data []byte) error {
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	n := 0
	set := func(x Value) { *v = x; n++ }
	*v = Value{}
	if w.Bool != nil {
		set(Bool(*w.Bool))
	}
	if w.Int != nil {
		set(Int(*w.Int))
	}
	if w.Float != nil {
		set(Float(*w.Float))
	}
	if w.Label != nil {
		set(Label(*w.Label))
	}
	if w.Boxes != nil {
		set(Boxes(*w.Boxes))
	}
	if n > 1 {
		*v = Value{}
		return fmt.Errorf("signal value %s: has %d types, must have one", data, n)
	}
	return nil
}

// Plain returns the value as plain JSON data: a bool, a number, a string or a list of boxes; nil for none.
func (v Value) Plain() any {
	switch v.typ {
	case TypeNone:
		return nil
	case TypeBool:
		return v.n == 1
	case TypeInt:
		return v.n
	case TypeFloat:
		return unordered(v.n)
	case TypeLabel:
		return v.AsLabel()
	case TypeBoxes:
		if v.AsBoxes() == nil {
			return []Box{} // an empty list and not null, which says that there is no value
		}
		return v.AsBoxes()
	}
	panic(fmt.Sprintf("signal: no type %d", v.typ))
}
