//go:build cgo && opencv

package accept

import (
	"crypto/sha256"
	"fmt"
	"os"
	"testing"
	"time"
)

// TestRecordsHaveTheChecksumOfTheNetwork: every record of an event that rests on a network has the SHA-256 of its file, also where
// the event reads the detector that follows its boxes.
func TestRecordsHaveTheChecksumOfTheNetwork(t *testing.T) {
	clip, file := shared(t, "media", "vtest.avi"), shared(t, "models", "light_person_hw.onnx")
	weights, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, fmt.Sprintf(`apiVersion: "rvo/v1"
cameras: square: {file: path: %q, fps: 10}
detectors: {
	people: {onnx: {model: %q, inputSize: "256x192"}, fps: 5, cost: "10ms"}
	follow: {track: {}, needs: ["people.boxes"], fps: 5}
	moves: {motion: {}, fps: 5}
}
events: {
	crowd: {when: {signal: "people.count", gte: 1}}
	tracked: {when: {signal: "follow.count", gte: 1}}
	stirs: {when: {signal: "moves.level", gte: 0.0001}}
}
sinks: log: jsonl: path: "events.jsonl"
`, clip, file))
	defer r.end()
	want := fmt.Sprintf("%x", sha256.Sum256(weights))
	seen := map[string]bool{}
	r.until(time.Minute, "a record of each event", func() bool {
		for _, rec := range r.records() {
			seen[rec.Event] = true
			id, ok := rec.Models["people"]
			if wanted := rec.Event != "stirs"; ok != wanted || ok && (id.SHA256 != want || id.Name != "light_person_hw.onnx" || len(rec.Models) != 1) {
				t.Fatalf("the record of %s names the networks %v, want people of %s", rec.Event, rec.Models, want)
			}
		}
		return len(seen) == 3
	})
}
