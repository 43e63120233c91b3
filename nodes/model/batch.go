package model

import (
	"errors"
	"fmt"
)

// Batch returns the plan's network made to take n pictures at once: its input's first axis is n. Whether its layers go along
// with that shows when it is run: those of many networks have a batch of one in them.
func (p *Plan) Batch(n int) (Files, error) {
	if len(p.Config) > 0 {
		return Files{}, errors.New("a Darknet network takes one picture at a time")
	}
	if p.Family.Feed.ChannelsLast {
		return Files{}, fmt.Errorf("networks of family %s take one picture at a time", p.Family.Name)
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
