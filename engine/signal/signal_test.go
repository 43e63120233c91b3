package signal

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
	"unsafe"

	"pgregory.net/rapid"

	"rvo.dev/engine/tick"
)

func anyBox(t *rapid.T) Box {
	n := func(name string) float32 { return rapid.Float32().Draw(t, name) }
	return Box{n("x"), n("y"), n("w"), n("h"), n("score"), rapid.String().Draw(t, "label"), rapid.Int64().Draw(t, "track")}
}

// anyValue draws a value from all bits that its type has; what is no value comes out as none.
func anyValue(t *rapid.T) Value {
	switch rapid.IntRange(0, 5).Draw(t, "type") {
	case 1:
		return Bool(rapid.Bool().Draw(t, "bool"))
	case 2:
		return Int(rapid.Int64().Draw(t, "int"))
	case 3:
		return Float(math.Float64frombits(rapid.Uint64().Draw(t, "bits")))
	case 4:
		return Label(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")))
	case 5:
		return Boxes(rapid.SliceOfN(rapid.Custom(anyBox), 0, 4).Draw(t, "boxes"))
	}
	return Value{}
}

// TestJSONRoundTripIsExact: an input log holds values as JSON, and a replay must see the very same bits.
func TestJSONRoundTripIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(t)
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var w Value
		if err := json.Unmarshal(data, &w); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if !v.Equal(w) || !w.Equal(v) || v.String() != w.String() || v.Number() != w.Number() {
			t.Fatalf("%v became %v by way of %s", v, w, data)
		}
		again, err := json.Marshal(w)
		if err != nil || string(again) != string(data) {
			t.Fatalf("%s became %s: %v", data, again, err)
		}
		for i, b := range v.AsBoxes() {
			c := w.AsBoxes()[i]
			for j, f := range []float32{b.X, b.Y, b.W, b.H, b.Score} {
				if g := []float32{c.X, c.Y, c.W, c.H, c.Score}[j]; math.Float32bits(f) != math.Float32bits(g) {
					t.Fatalf("%v became %v", f, g)
				}
			}
		}
	})
}

func TestWhatIsNoValue(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, v := range map[string]Value{
		"NaN": Float(nan), "+Inf": Float(inf), "-Inf": Float(-inf),
		"box with NaN":   Boxes([]Box{{X: float32(nan)}}),
		"box with Inf":   Boxes([]Box{{}, {W: float32(inf)}}),
		"score of -Inf":  Boxes([]Box{{Score: float32(-inf)}}),
		"the zero Value": {},
	} {
		if v.Type() != TypeNone || v.Plain() != nil || v.String() != "none" || v.AsBoxes() != nil {
			t.Errorf("%s is %s %v", name, v.Type(), v)
		}
	}
	if v := Label("a\xffb"); !utf8.ValidString(v.AsLabel()) || v.AsLabel() != "a\ufffdb" {
		t.Errorf("label %q", v.AsLabel())
	}
	if v := Boxes([]Box{{Label: "\xff"}}); v.AsBoxes()[0].Label != "\ufffd" {
		t.Errorf("label of a box %q", v.AsBoxes()[0].Label)
	}
}

// TestOrder: the whole numbers of two floats stand in the order of the floats.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float64().Draw(t, "a"), rapid.Float64().Draw(t, "b")
		if m, n := Ordered(a), Ordered(b); (m < n) != (a < b) && (a != 0 || b != 0) || unordered(m) != a {
			t.Fatalf("%g is %d, %g is %d", a, m, b, n)
		}
	})
	zero, minus := Ordered(0), Ordered(math.Copysign(0, -1))
	if zero != minus+1 || Ordered(math.Inf(1)) != int64(math.Float64bits(math.Inf(1))) || Ordered(-math.SmallestNonzeroFloat64) != minus-1 {
		t.Errorf("-0 is %d and 0 is %d: must be neighbours, with the smallest numbers beside them", minus, zero)
	}
	v, w := Float(-1.5), Boxes(make([]Box, 3))
	if v.Order() != Ordered(-1.5) || w.Order() != 3 {
		t.Errorf("%d and %d", v.Order(), w.Order())
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for _, s := range []string{`{"int":1,"bool":true}`, `{"int":1.5}`, `{"int":9223372036854775808}`, `{"float":1e999}`, `{"bool":1}`, `[]`, `{"boxes":3}`, ``} {
		v := Int(7)
		if err := v.UnmarshalJSON([]byte(s)); err == nil {
			t.Errorf("%s is read as %v", s, v)
		}
		if s == `{"int":1,"bool":true}` && v.Type() != TypeNone {
			t.Errorf("after an error the value is %v", v)
		}
	}
}

