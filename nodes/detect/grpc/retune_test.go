package grpc

import (
	"fmt"
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

// A look is what the service is asked with.
func TestRetune(t *testing.T) {
	s := &service{}
	at, _ := serve(t, s, "127.0.0.1:0")
	with := func(more string) string { return fmt.Sprintf(`{"endpoint": %q, %s, %s}`, at, personInt, more) }
	open := func(t *testing.T, options string) nodetest.Life {
		d := nodetest.OpenDetector(t, Kind(), options, nodetest.DetectorEnv(t))
		pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 1})
		t.Cleanup(pool.Close)
		run := node.NewRun(d.Emits)
		return nodetest.Life{Node: d.Model, Look: func() string {
			f := nodetest.Picture(t, pool, frame.BGR, 64, 48, 1, func(x, y int) byte { return byte(x * y) })
			defer f.Release()
			f.Seq, run.N = run.N+1, run.N+1
			run.Reset()
			run.Frames = append(run.Frames, f)
			if err := d.Instance.Detect(t.Context(), run); err != nil {
				t.Fatal(err)
			}
			q := s.last()
			return fmt.Sprintf("%s %d bytes, jpeg %d bytes", q.GetImage().GetFormat(), len(q.GetImage().GetData()), len(q.GetFrameJpeg()))
		}}
	}
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "format", From: with(`"format": "jpeg"`), To: with(`"format": "gray"`)},
		nodetest.Edit{Option: "quality", From: with(`"quality": 90`), To: with(`"quality": 20`)},
	)
}
