package model

import (
	"math"
	"testing"

	"rvo.dev/engine/frame"
)

// canned is a session that gives the same outputs whatever it is fed.
type canned []Tensor

func (c canned) Run(Tensor) ([]Tensor, error) { return c, nil }
func (canned) Close() error                   { return nil }

func tensor(name string, data func(i int) float32, shape ...int) Tensor {
	n := 1
	for _, s := range shape {
		n *= s
	}
	t := Tensor{Name: name, Shape: shape, Data: make([]float32, n)}
	if data != nil {
		for i := range t.Data {
			t.Data[i] = data(i)
		}
	}
	return t
}

func logit(p float64) float32 { return float32(math.Log(p / (1 - p))) }

// planted is, for each family, an output with one box in the middle of an input of 64 x 64 (BlazeFace: 128 x 128): 16 x 32
// pixels (twice that), score 0.81, of the last class.
func planted() map[string]struct {
	in      Info
	out     canned
	classes int
} {
	type row = struct {
		in      Info
		out     canned
		classes int
	}
	picture := Info{"in", []int{1, 3, 64, 64}}
	log2, log4 := float32(math.Log(2)), float32(math.Log(4))
	// Stride 8: 8 x 8 cells; the middle is the corner of cell (4, 4), number 36.
	yolo := tensor("output", nil, 1, 64+16+4, 7)
	copy(yolo.Data[36*7:], []float32{0, 0, log2, log4, 0.9, 0.1, 0.9})
	nano := canned{tensor("s8", nil, 1, 64, 2), tensor("s16", nil, 1, 16, 2), tensor("s32", nil, 1, 4, 2), tensor("d8", nil, 1, 64, 32), tensor("d16", nil, 1, 16, 32), tensor("d32", nil, 1, 4, 32)}
	nano[0].Data[36*2+1] = 0.81
	// The centre of cell (4, 4) is 35.5: 11.5 to the left, 4.5 to the right, 19.5 up and 12.5 down, in strides of 8.
	for side, d := range []float64{11.5 / 8, 19.5 / 8, 4.5 / 8, 12.5 / 8} {
		k := int(d)
		nano[3].Data[36*32+side*8+k] = 30 + float32(math.Log(1-(d-float64(k))))
		nano[3].Data[36*32+side*8+k+1] = 30 + float32(math.Log(d-float64(k)))
	}
	fast := tensor("758", nil, 1, 7, 2, 2)
	for c, v := range []float32{0.81, float32(math.Atanh(0)), 0, logit(0.25), logit(0.5), 0.1, 0.81} {
		fast.Data[c*4+3] = v // cell (1, 1) of 2 x 2: its corner is the middle
	}
	yu := canned{}
	for _, s := range []struct{ stride, cells int }{{8, 64}, {16, 16}, {32, 4}} {
		for _, w := range []struct {
			name string
			n    int
		}{{"cls", 1}, {"obj", 1}, {"bbox", 4}} {
			yu = append(yu, tensor(w.name+map[int]string{8: "_8", 16: "_16", 32: "_32"}[s.stride], nil, 1, s.cells, w.n))
		}
	}
	yu[0].Data[36], yu[1].Data[36] = 0.81, 0.81
	copy(yu[2].Data[36*4:], []float32{0, 0, log2, log4})
	ultra := canned{tensor("scores", nil, 1, 10, 2), tensor("boxes", nil, 1, 10, 4)}
	ultra[0].Data[7] = 0.81
	copy(ultra[1].Data[3*4:], []float32{24. / 64, 16. / 64, 40. / 64, 48. / 64})
	dark := canned{tensor("a", nil, 3, 7), tensor("b", nil, 12, 7)}
	copy(dark[1].Data[5*7:], []float32{0.5, 0.5, 0.25, 0.5, 0.9, 0.1, 0.81})
	low := func(int) float32 { return -20 }
	blaze := canned{tensor("a", low, 1, 512, 1), tensor("b", low, 1, 384, 1), tensor("c", nil, 1, 512, 16), tensor("d", nil, 1, 384, 16)}
	blaze[0].Data[2*(8*16+8)] = logit(0.81) // cell (8, 8) of 16 x 16: its centre is at 68
	copy(blaze[2].Data[16*2*(8*16+8):], []float32{-4, -4, 32, 64})
	return map[string]row{
		"yolox":      {picture, canned{yolo}, 2},
		"nanodet":    {picture, nano, 2},
		"fastestdet": {picture, canned{fast}, 2},
		"darknet":    {Info{"data", []int{1, 3, 64, 64}}, dark, 2},
		"yunet":      {picture, yu, 1},
		"ultraface":  {picture, ultra, 1},
		"blazeface":  {Info{"in", []int{1, 128, 128, 3}}, blaze, 1},
	}
}

