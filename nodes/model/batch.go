package model

import (
	"errors"
	"fmt"
	"math"
)

// Batch returns the plan's network made to take n pictures at once: the first axis of its input, and of the shapes that its layers
// are told to make, is n. Whether that is all there is to it shows when it is run: see Alike.
func (p *Plan) Batch(n int) (Files, error) {
	if len(p.Config) > 0 {
		return Files{}, errors.New("a Darknet network takes one picture at a time")
	}
	if p.Family.Feed.ChannelsLast {
		return Files{}, fmt.Errorf("networks of family %s take one picture at a time", p.Family.Name)
	}
	if err := single(p.Weights); err != nil {
		return Files{}, err
	}
	weights, err := ResizeONNX(p.Weights, n, p.Width, p.Height)
	return Files{Weights: weights}, err
}

// Split sets into to the outputs of picture i of n, of outputs for all of them. The numbers stay where they are.
func Split(out []Tensor, i, n int, into []Tensor) ([]Tensor, error) {
	into = into[:0]
	for _, t := range out {
		if len(t.Shape) == 0 || t.Shape[0] != n || len(t.Data)%n != 0 {
			return into, fmt.Errorf("output %s for %d pictures has shape %v: the network takes one picture at a time", t.Name, n, t.Shape)
		}
		size := len(t.Data) / n
		into = append(into, Tensor{
			Name: t.Name, Shape: append([]int{1}, t.Shape[1:]...), Data: t.Data[i*size : (i+1)*size : (i+1)*size],
		})
	}
	return into, nil
}

// Input returns memory for what the network that Batch makes takes: n pictures, channels first.
func (p *Plan) Input(n int) Tensor {
	return Tensor{Name: p.input, Shape: []int{n, 3, p.Height, p.Width}, Data: make([]float32, n*3*p.Height*p.Width)}
}

// alikeWithin is how much a number of one way to compute a network may differ from that of another, as a share of 1 and itself:
// libraries add in another order where they compute more at once. Boxes and scores change by less than a thousandth.
const alikeWithin = 1e-3

// Alike returns an error that says where outputs differ, nil where they are the same but for rounding.
func Alike(got, want []Tensor) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d outputs, not %d", len(got), len(want))
	}
	for i := range want {
		g, w := &got[i], &want[i]
		if len(g.Data) != len(w.Data) {
			return fmt.Errorf("output %s has %d numbers, not %d", w.Name, len(g.Data), len(w.Data))
		}
		for k, v := range w.Data {
			if d := math.Abs(float64(g.Data[k] - v)); g.Data[k] != v && !(d <= alikeWithin*(1+math.Abs(float64(v)))) {
				return fmt.Errorf("number %d of output %s is %g, not %g", k, w.Name, g.Data[k], v)
			}
		}
	}
	return nil
}
