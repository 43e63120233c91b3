package model

import (
	"fmt"
	"math"
)

// fastestdet reads FastestDet (github.com/dog-qiuqiu/FastestDet): one grid with channels of objectness, box and classes. The
// score is objectness^0.6 x class^0.4, the centre (column + tanh(v1), row + tanh(v2)) cells, the size sigmoid(v3), sigmoid(v4)
// of the whole input.
func fastestdet() *Family {
	return &Family{
		Name:  "fastestdet",
		Doc:   "FastestDet: one output of (5 + classes) x rows x columns",
		Feed:  Feed{Fit: FitStretch, Scale: [3]float32{255, 255, 255}},
		Score: 0.7, Overlap: 0.5, Multiple: 32,
		classes: func(in Info, out []Info) int {
			if len(in.Shape) != 4 || len(out) != 1 || len(out[0].Shape) != 4 || !colour(in.Shape[1]) {
				return 0
			}
			return max(out[0].Shape[1]-5, 0)
		},
		read: func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error) {
			if len(out[0].Shape) != 4 {
				return found, fmt.Errorf("output %s has %d axes, must have 4", out[0].Name, len(out[0].Shape))
			}
			channels, rows, across := out[0].Shape[1], out[0].Shape[2], out[0].Shape[3]
			cells := rows * across
			if channels < 6 || cells < 1 || len(out[0].Data) < channels*cells {
				return found, fmt.Errorf("output %s has shape %v, must have 6 channels or more", out[0].Name, out[0].Shape)
			}
			d := out[0].Data
			for i := range cells {
				var class int
				var top float32
				for c := 5; c < channels; c++ {
					if v := d[c*cells+i]; v > top {
						top, class = v, c-5
					}
				}
				score := float32(math.Pow(float64(d[i]), 0.6) * math.Pow(float64(top), 0.4))
				if !(score >= least) {
					continue
				}
				cx := (float32(i%across) + tanh(d[cells+i])) / float32(across) * float32(in.w)
				cy := (float32(i/across) + tanh(d[2*cells+i])) / float32(rows) * float32(in.h)
				found = append(found, centered(cx, cy, sigmoid(d[3*cells+i])*float32(in.w), sigmoid(d[4*cells+i])*float32(in.h), score, class))
			}
			return found, nil
		},
	}
}

func tanh(v float32) float32 { return float32(math.Tanh(float64(v))) }
