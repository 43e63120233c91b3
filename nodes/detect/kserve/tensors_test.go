package kserve

import (
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"rvo.dev/engine/frame"
	"rvo.dev/nodes/model"
	inferencev2 "rvo.dev/proto/inference/v2"
)

// TestTensorsComeBack: what is written as bytes or as typed contents is read as it was, in the declared order.
func TestTensorsComeBack(t *testing.T) {
	const seed = 5
	r := rand.New(rand.NewPCG(seed, seed))
	for round := range 100 {
		var want []model.Tensor
		var declared []model.Info
		for i := range 1 + r.IntN(4) {
			x := model.Tensor{Name: string(rune('a' + i)), Shape: []int{1, 1 + r.IntN(5), 1 + r.IntN(5)}}
			for range x.Shape[1] * x.Shape[2] {
				x.Data = append(x.Data, r.Float32())
			}
			d := model.Info{Name: x.Name, Shape: slices.Clone(x.Shape)}
			if r.IntN(2) == 0 {
				d.Shape[1] = -1
			}
			want, declared = append(want, x), append(declared, d)
		}
		sent := slices.Clone(want)
		r.Shuffle(len(sent), func(i, k int) { sent[i], sent[k] = sent[k], sent[i] })
		got, err := tensors(answer(sent, r.IntN(2) == 0), declared, nil)
		if err != nil {
			t.Fatalf("seed %d, round %d: %v", seed, round, err)
		}
		for i := range want {
			if got[i].Name != want[i].Name || !slices.Equal(got[i].Shape, want[i].Shape) || !slices.Equal(got[i].Data, want[i].Data) {
				t.Fatalf("seed %d, round %d: output %d is %v, want %v", seed, round, i, got[i], want[i])
			}
		}
	}
}

// TestRequestIsWhatWasFed: the bytes are the tensor's, and the memory is used again.
func TestRequestIsWhatWasFed(t *testing.T) {
	in := model.Tensor{Name: "images", Shape: []int{1, 3, 1, 1}, Data: []float32{1, -2, 0.5}}
	q, buf := request("cats", "3", in, nil)
	want := []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0, 0, 0x3f}
	if !slices.Equal(q.GetRawInputContents()[0], want) || !slices.Equal(q.GetInputs()[0].GetShape(), []int64{1, 3, 1, 1}) || q.GetModelVersion() != "3" {
		t.Errorf("the question is %v", q)
	}
	if _, again := request("cats", "3", in, buf); &again[0] != &buf[0] {
		t.Error("the second question has memory of its own")
	}
}

// FuzzAnswer: whatever bytes come as an answer, they are refused or are boxes inside of the picture.
func FuzzAnswer(f *testing.F) {
	good, err := catAndDog(model.Tensor{Shape: []int{1, 3, 64, 64}})
	if err != nil {
		f.Fatal(err)
	}
	for _, typed := range []bool{false, true} {
		b, err := proto.Marshal(answer(good, typed))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte{})
	declared := []model.Info{{Name: "output", Shape: []int{-1, -1, 7}}}
	plan, err := model.PlanOf([]model.Info{{Name: "images", Shape: []int{1, 3, 64, 64}}}, declared, model.PlanOptions{Labels: []string{"cat", "dog"}})
	if err != nil {
		f.Fatal(err)
	}
	filter, err := plan.Filter(model.PlanOptions{Labels: []string{"cat", "dog"}})
	if err != nil {
		f.Fatal(err)
	}
	lens := plan.NewLens()
	if _, err := lens.Feed(frame.Plane{Width: 64, Height: 64, Stride: 192, Channels: 3, Pix: make([]byte, 192*64)}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var a inferencev2.ModelInferResponse
		if proto.Unmarshal(b, &a) != nil {
			return
		}
		out, err := tensors(&a, declared, nil)
		if err != nil {
			return
		}
		found, err := lens.Read(out, filter)
		if err != nil {
			return
		}
		for _, b := range found {
			if !(b.X >= 0 && b.Y >= 0 && b.W > 0 && b.H > 0 && b.X+b.W <= 1.0001 && b.Y+b.H <= 1.0001 && b.Score > 0 && b.Score <= 1) {
				t.Errorf("a box of %+v", b)
			}
		}
	})
}
