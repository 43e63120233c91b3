package model

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestRebatch: shapes that layers make of what they compute are those of n pictures, whichever way they are written down; shapes of
// weights, other numbers and other layers stay.
func TestRebatch(t *testing.T) {
	text := func(num protowire.Number, s string) []byte { return bytesField(num, []byte(s)) }
	raw := func(name string, n ...int64) []byte {
		var b []byte
		for _, v := range n {
			b = binary.LittleEndian.AppendUint64(b, uint64(v))
		}
		return slices.Concat(text(initName, name), bytesField(initRaw, b))
	}
	packed := func(name string, n ...int64) []byte {
		var b []byte
		for _, v := range n {
			b = protowire.AppendVarint(b, uint64(v))
		}
		return slices.Concat(text(initName, name), bytesField(initInt64, b))
	}
	layer := func(op, out string, in ...string) []byte {
		var b []byte
		for _, s := range in {
			b = append(b, text(nodeInput, s)...)
		}
		return bytesField(graphNode, slices.Concat(b, text(nodeOutput, out), text(nodeOp, op)))
	}
	constant := func(out string, tensor []byte) []byte {
		return bytesField(graphNode, slices.Concat(text(nodeOutput, out), text(nodeOp, "Constant"), bytesField(nodeAttr, bytesField(attrTensor, tensor))))
	}
	graph := func(n int64) []byte {
		return slices.Concat(
			bytesField(graphInit, raw("a", n, 85, -1)), bytesField(graphInit, packed("b", n, 2, 58)), constant("c", raw("", n, 4)),
			bytesField(graphInit, raw("sizes", n, 3, 8, 8)),
			bytesField(graphInit, raw("weights", 1, 9)), bytesField(graphInit, raw("of weights", 1, 3, 3)), bytesField(graphInit, raw("two", 24, 2)),
			bytesField(graphInit, raw("axes", 1)),
			layer("Reshape", "x1", "x", "a"), layer("Reshape", "x2", "x1", "b"), layer("Reshape", "x3", "x2", "c"),
			layer("Resize", "x4", "x3", "", "", "sizes"),
			layer("Reshape", "w", "weights", "of weights"), layer("Reshape", "x5", "x4", "two"), layer("Unsqueeze", "x6", "x5", "axes"),
		)
	}
	got, err := rebatch(graph(1), 4)
	if err != nil || !bytes.Equal(got, graph(4)) {
		t.Errorf("the graph for four pictures is (%v)\n%x, want\n%x", err, got, graph(4))
	}
	if again, err := rebatch(graph(4), 2); err != nil || !bytes.Equal(again, graph(4)) {
		t.Errorf("a graph whose shapes are of four pictures was changed: %v", err)
	}
}

func TestBatchOfAPlan(t *testing.T) {
	p, err := NewPlan(Files{Weights: file([]Info{{"images", []int{1, 3, 64, 64}}}, []Info{{"output", []int{1, 84, 7}}})}, PlanOptions{Labels: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Batch(4)
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := ReadONNX(f.Weights)
	if err != nil || in[0].String() != "images 4x3x64x64" || out[0].String() != "output ?x?x7" {
		t.Errorf("for four pictures it has %v, %v, %v", in, out, err)
	}
	if x := p.Input(4); len(x.Data) != 4*3*64*64 || x.Name != "images" {
		t.Errorf("its input is %s of %d numbers", x.Name, len(x.Data))
	}
	if _, err := (&Plan{Files: Files{Config: []byte("x")}}).Batch(2); err == nil {
		t.Error("a Darknet network is made to take two")
	}
}

func TestSplit(t *testing.T) {
	out := []Tensor{{"a", []int{2, 1, 3}, []float32{1, 2, 3, 4, 5, 6}}, {"b", []int{2, 2}, []float32{7, 8, 9, 10}}}
	got, err := Split(out, 1, 2, nil)
	if err != nil || !slices.Equal(got[0].Data, []float32{4, 5, 6}) || !slices.Equal(got[0].Shape, []int{1, 1, 3}) || !slices.Equal(got[1].Data, []float32{9, 10}) {
		t.Errorf("the second of two is %v, %v", got, err)
	}
	if _, err := Split([]Tensor{{"a", []int{1, 6}, make([]float32, 6)}}, 0, 2, nil); err == nil || !strings.Contains(err.Error(), "one picture at a time") {
		t.Errorf("an output for one picture was split in two: %v", err)
	}
}

func TestAlike(t *testing.T) {
	a := func(v ...float32) []Tensor { return []Tensor{{"a", []int{len(v)}, v}} }
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		got, want []Tensor
		same      bool
	}{
		{a(1, 1000), a(1.0005, 1000.5), true}, {a(1), a(1.01), false}, {a(1), a(1, 1), false}, {a(inf), a(1), false}, {a(inf), a(inf), true}, {a(inf - inf), a(1), false}, {nil, a(1), false},
	} {
		if err := Alike(c.got, c.want); (err == nil) != c.same {
			t.Errorf("%v and %v: %v", c.got, c.want, err)
		}
	}
}
