package track

import (
	"math"
	"math/rand/v2"
	"testing"
)

// price is what an assignment costs: pairs, and most for each row that stays single.
func price(cost [][]float64, pairs []int, most float64) float64 {
	sum := 0.0
	for i, j := range pairs {
		if j < 0 {
			sum += most
		} else {
			sum += cost[i][j]
		}
	}
	return sum
}

// cheapest is the least price over all assignments, by trying each.
func cheapest(cost [][]float64, columns int, most float64, row int, used []bool) float64 {
	if row == len(cost) {
		return 0
	}
	best := most + cheapest(cost, columns, most, row+1, used)
	for j := range columns {
		if !used[j] && cost[row][j] <= most {
			used[j] = true
			best = min(best, cost[row][j]+cheapest(cost, columns, most, row+1, used))
			used[j] = false
		}
	}
	return best
}

func TestAssignIsTheCheapest(t *testing.T) {
	const seed, most = 21, 0.8
	r := rand.New(rand.NewPCG(seed, seed))
	for round := range 500 {
		rows, columns := r.IntN(6), r.IntN(6)
		cost := make([][]float64, rows)
		for i := range cost {
			cost[i] = make([]float64, columns)
			for j := range cost[i] {
				cost[i][j] = r.Float64() * 1.2
			}
		}
		got := assign(cost, columns, most)
		taken := map[int]bool{}
		for i, j := range got {
			if j >= 0 && (taken[j] || cost[i][j] > most) {
				t.Fatalf("seed %d, round %d: %v takes a column twice or at more than %v", seed, round, got, most)
			}
			taken[j] = j >= 0
		}
		if p, want := price(cost, got, most), cheapest(cost, columns, most, 0, make([]bool, columns)); math.Abs(p-want) > 1e-9 {
			t.Fatalf("seed %d, round %d: costs %v, the cheapest is %v", seed, round, p, want)
		}
	}
}

func BenchmarkAssign(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	cost := make([][]float64, 20)
	for i := range cost {
		cost[i] = make([]float64, 20)
		for j := range cost[i] {
			cost[i][j] = r.Float64() * 2
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		assign(cost, 20, 0.8)
	}
}
