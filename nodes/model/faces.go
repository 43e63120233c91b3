package model

import (
	"fmt"
	"math"
	"slices"
)

// yunet reads YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023): for strides 8, 16 and 32 tables called
// cls, obj and bbox. The score is sqrt(cls x obj), the centre (column + b0, row + b1) strides, the size exp(b2), exp(b3).
func yunet() *Family {
	strides := [...]int{8, 16, 32}
	name := func(what string, stride int) string { return fmt.Sprintf("%s_%d", what, stride) }
	return &Family{
		Name:  "yunet",
		Doc:   "YuNet, for faces: outputs cls, obj and bbox for strides 8, 16 and 32",
		Feed:  Feed{Fit: FitTopLeft, Scale: [3]float32{1, 1, 1}},
		Score: 0.7, Overlap: 0.3, Multiple: 32, Label: "face",
		classes: func(in Info, out []Info) int {
			if len(in.Shape) != 4 || !colour(in.Shape[1]) {
				return 0
			}
			for _, s := range strides {
				for _, what := range []string{"cls", "obj", "bbox"} {
					if !slices.ContainsFunc(out, func(i Info) bool { return i.Name == name(what, s) }) {
						return 0
					}
				}
			}
			return 1
		},
		read: func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error) {
			for _, stride := range strides {
				n, across, s := in.cells(stride), in.across(stride), float32(stride)
				var t [3][]float32
				for k, what := range []string{"cls", "obj", "bbox"} {
					i := slices.IndexFunc(out, func(t Tensor) bool { return t.Name == name(what, stride) })
					if want := [...]int{1, 1, 4}[k] * n; i < 0 || len(out[i].Data) != want {
						return found, fmt.Errorf("output %s must have %d numbers for an input of %d x %d", name(what, stride), want, in.w, in.h)
					}
					t[k] = out[i].Data
				}
				for i := range n {
					product := clamp01(t[0][i]) * clamp01(t[1][i])
					if product < least*least {
						continue
					}
					b := t[2][4*i : 4*i+4]
					found = append(found, centered((float32(i%across)+b[0])*s, (float32(i/across)+b[1])*s, exp(b[2])*s, exp(b[3])*s,
						float32(math.Sqrt(float64(product))), 0))
				}
			}
			return found, nil
		},
	}
}

func clamp01(v float32) float32 { return min(max(v, 0), 1) }

// ultraface reads Ultra-Light-Fast-Generic-Face-Detector: a table of two scores and one of corners, 0 to 1.
func ultraface() *Family {
	return &Family{
		Name:  "ultraface",
		Doc:   "Ultra-Light-Fast-Generic-Face-Detector: outputs of n x 2 scores and n x 4 corners",
		Feed:  Feed{Fit: FitStretch, RGB: true, Mean: [3]float32{127, 127, 127}, Scale: [3]float32{128, 128, 128}},
		Score: 0.7, Overlap: 0.3, Label: "face",
		classes: func(in Info, out []Info) int {
			if len(in.Shape) != 4 || len(out) != 2 || !colour(in.Shape[1]) || columns(out[0])+columns(out[1]) != 6 ||
				columns(out[0]) != 2 && columns(out[0]) != 4 {
				return 0
			}
			return 1
		},
		read: func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error) {
			scores, corners := &out[0], &out[1]
			if _, c := scores.Rows(); c == 4 {
				scores, corners = corners, scores
			}
			n, two := scores.Rows()
			if m, four := corners.Rows(); n != m || two != 2 || four != 4 {
				return found, fmt.Errorf("outputs %s and %s have %d x %d and %d x %d numbers, must have n x 2 and n x 4", scores.Name, corners.Name, n, two, m, four)
			}
			w, h := float32(in.w), float32(in.h)
			for i := range n {
				if score := scores.Data[2*i+1]; score >= least {
					c := corners.Data[4*i : 4*i+4]
					found = append(found, candidate{c[0] * w, c[1] * h, c[2] * w, c[3] * h, score, 0})
				}
			}
			return found, nil
		},
	}
}

// blazeface reads MediaPipe's BlazeFace (Bazarevsky et al., "BlazeFace", 2019): 16 x 16 cells with two anchors each, then
// 8 x 8 with six, in tables of logits and of boxes in pixels beside the cell's centre.
func blazeface() *Family {
	grids := [...]struct{ side, anchors int }{{16, 2}, {8, 6}}
	return &Family{
		Name: "blazeface",
		Doc:  "BlazeFace, for faces near the camera (front) or across a room (back): outputs of 512 and 384 rows of 1 and of 16",
		Feed: Feed{
			Fit: FitCenter, RGB: true, ChannelsLast: true, Mean: [3]float32{127.5, 127.5, 127.5}, Scale: [3]float32{127.5, 127.5, 127.5},
		},
		// At 0.5 some backs of heads are faces, too; 0.8 is for large faces alone.
		Score: 0.5, Overlap: 0.3, Label: "face",
		classes: func(in Info, out []Info) int {
			if len(in.Shape) != 4 || in.Shape[3] != 3 || len(out) != 4 {
				return 0
			}
			for _, o := range out {
				if len(o.Shape) != 3 || o.Shape[1] != 512 && o.Shape[1] != 384 || o.Shape[2] != 1 && o.Shape[2] != 16 {
					return 0
				}
			}
			return 1
		},
		read: func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error) {
			for _, g := range grids {
				n := g.side * g.side * g.anchors
				logits, table := byRows(out, n, 1), byRows(out, n, 16)
				if logits == nil || table == nil {
					return found, fmt.Errorf("no outputs of %d x 1 and %d x 16 numbers", n, n)
				}
				for i := range n {
					score := sigmoid(logits.Data[i])
					if score < least {
						continue
					}
					cell := i / g.anchors
					cx := (float32(cell%g.side) + 0.5) / float32(g.side) * float32(in.w)
					cy := (float32(cell/g.side) + 0.5) / float32(g.side) * float32(in.h)
					b := table.Data[16*i : 16*i+4]
					found = append(found, centered(cx+b[0], cy+b[1], b[2], b[3], score, 0))
				}
			}
			return found, nil
		},
	}
}
