package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// slowSuppress is greedy suppression as the papers write it: take the best that is left, throw away what it covers.
func slowSuppress(all []candidate, most float32) []candidate {
	left := slices.Clone(all)
	var kept []candidate
	for len(left) > 0 && len(kept) < MaxBoxes {
		top := 0
		for i := range left {
			if left[i].score > left[top].score {
				top = i
			}
		}
		c := left[top]
		kept = append(kept, c)
		rest := left[:0:0]
		for i := range left {
			if i != top && (left[i].class != c.class || left[i].overlap(&c) <= most) {
				rest = append(rest, left[i])
			}
		}
		left = rest
	}
	return kept
}

func TestSuppressIsGreedy(t *testing.T) {
	const seed = 11
	r := rand.New(rand.NewPCG(seed, seed))
	for round := range 200 {
		var all []candidate
		for range r.IntN(60) {
			all = append(all, centered(r.Float32()*50, r.Float32()*50, 1+r.Float32()*30, 1+r.Float32()*30, r.Float32(), r.IntN(3)))
		}
		want := slowSuppress(all, 0.4)
		if got := suppress(slices.Clone(all), 0.4); !slices.Equal(got, want) {
			t.Fatalf("seed %d, round %d: kept %d, want %d", seed, round, len(got), len(want))
		}
	}
}

func TestBoxesAreFractionsOfThePicture(t *testing.T) {
	// A picture of 200 x 100 in an input of 100 x 100, centred: half size, 25 rows from the top.
	place, _ := FitCenter.place(200, 100, size{100, 100})
	nan := float32(math.NaN())
	got := boxes([]candidate{
		{10, 35, 30, 55, 0.5, 1},
		{-10, 0, 10, 50, 1.5, 0},   // reaches past two edges, and a score that rounding took above 1
		{0, 80, 50, 90, 0.9, 0},    // below the picture
		{nan, 30, 50, 90, 0.9, 0},  // no number
		{50, 30, 20, 50, 0.9, 0},   // turned around
		{10, 35, 30, 55, nan, 0},   // a score that is none
		{10, 35, 30, 55, 0.25, 99}, // a class without a name
	}, place, 200, 100, []string{"person", "dog"})
	if len(got) != 3 {
		t.Fatalf("%d boxes, want 3: %v", len(got), got)
	}
	off := func(got, want float32) bool { return math.Abs(float64(got-want)) > 1e-6 }
	if b := got[0]; off(b.X, 0.1) || off(b.Y, 0.2) || off(b.W, 0.2) || off(b.H, 0.4) || b.Label != "dog" {
		t.Errorf("the box is %+v", b)
	}
	if b := got[1]; b.X != 0 || b.Y != 0 || off(b.W, 0.1) || off(b.H, 0.5) || b.Score != 1 || b.Label != "person" {
		t.Errorf("the cut box is %+v", b)
	}
	if got[2].Label != "" {
		t.Errorf("class 99 of 2 is called %q", got[2].Label)
	}
}
