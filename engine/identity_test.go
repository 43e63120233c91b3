package engine

import (
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/node"
)

// TestRecordsNameTheNetworks: each record has the networks behind what its event reads, also through detectors in between, and
// no others.
func TestRecordsNameTheNetworks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("net", 10, says(time.Millisecond, 2))
		k.detector("other", 10, says(time.Millisecond, 2))
		k.detector("plain", 10, says(time.Millisecond, 2))
		k.detector("track", 10, says(time.Millisecond, 2)).Needs = []string{"net.boxes"}
		net, other := node.Identity{Name: "people.onnx", SHA256: "4b"}, node.Identity{Name: "cars", Version: "3"}
		k.networks = map[string]node.Identity{"net": net, "other": other}
		k.event("directly", "net.count", 0)
		k.event("through", "track.count", 0)
		k.event("elsewhere", "other.count", 0)
		k.event("none", "plain.count", 0)
		k.sink()
		k.run(2 * time.Second)
		want := map[string]map[string]node.Identity{"directly": {"net": net}, "through": {"net": net}, "elsewhere": {"other": other}, "none": nil}
		if len(k.records) != 8 { // each is confirmed and, at the end, ended
			t.Fatalf("%d records, want 8", len(k.records))
		}
		for _, r := range k.records {
			if !maps.Equal(r.Models, want[r.Event]) {
				t.Errorf("%s %s names the networks %v, want %v", r.Event, r.State, r.Models, want[r.Event])
			}
		}
	})
}
