package kserve

import (
	_ "embed"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/nodes/model"
)

// canned is what a person network of YOLOX's form with an input of 192 x 192 gave for a picture of a street of 768 x 576: 756 rows
// of 6 numbers, little-endian.
//
//go:embed testdata/light_person_192.f32
var canned []byte

// TestCanned: the numbers of a real network come out as the people that are there, in fractions of a picture that was made smaller
// and has a margin below.
func TestCanned(t *testing.T) {
	at, _ := serve(t, &server{input: []int64{1, 3, 192, 192}, output: []int64{1, 756, 6}, run: func(model.Tensor) ([]model.Tensor, error) {
		out := model.Tensor{Name: "output", Shape: []int{1, 756, 6}}
		for b := canned; len(b) > 0; b = b[4:] {
			out.Data = append(out.Data, math.Float32frombits(binary.LittleEndian.Uint32(b)))
		}
		return []model.Tensor{out}, nil
	}}, "127.0.0.1:0")
	r := newRig(t, at, `"threshold": 0.6`)
	f := nodetest.Picture(t, r.pool, frame.BGR, 768, 576, 0, func(int, int) byte { return 9 })
	defer f.Release()
	v, err := r.look(10*time.Second, f)
	if err != nil {
		t.Fatal(err)
	}
	got := v["boxes"].AsBoxes()
	want := [][5]float64{{0.4694, 0.3248, 0.0536, 0.1573, 0.7030}, {0.8845, 0.4699, 0.0596, 0.1752, 0.6281}, {0.5602, 0.3854, 0.0544, 0.1611, 0.6090}}
	if len(got) != len(want) {
		t.Fatalf("found %v, want %v", got, want)
	}
	for i, b := range got {
		for k, n := range [5]float32{b.X, b.Y, b.W, b.H, b.Score} {
			if math.Abs(float64(n)-want[i][k]) > 1e-4 || b.Label != "person" {
				t.Errorf("box %d is %+v, want %v", i, b, want[i])
				break
			}
		}
	}
}
