package engine

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// TestEventOfThePipeline: an event that looks at two cameras is one occurrence whose record names no camera, with a clip of
// the camera whose picture decided.
func TestEventOfThePipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.camera("back", 4, &fakeCamera{live: true})
		k.camera("front", 10, &fakeCamera{live: true})
		k.detector("d", 10, func(_ context.Context, n uint64, run *node.Run) error {
			v := int64(1)
			if run.Frames[0].Camera == "front" && n <= 32 {
				v = 0
			}
			run.Set("count", signal.Int(v))
			return nil
		})
		leaf := func(camera string) *event.Cond {
			return &event.Cond{Signal: "d.count", Camera: camera, Path: "when.all." + camera, Compare: []event.Comparison{{Rel: event.Gte, Value: signal.Int(1)}}}
		}
		k.spec.Events = append(k.spec.Events, graph.EventSpec{
			ID: "both", Enabled: true, Severity: "info", UnknownGrace: graph.DefaultUnknownGrace, Scope: graph.ScopePipeline, Evidence: "clip",
			When: &event.Cond{Op: event.OpAll, Path: "when", Of: []*event.Cond{leaf("back"), leaf("front")}},
		})
		k.spec.Evidence = []graph.EvidenceSpec{{ID: "clip", Pre: time.Second, Post: time.Second, Quality: 80, MinFree: 1}}
		k.sink()
		e := k.run(10 * time.Second)
		if got := k.states(); !slices.Equal(got, []string{"both@ confirmed", "both@ ended shutdown"}) {
			t.Fatalf("records %q", got)
		}
		raw, err := os.ReadFile(filepath.Join(k.cfg.StateDir, "evidence", k.records[0].Evidence, "meta.json"))
		if err != nil {
			t.Fatal(err)
		}
		var meta struct{ Camera string }
		if err := json.Unmarshal(raw, &meta); err != nil || meta.Camera != "front" {
			t.Errorf("the clip is of camera %q (%v), the picture that decided was front's", meta.Camera, err)
		}
		if m := e.w.Load().g.Machines[0]; m.Camera != graph.AllCameras || len(m.Cameras) != 2 {
			t.Errorf("machine %+v", m)
		}
	})
}