// TestAccessors is a table of what each type answers; what it is not, it is as nothing.
func TestAccessors(t *testing.T) {
	box := []Box{{X: 0.5}, {Y: 0.5}}
	tests := []struct {
		v      Value
		typ    Type
		b      bool
		n      int64
		label  string
		boxes  int
		number float64
		text   string
		plain  string
	}{
		{v: Value{}, typ: TypeNone, text: "none", plain: "null"},
		{v: Bool(true), typ: TypeBool, b: true, number: 1, text: "true", plain: "true"},
		{v: Bool(false), typ: TypeBool, text: "false", plain: "false"},
		{v: Int(-3), typ: TypeInt, n: -3, number: -3, text: "-3", plain: "-3"},
		{v: Int(1), typ: TypeInt, n: 1, number: 1, text: "1", plain: "1"},
		{v: Int(math.MaxInt64), typ: TypeInt, n: math.MaxInt64, number: math.MaxInt64, text: "9223372036854775807", plain: "9223372036854775807"},
		{v: Float(0.25), typ: TypeFloat, number: 0.25, text: "0.25", plain: "0.25"},
		{v: Label("car"), typ: TypeLabel, label: "car", text: `"car"`, plain: `"car"`},
		{v: Boxes(box), typ: TypeBoxes, boxes: 2, number: 2, text: "2 boxes", plain: `[{"x":0.5,"y":0,"w":0,"h":0,"score":0},{"x":0,"y":0.5,"w":0,"h":0,"score":0}]`},
		{v: Boxes(nil), typ: TypeBoxes, text: "0 boxes", plain: "[]"},
	}
	for _, tt := range tests {
		v := tt.v
		if v.Type() != tt.typ || v.AsBool() != tt.b || v.AsInt() != tt.n || v.AsLabel() != tt.label || len(v.AsBoxes()) != tt.boxes || v.Number() != tt.number || v.String() != tt.text {
			t.Errorf("%v: %s %v %d %q %d %v", v, v.Type(), v.AsBool(), v.AsInt(), v.AsLabel(), len(v.AsBoxes()), v.Number())
		}
		plain, err := json.Marshal(v.Plain())
		if err != nil || string(plain) != tt.plain {
			t.Errorf("%v: plain %s, %v, want %s", v, plain, err, tt.plain)
		}
		for _, uu := range tests {
			if same := v.Equal(uu.v); same != (tt.typ == uu.typ && tt.text == uu.text) {
				t.Errorf("%v (%s) equals %v (%s): %v", v, v.Type(), uu.v, uu.v.Type(), same)
			}
		}
	}
}

