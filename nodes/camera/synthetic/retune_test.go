package synthetic

import (
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
)

// A look is at ten pictures.
func TestRetune(t *testing.T) {
	open := func(t *testing.T, options string) nodetest.Life {
		env := nodetest.CameraEnv(t)
		env.FPS, env.Width, env.Height = 2, 96, 64
		k := Kind()
		src, err := k.OpenCamera(env, []byte(options))
		if err != nil {
			t.Fatal(err)
		}
		stream, err := src.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		pool := frame.NewPool(frame.PoolOptions{Slabs: 1})
		t.Cleanup(pool.Close)
		return nodetest.Life{Node: src, Look: func() string {
			var b strings.Builder
			for range 10 {
				f, err := stream.Next(t.Context(), pool)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&b, "%s %08x\n", f.PTS, crc32.ChecksumIEEE(f.Pix()))
				f.Release()
			}
			return b.String()
		}}
	}
	nodetest.Retune(t, Kind(), open,
		nodetest.Edit{Option: "pattern", From: `{}`, To: `{"pattern": "rectangle"}`},
		nodetest.Edit{Option: "seed", From: `{"seed": 1}`, To: `{"seed": 2}`},
		nodetest.Edit{Option: "size", From: `{"size": 0.2}`, To: `{"size": 0.3}`},
		nodetest.Edit{Option: "speed", From: `{"speed": 0.2}`, To: `{"speed": 0.3}`},
		nodetest.Edit{Option: "moving", From: `{"moving": "4s"}`, To: `{"moving": "1s"}`},
		nodetest.Edit{Option: "still", From: `{"moving": "1s", "still": "6s"}`, To: `{"moving": "1s", "still": "1s"}`},
		nodetest.Edit{Option: "noise", From: `{}`, To: `{"noise": 3}`},
		nodetest.Edit{Option: "level", From: `{"pattern": "solid"}`, To: `{"pattern": "solid", "level": 129}`},
		nodetest.Edit{Option: "period", From: `{"pattern": "alternating", "period": 15}`, To: `{"pattern": "alternating", "period": 2}`},
	)
}
