package isolate

import (
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

func drawValue(t *rapid.T) signal.Value {
	return rapid.OneOf(
		rapid.Just(signal.Value{}),
		rapid.Map(rapid.Bool(), signal.Bool),
		rapid.Map(rapid.Int64(), signal.Int),
		rapid.Map(rapid.Float64(), signal.Float),
		rapid.Map(rapid.String(), signal.Label),
		rapid.Map(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) signal.Box {
			side := rapid.Float32()
			return signal.Box{
				X: side.Draw(t, "x"), Y: side.Draw(t, "y"), W: side.Draw(t, "w"), H: side.Draw(t, "h"), Score: side.Draw(t, "score"),
				Label: rapid.String().Draw(t, "label"), Track: rapid.Int64().Draw(t, "track"),
			}
		}), 0, 3), signal.Boxes),
		rapid.Just(signal.Boxes(nil)),
	).Draw(t, "value")
}

// TestMessagesSurvive: what is written is read, to the last bit.
func TestMessagesSurvive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := request{
			n: rapid.Uint64().Draw(t, "n"), now: tick.Time(rapid.Int64().Draw(t, "now")), clock: tick.Time(rapid.Int64().Draw(t, "clock")),
			limit: rapid.Int64().Draw(t, "limit"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "inputs") {
			q.inputs = append(q.inputs, input{rapid.String().Draw(t, "signal"), drawValue(t), tick.Time(rapid.Int64().Draw(t, "at"))})
		}
		for range rapid.IntRange(1, 3).Draw(t, "files") {
			q.files = append(q.files, fileRef{rapid.Uint64().Draw(t, "id"), rapid.Int64().Draw(t, "size"), rapid.Bool().Draw(t, "fresh")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "pictures") {
			q.pictures = append(q.pictures, picture{
				file: rapid.Uint32Range(0, uint32(len(q.files)-1)).Draw(t, "file"), offset: rapid.Int64().Draw(t, "offset"),
				format: frame.Format(rapid.Byte().Draw(t, "format")), width: rapid.Uint32Range(0, frame.MaxSide).Draw(t, "w"),
				height: rapid.Uint32Range(0, frame.MaxSide).Draw(t, "h"), seq: rapid.Uint64().Draw(t, "seq"),
				capture: tick.Time(rapid.Int64().Draw(t, "capture")), pts: rapid.Int64().Draw(t, "pts"),
			})
		}
		var w writer
		var got request
		if err := got.decode(q.encode(&w)[headerSize:]); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(emptied(q), emptied(got)) {
			t.Fatalf("wrote %+v\nread %+v", q, got)
		}
		p := reply{n: q.n, outcome: rapid.Uint8Range(0, ranPanic).Draw(t, "outcome"), text: rapid.String().Draw(t, "text")}
		for range rapid.IntRange(0, 3).Draw(t, "outputs") {
			p.outputs = append(p.outputs, output{rapid.Uint32().Draw(t, "index"), drawValue(t)})
		}
		var back reply
		if err := back.decode(p.encode(&w)[headerSize:]); err != nil {
			t.Fatal(err)
		}
		if back.outputs == nil {
			back.outputs = []output{}
		}
		if p.outputs == nil {
			p.outputs = []output{}
		}
		if !reflect.DeepEqual(p, back) {
			t.Fatalf("wrote %+v\nread %+v", p, back)
		}
	})
}

// emptied makes no list and an empty one the same.
func emptied(q request) request {
	q.inputs, q.pictures = append([]input{}, q.inputs...), append([]picture{}, q.pictures...)
	return q
}

// FuzzDecode: no payload makes either side panic, or take more memory than a small multiple of its length.
func FuzzDecode(f *testing.F) {
	var w writer
	q := request{n: 1, files: []fileRef{{1, 4096, true}}, pictures: []picture{{width: 4, height: 4}}, inputs: []input{{"a.b", signal.Int(3), 5}}}
	f.Add(append([]byte(nil), q.encode(&w)[headerSize:]...))
	p := reply{n: 1, outputs: []output{
		{0, signal.Boxes([]signal.Box{{X: 1, Label: "x"}})}, {1, signal.Float(1)}, {2, signal.Label("l")}, {3, signal.Bool(true)},
	}}
	f.Add(append([]byte(nil), p.encode(&w)[headerSize:]...))
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, payload []byte) {
		var q request
		if err := q.decode(payload); err == nil {
			var w writer
			if again := q.encode(&w)[headerSize:]; len(again) != len(payload) && len(q.inputs) == 0 {
				t.Fatalf("%d bytes were read, %d written", len(payload), len(again))
			}
		}
		if n := cap(q.pictures) + cap(q.files) + cap(q.inputs); n > 16+2*len(payload) {
			t.Fatalf("%d items of %d bytes", n, len(payload))
		}
		var p reply
		if err := p.decode(payload); err == nil && p.outcome > ranPanic {
			t.Fatalf("outcome %d", p.outcome)
		}
		for _, o := range p.outputs {
			for _, b := range o.value.AsBoxes() {
				if !b.Finite() {
					t.Fatal("a box without end")
				}
			}
			if n := o.value.Number(); math.IsNaN(n) {
				t.Fatal("a number that is none")
			}
		}
	})
}

// TestBackoff: the wait doubles to its bound, has its jitter, and begins anew after a long life.
func TestBackoff(t *testing.T) {
	b := newBackoff(7)
	want := waitFirst
	for n := range 20 {
		got := b.ended(time.Second)
		if got < want || got > want+want/4 {
			t.Fatalf("wait %d is %v, want %v and up to a quarter more", n, got, want)
		}
		want = min(2*want, waitMost)
	}
	if got := b.ended(steadyAfter); got > waitFirst+waitFirst/4 {
		t.Errorf("after a long life the wait is %v", got)
	}
	if a, c := newBackoff(1), newBackoff(2); a.ended(0) == c.ended(0) {
		t.Error("two detectors wait equally long")
	}
}

// TestEnvironment: only what is listed goes through.
func TestEnvironment(t *testing.T) {
	got := environment([]string{"PATH=/bin", "SECRET=x", "LC_ALL=C", "PATHS=y", "OPENCV_LOG_LEVEL=ERROR", "GOOGLE_TOKEN=z", "GOMAXPROCS=2"})
	if want := []string{"PATH=/bin", "LC_ALL=C", "OPENCV_LOG_LEVEL=ERROR", "GOMAXPROCS=2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
