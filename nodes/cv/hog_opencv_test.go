//go:build cgo && opencv

package cv

import (
	"encoding/csv"
	"os"
	"strconv"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
)

// counts reads a truth file of the form frame,number; frame 1 is the first.
func counts(t testing.TB, path string) []int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, row := range rows[1:] {
		n, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// TestHOGCount compares the number of people on every tenth picture of a real clip with the truth.
func TestHOGCount(t *testing.T) {
	path, truth := media(t, "vtest.avi"), counts(t, media(t, "vtest.counts.csv"))
	s, err := openClip(t, path, false)
	if err != nil {
		t.Fatal(err)
	}
	k := kind(t, "hog")
	emits, _ := k.Contract.Emits(nil)
	in, run := instance(t, "hog", HOGOptions{})
	var n, off, people, found int
	var spent time.Duration
	i := 0
	all(t, s, newPool(t, 2), func(f *frame.Frame) {
		if i++; i%10 != 1 {
			return
		}
		start := time.Now()
		got := detect(t, in, run, emits, f)
		spent += time.Since(start)
		c := int(got["count"].(int64))
		if boxes := got["boxes"].([]signal.Box); len(boxes) != c {
			t.Fatalf("count %d with %d boxes", c, len(boxes))
		}
		n, people, found = n+1, people+truth[i-1], found+c
		off += max(c-truth[i-1], truth[i-1]-c)
	})
	mean := float64(off) / float64(n)
	t.Logf("%d pictures, %d people, %d found, mean count error %.2f, %v a picture", n, people, found, mean, (spent / time.Duration(n)).Round(time.Millisecond))
	if n < 79 || mean > 1.2 {
		t.Errorf("mean count error %.2f over %d pictures, must be at most 1.2 over 79", mean, n)
	}
}
