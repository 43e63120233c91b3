//go:build cgo && opencv

package accept

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// happening is something that is dated by a picture of the clip: a crossing of a line to a side, a person who enters a zone.
type happening struct {
	frame int
	what  string
}

// TestPeopleCount runs pipelines/people-count over its clip in lockstep: the number of people is off by at most 0.8 in the mean, and
// crossings of lines, entries to the zone and exits from it are found with a precision and a recall of at least 0.88.
// The other network is printed and not judged.
func TestPeopleCount(t *testing.T) {
	clip, models := shared(t, "media", "vtest.avi"), shared(t, "models")
	counts := map[int]int{}
	for _, row := range table(t, shared(t, "media", "vtest.counts.csv")) {
		counts[number(t, row[0])] = number(t, row[1])
	}
	var lines, zones []happening
	for _, row := range table(t, shared(t, "media", "vtest.lines.csv")) {
		lines = append(lines, happening{number(t, row[0]), row[1] + map[string]string{"A": "_left", "B": "_right"}[row[3]]})
	}
	for _, row := range table(t, shared(t, "media", "vtest.zones.csv")) {
		zones = append(zones, happening{number(t, row[0]), row[1] + "_" + row[3]})
	}
	dir, err := filepath.Abs(filepath.Join("..", "..", "..", "pipelines", "people-count"))
	if err != nil {
		t.Fatal(err)
	}
	const taps = `
cameras: square: pace: "lockstep"
detectors: {
	boxes: {tap: {}, needs: ["people.boxes"], fps: 10}
	events: {tap: {}, needs: ["walkers.mid_left", "walkers.mid_right", "walkers.lane_left", "walkers.lane_right", "walkers.centre_enter", "walkers.centre_exit"], fps: 10}
}
events: tapped: when: any: [{signal: "boxes.n", gte: 1}, {signal: "events.n", gte: 1}]
`
	for _, n := range []struct {
		model, labels, size string
		judged              bool
	}{{"light_person_192.onnx", "", "256x192", true}, {"yolox_nano.onnx", "coco80.names", "320x256", false}} {
		labels := n.labels
		if labels != "" {
			labels = filepath.Join(models, labels)
		}
		seen := tapped(t, dir, []string{"pipeline.cue", "taps.cue"},
			[]string{"clip=" + clip, "model=" + filepath.Join(models, n.model), "labels=" + labels, "size=" + n.size}, map[string]string{"taps.cue": taps})
		off := 0
		for _, l := range seen["boxes"] {
			got := 0
			for _, b := range l.inputs[0].Value.AsBoxes() {
				if b.Score >= 0.5 {
					got++
				}
			}
			off += max(got-counts[l.frame], counts[l.frame]-got)
		}
		mean := float64(off) / float64(max(len(seen["boxes"]), 1))
		var crossed, visits []happening
		for _, l := range seen["events"] {
			for _, in := range l.inputs {
				_, what, _ := strings.Cut(in.Signal, ".")
				for range in.Value.AsInt() {
					if strings.HasPrefix(what, "centre") {
						visits = append(visits, happening{l.frame, what})
					} else {
						crossed = append(crossed, happening{l.frame, what})
					}
				}
			}
		}
		lp, lr := agreement(crossed, lines)
		zp, zr := agreement(visits, zones)
		t.Logf("%s: %d pictures and %d of them followed, the count is off by %.2f; lines: precision %.2f, recall %.2f; zone: precision %.2f, recall %.2f; judged: %v",
			n.model, len(seen["boxes"]), len(seen["events"]), mean, lp, lr, zp, zr, n.judged)
		if !n.judged {
			continue
		}
		if len(seen["boxes"]) < 390 || mean > 0.8 {
			t.Errorf("%s: the count is off by %.2f over %d pictures, want at most 0.8 over 390", n.model, mean, len(seen["boxes"]))
		}
		if min(lp, lr, zp, zr) < 0.88 {
			t.Errorf("%s: lines %.3f and %.3f, zone %.3f and %.3f, want at least 0.88 each", n.model, lp, lr, zp, zr)
		}
	}
}

// agreement matches what was found with the truth, each within a second of the clip and once.
func agreement(found, truth []happening) (precision, recall float64) {
	const within = clipFPS
	taken := make([]bool, len(truth))
	hits := 0
	for _, f := range found {
		best, at := within+1, -1
		for i, w := range truth {
			if d := max(f.frame-w.frame, w.frame-f.frame); !taken[i] && f.what == w.what && d < best {
				best, at = d, i
			}
		}
		if at >= 0 {
			taken[at] = true
			hits++
		}
	}
	return float64(hits) / float64(max(len(found), 1)), float64(hits) / float64(max(len(truth), 1))
}

// table reads a file of comma separated values, without its heading and comments.
func table(t *testing.T, file string) [][]string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(rows[1:])
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