func TestParseType(t *testing.T) {
	for typ := TypeBool; typ <= TypeBoxes; typ++ {
		if got, err := ParseType(typ.String()); got != typ || err != nil {
			t.Errorf("%s: %v, %v", typ, got, err)
		}
	}
	for _, s := range []string{"", "none", "Bool", "string"} {
		if _, err := ParseType(s); err == nil || !strings.Contains(err.Error(), "one of bool") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// TestCellNeverGoesBack: whatever the order of results, a cell holds the value with the latest capture, and of those the
// one that came last.
func TestCellNeverGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Cell
		c.TTL = time.Duration(rapid.IntRange(0, 50).Draw(t, "ttl"))
		if c.Seen() || c.Fresh(0) {
			t.Fatal("an empty cell is fresh")
		}
		best, last := tick.Time(-1), int64(-1)
		now := tick.Time(0)
		for i := range rapid.IntRange(1, 50).Draw(t, "n") {
			now += tick.Time(rapid.IntRange(0, 20).Draw(t, "step"))
			capture := max(now-tick.Time(rapid.IntRange(0, 60).Draw(t, "late")), 0)
			took := c.Set(Int(int64(i)), capture, now, uint64(i))
			if took != (capture >= best) {
				t.Fatalf("capture %d after %d: taken %v", capture, best, took)
			}
			if took {
				best, last = capture, int64(i)
				if c.At != now || c.Frame != uint64(i) {
					t.Fatalf("cell %+v", c)
				}
			}
			if c.Capture != best || c.Value.AsInt() != last {
				t.Fatalf("cell has %v of %d, want %d of %d", c.Value, c.Capture, last, best)
			}
			if took && c.Void() {
				t.Fatalf("at %d a new value is invalid", now)
			}
			if got, want := c.Fresh(now), !c.Void() && now.Sub(best) <= c.TTL; got != want {
				t.Fatalf("at %d, captured %d, ttl %d: fresh %v", now, best, c.TTL, got)
			}
			if !c.Void() && (!c.Fresh(c.Expiry()) || c.Fresh(c.Expiry()+1)) {
				t.Fatalf("expiry %d is not the last fresh instant", c.Expiry())
			}
			switch rapid.IntRange(0, 5).Draw(t, "then") {
			case 0:
				c.Invalidate()
				c.Retune(c.TTL + 1)
				if !c.Void() || c.Fresh(now) || c.Fresh(0) || !c.Seen() {
					t.Fatalf("at %d an invalid value is fresh: %+v", now, c)
				}
			case 1:
				c.Retune(time.Duration(rapid.IntRange(0, 50).Draw(t, "new ttl")))
				if got, want := c.Fresh(now), !c.Void() && now.Sub(best) <= c.TTL; got != want || c.Stale() > 0 && c.Stale() != c.Expiry()+1 {
					t.Fatalf("at %d, captured %d, new ttl %d: fresh %v until %d", now, best, c.TTL, got, c.Stale())
				}
			}
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	for _, s := range []string{`{"int":3}`, `{"float":-0}`, `{"boxes":[{"x":1e38}]}`, `{"label":"\ud800"}`, `{"bool":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v, w Value
		if json.Unmarshal(data, &v) != nil {
			return
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("read but not written: %v", err)
		}
		if err := json.Unmarshal(again, &w); err != nil || !v.Equal(w) {
			t.Errorf("%s: %v became %v: %v", data, v, w, err)
		}
	})
}

// TestNothingIsNotFresh: what is no value cannot be invalid or fresh either.
func TestNothingIsNotFresh(t *testing.T) {
	c := Cell{TTL: time.Second}
	c.Invalidate()
	c.Retune(time.Hour)
	c.Set(Value{}, 5, 5, 1)
	if c.Seen() || c.Void() || c.Fresh(5) {
		t.Errorf("%+v", c)
	}
}

// TestSizes is a budget: a thousand cameras have some ten thousand cells, and every result and input carries values. A
// value was 56 bytes and a cell 104 when labels and boxes were in them.
func TestSizes(t *testing.T) {
	if v, c := unsafe.Sizeof(Value{}), unsafe.Sizeof(Cell{}); v > 24 || c > 72 {
		t.Errorf("a value takes %d bytes, must be at most 24; a cell %d, at most 72", v, c)
	}
}

func TestSetAllocatesNothing(t *testing.T) {
	var c Cell
	n := tick.Time(0)
	if got := testing.AllocsPerRun(100, func() { n++; c.Set(Boxes(nil), n, n, 0); c.Fresh(n) }); got != 0 {
		t.Errorf("no boxes: %v allocations", got)
	}
	if got := testing.AllocsPerRun(100, func() { n++; c.Set(Int(int64(n)), n, n, uint64(n)); c.Fresh(n) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
}
