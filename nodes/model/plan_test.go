package model

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// TestPlanOf holds what may be asked of a network of which only inputs and outputs are known.
func TestPlanOf(t *testing.T) {
	yolox := func(h, w int) []Info { return []Info{{"images", []int{-1, 3, h, w}}} }
	table := []Info{{"output", []int{-1, -1, 7}}}
	two := []string{"cat", "dog"}
	for _, c := range []struct {
		name    string
		in, out []Info
		o       PlanOptions
		want    string // family and size, or part of the error
	}{
		{"its own size", yolox(320, 416), table, PlanOptions{Labels: two}, "yolox 416x320"},
		{"its own size, said again", yolox(320, 416), table, PlanOptions{Labels: two, InputSize: "416x320"}, "yolox 416x320"},
		{"another", yolox(320, 416), table, PlanOptions{Labels: two, InputSize: "320x256"}, "inputSize 320x256: the input is images ?x3x320x416 and takes no other size"},
		{"open", yolox(-1, -1), table, PlanOptions{Labels: two, InputSize: "320x256"}, "yolox 320x256"},
		{"open and not said", yolox(-1, -1), table, PlanOptions{Labels: two}, "leaves its size open"},
		{"open, no multiple", yolox(-1, -1), table, PlanOptions{Labels: two, InputSize: "300x256"}, "multiples of 32"},
		{"another family", yolox(320, 416), table, PlanOptions{Labels: two, Family: "yunet"}, "is not of family yunet"},
		{"no family", yolox(320, 416), nil, PlanOptions{}, "of no family that is known"},
		{"labels", yolox(320, 416), table, PlanOptions{}, "2 classes and no labels"},
		{"four pictures at once", []Info{{"images", []int{4, 3, 320, 416}}}, table, PlanOptions{Labels: two}, "takes 4 pictures at once"},
		{"two inputs", append(yolox(320, 416), Info{"more", []int{1}}), table, PlanOptions{Family: "yolox", Labels: two}, "has 2 inputs"},
	} {
		p, err := PlanOf(c.in, c.out, c.o)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprintf("%s %dx%d", p.Family.Name, p.Width, p.Height)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// layer is a node of an ONNX graph without attributes.
func layer(op, in, shape, out string) []byte {
	var b []byte
	for _, name := range []string{in, shape} {
		b = append(b, bytesField(nodeInput, []byte(name))...)
	}
	b = append(b, bytesField(nodeOutput, []byte(out))...)
	return bytesField(graphNode, append(b, bytesField(nodeOp, []byte(op))...))
}

// shape is an initializer of 64-bit numbers: packed, or raw as most exporters write it.
func shape(name string, raw bool, numbers ...int) []byte {
	var packed []byte
	for _, n := range numbers {
		if raw {
			packed = binary.LittleEndian.AppendUint64(packed, uint64(int64(n)))
		} else {
			packed = protowire.AppendVarint(packed, uint64(int64(n)))
		}
	}
	field := protowire.Number(initInt64)
	if raw {
		field = initRaw
	}
	return bytesField(graphInit, append(bytesField(field, packed), bytesField(initName, []byte(name))...))
}

// TestFixedShapes: what keeps a network at its size, or at one picture, is found before anything computes.
func TestFixedShapes(t *testing.T) {
	for _, c := range []struct {
		name         string
		made         []int
		size, single bool // it cannot be resized, cannot take several pictures
	}{
		{"an open axis", []int{1, 85, -1}, false, false},
		{"a grid", []int{1, -1, 52, 40}, true, false},
		{"cells", []int{1, 32, 130}, true, false},
		{"as many classes as cells", []int{1, 130, -1}, false, false},
		{"groups of cells", []int{24, 2, 2080}, true, true},
		{"of another stride than any", []int{1, 2, 51, 40}, false, false},
		{"nothing of the picture", []int{1, 96, 1, 1}, false, false},
	} {
		for _, raw := range []bool{false, true} {
			weights := file([]Info{{"images", []int{1, 3, 416, 320}}}, []Info{{"output", []int{1, 10, 7}}},
				layer("Reshape", "images", "s", "x"), shape("s", raw, c.made...), layer("Reshape", "w", "k", "y"), shape("w", raw, 1), shape("k", raw, 52, 40))
			p, err := NewPlan(Files{Weights: weights}, PlanOptions{Labels: []string{"a", "b"}, InputSize: "320x256"})
			if got := err != nil && strings.Contains(err.Error(), "made for 320x416 and no other size"); got != c.size || !got && err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			if err != nil {
				if p, err = NewPlan(Files{Weights: weights}, PlanOptions{Labels: []string{"a", "b"}}); err != nil {
					t.Fatal(c.name, err)
				}
			}
			if _, err := p.Batch(2); (err != nil) != c.single {
				t.Errorf("%s: two pictures: %v", c.name, err)
			}
		}
	}
}

// TestWhichFileIsWhich: a file of the one form with or without the text of the other is told of as that.
func TestWhichFileIsWhich(t *testing.T) {
	onnx := file([]Info{{"images", []int{1, 3, 416, 320}}}, []Info{{"output", []int{1, 10, 6}}})
	darknet := append([]byte{0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0}, make([]byte, 64)...)
	text := []byte("[net]\nwidth=64\nheight=64\nchannels=3\n[yolo]\nclasses=1\n")
	for _, c := range []struct {
		name  string
		files Files
		want  string
	}{
		{"ONNX", Files{Weights: onnx}, ""},
		{"Darknet", Files{Weights: darknet, Config: text}, ""},
		{"ONNX with a config", Files{Weights: onnx, Config: text}, "this is an ONNX file: leave config out"},
		{"Darknet without", Files{Weights: darknet}, "name the text of its layers, the .cfg file, with config"},
	} {
		_, err := NewPlan(c.files, PlanOptions{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
