package track

import "math"

// assign pairs rows with columns of a table of costs so that the sum over the pairs is least; a pair whose cost is above most
// counts as two singles. It returns the column of each row, -1 for none. The method is the Hungarian one in the form of
// shortest augmenting paths (Jonker and Volgenant, "A Shortest Augmenting Path Algorithm for Dense and Sparse Linear
// Assignment Problems", 1987): the cube of the larger side.
func assign(cost [][]float64, columns int, most float64) []int {
	rows := len(cost)
	out := make([]int, rows)
	for i := range out {
		out[i] = -1
	}
	if rows == 0 || columns == 0 {
		return out
	}
	// Each row has a column of its own beside the real ones, at the price of staying single.
	n := columns + rows
	at := func(i, j int) float64 {
		switch {
		case j < columns:
			return min(cost[i][j], 2*most+1) // never better than single
		case j-columns == i:
			return most
		}
		return math.Inf(1)
	}
	u, v := make([]float64, rows+1), make([]float64, n+1)
	owner, way := make([]int, n+1), make([]int, n+1) // of columns, from 1; 0 is none
	least, used := make([]float64, n+1), make([]bool, n+1)
	for i := 1; i <= rows; i++ {
		owner[0] = i
		j0 := 0
		for j := range least {
			least[j], used[j] = math.Inf(1), false
		}
		for {
			used[j0] = true
			i0, delta, j1 := owner[j0], math.Inf(1), 0
			for j := 1; j <= n; j++ {
				if used[j] {
					continue
				}
				if c := at(i0-1, j-1) - u[i0] - v[j]; c < least[j] {
					least[j], way[j] = c, j0
				}
				if least[j] < delta {
					delta, j1 = least[j], j
				}
			}
			for j := range used {
				if used[j] {
					u[owner[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			if j0 = j1; owner[j0] == 0 {
				break
			}
		}
		for j0 != 0 {
			owner[j0] = owner[way[j0]]
			j0 = way[j0]
		}
	}
	for j := 1; j <= columns; j++ {
		if i := owner[j]; i > 0 && cost[i-1][j-1] <= most {
			out[i-1] = j - 1
		}
	}
	return out
}
