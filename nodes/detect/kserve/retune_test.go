package kserve

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
)

// TestRetune: what counts as a box changes in place, and the server is not asked again what its model is like.
func TestRetune(t *testing.T) {
	at, _ := serve(t, &server{}, "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "two.names")
	if err := os.WriteFile(file, []byte("cow\npig\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	open := func(t *testing.T, options string) nodetest.Life {
		d := nodetest.OpenDetector(t, Kind(), options, nodetest.DetectorEnv(t))
		pool := frame.NewPool(frame.PoolOptions{Slabs: 1})
		t.Cleanup(pool.Close)
		return nodetest.Life{Node: d.Model, Look: func() string {
			f := nodetest.Picture(t, pool, frame.BGR, 64, 64, 0, func(int, int) byte { return 9 })
			defer f.Release()
			return fmt.Sprint(d.Must(f)["boxes"].AsBoxes())
		}}
	}
	with := func(more string) string { return `{"endpoint": "` + at + `", "model": "cats"` + more + `}` }
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "threshold", From: with(`, ` + two), To: with(`, "threshold": 0.85, ` + two)},
		nodetest.Edit{Option: "overlap", From: with(`, ` + two), To: with(`, "overlap": 1, ` + two)},
		nodetest.Edit{Option: "labels", From: with(`, ` + two), To: with(`, "labels": ["cow", "pig"]`)},
		nodetest.Edit{Option: "labelsFile", From: with(`, ` + two), To: with(`, "labelsFile": "` + file + `"`)},
		nodetest.Edit{Option: "keep", From: with(`, ` + two), To: with(`, "keep": ["dog"], ` + two)},
	)
}
