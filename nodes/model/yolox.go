package model

import (
	"fmt"
	"math"
)

// yolox reads the grid of YOLOX (Ge et al., "YOLOX: Exceeding YOLO Series in 2021"): rows of centre, size, objectness and
// classes over strides 8, 16 and 32. The centre is (column + v0, row + v1) strides, the size exp(v2), exp(v3) strides,
// the score objectness times the best class.
func yolox() *Family {
	strides := [...]int{8, 16, 32}
	return &Family{
		Name: "yolox",
		Doc:  "YOLOX and networks with its head: one output of n x (5 + classes)",
		Feed: Feed{Fit: FitTopLeft, Scale: [3]float32{1, 1, 1}, Rest: 114},
		// Below it the nano network's precision falls under 0.9.
		Score: 0.5, Overlap: 0.5, Multiple: 32, Label: "person",
		classes: func(in Info, out []Info) int {
			if len(in.Shape) != 4 || len(out) != 1 || !colour(in.Shape[1]) {
				return 0
			}
			return max(columns(out[0])-5, 0)
		},
		read: func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error) {
			rows, n := out[0].Rows()
			want := 0
			for _, s := range strides {
				want += in.cells(s)
			}
			if n < 6 || rows != want {
				return found, fmt.Errorf("output %s has %d x %d numbers, must have %d rows of 6 or more for an input of %d x %d", out[0].Name, rows, n, want, in.w, in.h)
			}
			row := out[0].Data
			for _, stride := range strides {
				across, s := in.across(stride), float32(stride)
				for i := range in.cells(stride) {
					v := row[:n:n]
					row = row[n:]
					if v[4] < least {
						continue // no class can be above 1
					}
					score, class := best(v[5:])
					if score *= v[4]; score < least {
						continue
					}
					found = append(found, centered(
						(float32(i%across)+v[0])*s, (float32(i/across)+v[1])*s, exp(v[2])*s, exp(v[3])*s, score, class))
				}
			}
			return found, nil
		},
	}
}

func exp(v float32) float32 { return float32(math.Exp(float64(v))) }

func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }
