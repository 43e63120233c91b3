//go:build cgo && opencv

package accept

import (
	"context"
	"encoding/json"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// thirds returns a kind of camera that gives pictures 1, 4, 7 and so on of a file: those that the figures of the networks are for.
// They differ: of the smallest network recall is 0.703 on these, 0.680 on 2, 5, 8 and 0.687 on 3, 6, 9.
func thirds(file node.Kind) node.Kind {
	return node.Camera(node.Contract{Name: "thirds", Doc: "gives every third picture of a file", Options: "#Options: path: string"},
		func(env node.CameraEnv, o thirdsOptions) (node.Source, error) {
			raw, err := json.Marshal(o)
			if err != nil {
				return nil, err
			}
			src, err := file.OpenCamera(env, raw)
			return thirdsSource{src}, err
		})
}

type thirdsOptions struct {
	Path string `json:"path"`
}

type thirdsSource struct{ node.Source }

func (s thirdsSource) Open(ctx context.Context) (node.Stream, error) {
	st, err := s.Source.Open(ctx)
	return &thirdsStream{Stream: st}, err
}

type thirdsStream struct {
	node.Stream
	n int
}

func (s *thirdsStream) Next(ctx context.Context, alloc node.Allocator) (*frame.Frame, error) {
	for {
		f, err := s.Stream.Next(ctx, alloc)
		if err != nil {
			return nil, err
		}
		if s.n++; s.n%3 == 1 {
			return f, nil
		}
		f.Release()
	}
}
