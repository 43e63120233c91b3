package model

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// file builds the bytes of an ONNX file without layers: what ReadONNX looks at.
func file(in, out []Info, more ...[]byte) []byte {
	value := func(i Info) []byte {
		v := bytesField(valueName, []byte(i.Name))
		elem := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
		v = append(v, bytesField(valueType, bytesField(typeTensor, elem))...)
		shape := i.Shape
		if shape == nil {
			return v
		}
		v, err := withShape(v, shape)
		if err != nil {
			panic(err)
		}
		return v
	}
	var graph []byte
	for _, i := range in {
		graph = append(graph, bytesField(graphInput, value(i))...)
	}
	for _, o := range out {
		graph = append(graph, bytesField(graphOutput, value(o))...)
		graph = append(graph, bytesField(graphValue, value(o))...)
	}
	for _, m := range more {
		graph = append(graph, m...)
	}
	head := protowire.AppendVarint(protowire.AppendTag(nil, modelIR, protowire.VarintType), 8)
	return append(head, bytesField(modelGraph, graph)...)
}

func TestReadONNX(t *testing.T) {
	weight := bytesField(graphInit, bytesField(initName, []byte("w")))
	b := file([]Info{{"images", []int{1, 3, 416, 320}}, {"w", []int{4}}}, []Info{{"output", []int{1, 100, 85}}}, weight)
	in, out, err := ReadONNX(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := list(in) + " -> " + list(out); got != "images 1x3x416x320 -> output 1x100x85" {
		t.Errorf("read %s", got)
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "text": []byte("<html>not found</html>"), "cut": b[:len(b)-3], "no outputs": file([]Info{{"x", []int{1}}}, nil),
	} {
		if _, _, err := ReadONNX(bad); err == nil || !strings.Contains(err.Error(), "is no ONNX network") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestResizeONNX(t *testing.T) {
	layer := bytesField(1, []byte("a layer, kept as it is"))
	b := file([]Info{{"images", []int{1, 3, 416, 416}}}, []Info{{"output", []int{1, 3549, 85}}}, layer)
	got, err := ResizeONNX(b, 1, 320, 256)
	if err != nil {
		t.Fatal(err)
	}
	in, out, err := ReadONNX(got)
	if err != nil {
		t.Fatal(err)
	}
	if s := list(in) + " -> " + list(out); s != "images 1x3x256x320 -> output 1x?x85" {
		t.Errorf("resized to %q", s)
	}
	graph, err := onnxGraph(got)
	if err != nil {
		t.Fatal(err)
	}
	var nums []protowire.Number
	kept := false
	if err := eachField(graph, func(f field) error {
		nums = append(nums, f.num)
		kept = kept || slices.Equal(f.raw, layer)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !kept || slices.Contains(nums, graphValue) {
		t.Errorf("the layer is kept: %v; fields %v must have no %d", kept, nums, graphValue)
	}
}

func TestPlan(t *testing.T) {
	one := file([]Info{{"images", []int{1, 3, 192, 192}}}, []Info{{"output", []int{1, 756, 6}}})
	many := file([]Info{{"images", []int{1, 3, 416, 416}}}, []Info{{"output", []int{1, 3549, 7}}})
	open := file([]Info{{"images", []int{1, 3, -1, -1}}}, []Info{{"output", []int{1, -1, 6}}})
	fixed := file([]Info{{"input", []int{1, 3, 240, 320}}}, []Info{{"scores", []int{1, 4420, 2}}, {"boxes", []int{1, 4420, 4}}})
	sound := file([]Info{{"input", []int{1, 576}}}, []Info{{"output", []int{1, 1}}})
	for _, c := range []struct {
		name    string
		weights []byte
		o       PlanOptions
		want    string // family, size and labels, or a part of the error
	}{
		{"own size", one, PlanOptions{}, "yolox 192x192 person"},
		{"other size", one, PlanOptions{InputSize: "256x192"}, "yolox 256x192 person"},
		{"open size", open, PlanOptions{InputSize: "320x256"}, "yolox 320x256 person"},
		{"fixed", fixed, PlanOptions{}, "ultraface 320x240 face"},
		{"labels", many, PlanOptions{Labels: []string{"cat", "dog"}}, "yolox 416x416 cat,dog"},
		{"open and no size", open, PlanOptions{}, "leaves its size open"},
		{"odd size", one, PlanOptions{InputSize: "250x192"}, "multiples of 32"},
		{"fixed resized", fixed, PlanOptions{InputSize: "640x480"}, "only be used at their own size, 320x240"},
		{"no size", one, PlanOptions{InputSize: "big"}, "must be width x height"},
		{"no labels", many, PlanOptions{}, "2 classes and no labels"},
		{"keep", many, PlanOptions{Labels: []string{"a", "b"}, Keep: []string{"c"}}, `no label "c": it has a, b`},
		{"wrong labels", many, PlanOptions{Labels: []string{"a"}}, "1 label for a network of 2 classes"},
		{"unknown family", one, PlanOptions{Family: "resnet"}, "there are yunet, ultraface"},
		{"other family", one, PlanOptions{Family: "yunet"}, "is not of family yunet"},
		{"sound", sound, PlanOptions{}, "is of no family that is known"},
	} {
		p, err := NewPlan(Files{Weights: c.weights}, c.o)
		var f *Filter
		if err == nil {
			f, err = p.Filter(c.o)
		}
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = p.Family.Name + " " + Info{"", []int{p.Width, p.Height}}.String()[1:] + " " + strings.Join(f.Labels, ",")
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// FuzzReadONNX holds that no bytes crash the reader, and that what can be read can be resized or is refused.
func FuzzReadONNX(f *testing.F) {
	f.Add(file([]Info{{"images", []int{1, 3, 416, 416}}}, []Info{{"output", []int{1, 3549, 85}}}))
	f.Add([]byte("\x08\x08\x3a\x02\x0a\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, out, err := ReadONNX(b)
		if err != nil {
			return
		}
		_, _ = Recognize(in, out)
		if r, err := ResizeONNX(b, 1, 320, 256); err == nil {
			if got, _, err := ReadONNX(r); err != nil || got[0].Shape[2] != 256 || got[0].Shape[3] != 320 {
				t.Fatalf("after resizing: %v, %v", list(got), err)
			}
		}
	})
}
