package model

import (
	"fmt"
	"slices"
	"strings"
)

// Family is a way of feeding networks and of reading boxes out of them.
type Family struct {
	// Name is what a pipeline calls it.
	Name string
	// Doc is a sentence on what belongs to it.
	Doc string
	// Feed is how it wants pictures.
	Feed Feed
	// Score is the threshold that suits it, Overlap how much two boxes of one class may overlap (intersection over union).
	// They are from measurements at IoU 0.5 on a street scene; networks of one family differ, so both can be set.
	Score, Overlap float32
	// Multiple is what width and height of an input must divide by; 0: the size is fixed by the network's making.
	Multiple int
	// Label is what a network of one class is taken to find; empty: the first of its labels.
	Label string

	// classes returns how many classes a network of this family has, 0 when it is none.
	classes func(in Info, out []Info) int
	// read appends what scores at least least.
	read func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error)
}

// Families returns every family that is known, the more particular ones first.
func Families() []*Family {
	return []*Family{yunet(), ultraface(), blazeface(), nanodet(), fastestdet(), darknet(), yolox()}
}

// FamilyNames returns the names of all families.
func FamilyNames() []string {
	var names []string
	for _, f := range Families() {
		names = append(names, f.Name)
	}
	return names
}

// FamilyByName returns the family with a name, or what names there are.
func FamilyByName(name string) (*Family, error) {
	for _, f := range Families() {
		if f.Name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no family %q of networks: there are %s", name, strings.Join(FamilyNames(), ", "))
}

// Recognize returns the family that a network's inputs and outputs look like. The error says what they are.
func Recognize(in, out []Info) (*Family, error) {
	if len(in) == 1 {
		for _, f := range Families() {
			if f.classes(in[0], out) > 0 {
				return f, nil
			}
		}
	}
	return nil, fmt.Errorf("a network with inputs %s and outputs %s is of no family that is known (%s): name one with family if it is",
		list(in), list(out), strings.Join(FamilyNames(), ", "))
}

func list(infos []Info) string {
	var texts []string
	for _, i := range infos {
		texts = append(texts, i.String())
	}
	return strings.Join(texts, ", ")
}

// inputSize returns what an input of the family leaves as width and height; -1 where it is open, and false where it is no
// picture in the family's layout.
func (f *Family) inputSize(in Info) (size, bool) {
	if len(in.Shape) != 4 {
		return size{}, false
	}
	if f.Feed.ChannelsLast {
		return size{in.Shape[2], in.Shape[1]}, in.Shape[3] == 3
	}
	return size{in.Shape[3], in.Shape[2]}, in.Shape[1] == 3
}

// columns returns the length of the last axis of a three-axis output, 0 for others.
func columns(i Info) int {
	if len(i.Shape) != 3 || i.Shape[0] > 1 {
		return 0
	}
	return max(i.Shape[2], 0)
}

// colour reports whether an axis of a network has the three channels of a picture or is open.
func colour(axis int) bool { return axis == 3 || axis < 0 }

// cells is how many cells of a stride cover an input.
func (s size) cells(stride int) int {
	return ((s.w + stride - 1) / stride) * ((s.h + stride - 1) / stride)
}

// across is how many cells of a stride stand in a row.
func (s size) across(stride int) int { return (s.w + stride - 1) / stride }

// byRows returns the tensor with this many rows of this many columns; columns 0: any.
func byRows(out []Tensor, rows, columns int) *Tensor {
	i := slices.IndexFunc(out, func(t Tensor) bool {
		n, c := t.Rows()
		return n == rows && (columns == 0 || c == columns)
	})
	if i < 0 {
		return nil
	}
	return &out[i]
}

// best returns the largest of scores and where it is.
func best(scores []float32) (score float32, class int) {
	for i, v := range scores {
		if v > score {
			score, class = v, i
		}
	}
	return score, class
}
