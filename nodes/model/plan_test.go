package model

import (
	"fmt"
	"strings"
	"testing"
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
