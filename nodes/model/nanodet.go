package model

import "fmt"

// nanodet reads NanoDet and PP-PicoDet (Yu et al., "PP-PicoDet", 2021): for each stride a table of class scores (0 to 1)
// and one of distances to the four sides, each a distribution over bins ("Generalized Focal Loss", Li et al., 2020): the
// mean of its softmax, times the stride. The centre of a cell is column x stride + (stride - 1) / 2.
func nanodet() *Family {
	strides := [...]int{8, 16, 32, 64}
	return &Family{
		Name: "nanodet",
		Doc:  "NanoDet and PicoDet: for each of three or four strides an output of class scores, then for each one of distances",
		Feed: Feed{
			Fit:  FitCenter,
			Mean: [3]float32{103.53, 116.28, 123.675}, Scale: [3]float32{57.375, 57.12, 58.395}, // of ImageNet, BGR
		},
		Score: 0.5, Overlap: 0.5, Multiple: 32,
		classes: func(in Info, out []Info) int {
			if len(in.Shape) != 4 || len(out) != 6 && len(out) != 8 || !colour(in.Shape[1]) {
				return 0
			}
			half := len(out) / 2
			classes, bins := columns(out[0]), columns(out[half])
			if classes < 1 || bins < 8 || bins%4 != 0 {
				return 0
			}
			for i := range half {
				if columns(out[i]) != classes || columns(out[half+i]) != bins {
					return 0
				}
			}
			return classes
		},
		read: func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error) {
			half := len(out) / 2
			for k, stride := range strides[:half] {
				scores, sides := &out[k], &out[half+k]
				n, classes := scores.Rows()
				m, bins := sides.Rows()
				if n != in.cells(stride) || m != n {
					return found, fmt.Errorf("outputs %s and %s have %d and %d rows, must have %d for stride %d of an input of %d x %d",
						scores.Name, sides.Name, n, m, in.cells(stride), stride, in.w, in.h)
				}
				across, s := in.across(stride), float32(stride)
				for i := range n {
					score, class := best(scores.Data[i*classes:][:classes:classes])
					if score < least {
						continue
					}
					cx, cy := float32(i%across)*s+(s-1)/2, float32(i/across)*s+(s-1)/2
					var d [4]float32
					for side := range d {
						d[side] = s * expected(sides.Data[i*bins:][side*bins/4:][:bins/4])
					}
					found = append(found, candidate{cx - d[0], cy - d[1], cx + d[2], cy + d[3], score, class})
				}
			}
			return found, nil
		},
	}
}

// expected is the mean of a softmax over bins 0, 1, 2 and so on.
func expected(bins []float32) float32 {
	most := bins[0]
	for _, v := range bins {
		most = max(most, v)
	}
	var sum, mean float32
	for i, v := range bins {
		e := exp(v - most)
		sum, mean = sum+e, mean+e*float32(i)
	}
	return mean / sum
}