// TestFamiliesReadWhatWasPlanted holds each family to its description, from recognizing to the box in the picture.
func TestFamiliesReadWhatWasPlanted(t *testing.T) {
	rows := planted()
	for _, f := range Families() {
		c, ok := rows[f.Name]
		if !ok {
			t.Errorf("family %s has no case", f.Name)
			continue
		}
		var out []Info
		for _, o := range c.out {
			out = append(out, Info{o.Name, o.Shape})
		}
		labels := []string{"other", "wanted"}[2-c.classes:]
		files := Files{Weights: file([]Info{c.in}, out)}
		if f.Name == "darknet" {
			files = Files{Config: []byte(darknetText)}
		}
		o := PlanOptions{Labels: labels, Score: 0.5}
		p, err := NewPlan(files, o)
		if err != nil || p.Family.Name != f.Name {
			t.Errorf("%s is taken for %v: %v", f.Name, p, err)
			continue
		}
		pic := frame.Plane{Width: 64, Height: 64, Stride: 192, Channels: 3, Pix: make([]byte, 64*64*3)}
		filter, err := p.Filter(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.NewDetector(c.out).Detect(pic, filter)
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d boxes, want 1: %v", f.Name, len(got), err)
			continue
		}
		b := got[0]
		for i, pair := range [...][2]float32{{b.X, 24. / 64}, {b.Y, 16. / 64}, {b.W, 16. / 64}, {b.H, 32. / 64}, {b.Score, 0.81}} {
			if math.Abs(float64(pair[0]-pair[1])) > 1e-4 {
				t.Errorf("%s: number %d of the box is %v, want %v", f.Name, i, pair[0], pair[1])
			}
		}
		if b.Label != "wanted" {
			t.Errorf("%s: label %q", f.Name, b.Label)
		}
	}
}

const darknetText = "[net] # comment\nwidth=64\nheight=64\nchannels=3\n\n[convolutional]\nfilters=21\n\n[yolo]\nclasses=2\n; more\n[yolo]\nclasses = 2\n"

func TestReadDarknetRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no yolo": "[net]\nwidth=3\nheight=3\n", "no size": "[net]\n[yolo]\nclasses=1\n",
		"text": "once upon a time", "size": "[net]\nwidth=big\n", "no layer": "width=3\n",
	} {
		if _, _, err := ReadDarknet([]byte(text)); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// TestFamiliesRefuseOddOutputs holds that outputs of other shapes than announced are an error and no crash.
func TestFamiliesRefuseOddOutputs(t *testing.T) {
	for name, c := range planted() {
		f, err := FamilyByName(name)
		if err != nil {
			t.Fatal(err)
		}
		in := size{c.in.Shape[3], c.in.Shape[2]}
		if f.Feed.ChannelsLast {
			in = size{c.in.Shape[2], c.in.Shape[1]}
		}
		for i := range c.out {
			odd := append(canned{}, c.out...)
			odd[i] = tensor(odd[i].Name, nil, 1, 3, 3)
			if _, err := f.read(in, odd, 0.5, nil); err == nil {
				t.Errorf("%s: output %s of 1x3x3 was read", name, odd[i].Name)
			}
		}
	}
}
