package onnx

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
)

// TestRetune: what counts as a box changes in place, and the network stays loaded.
func TestRetune(t *testing.T) {
	network, err := json.Marshal(network(t))
	if err != nil {
		t.Fatal(err)
	}
	names := filepath.Join(t.TempDir(), "two.names")
	if err := os.WriteFile(names, []byte("cow\npig\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	kind := Kind(Runtimes{ORT: fake{}})
	open := func(t *testing.T, options string) nodetest.Life {
		d := nodetest.OpenDetector(t, kind, options, nodetest.DetectorEnv(t))
		pool := frame.NewPool(frame.PoolOptions{Slabs: 1})
		t.Cleanup(pool.Close)
		return nodetest.Life{Node: d.Model, Look: func() string {
			f := nodetest.Picture(t, pool, frame.BGR, 64, 64, 0, func(int, int) byte { return 9 })
			defer f.Release()
			return fmt.Sprint(d.Must(f)["boxes"].AsBoxes())
		}}
	}
	with := func(more string) string { return `{"model": ` + string(network) + more + `}` }
	const two = `, "labels": ["cat", "dog"]`
	nodetest.Retune(t, kind, open,
		nodetest.Edit{Option: "threshold", From: with(two), To: with(two + `, "threshold": 0.85`)},
		nodetest.Edit{Option: "overlap", From: with(two), To: with(two + `, "overlap": 1`)},
		nodetest.Edit{Option: "labels", From: with(two), To: with(`, "labels": ["cow", "pig"]`)},
		nodetest.Edit{Option: "labelsFile", From: with(two), To: with(`, "labelsFile": "` + names + `"`)},
		nodetest.Edit{Option: "keep", From: with(two), To: with(two + `, "keep": ["dog"]`)},
	)
}
