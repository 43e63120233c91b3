//go:build cgo && opencv

package accept

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/cv"
	"rvo.dev/nodes/detect/kserve"
	"rvo.dev/nodes/detect/onnx"
	"rvo.dev/nodes/model"
	inferencev2 "rvo.dev/proto/inference/v2"
)

// networkServer runs one network as the Open Inference Protocol has it, with OpenCV.
type networkServer struct {
	inferencev2.UnimplementedGRPCInferenceServiceServer
	in, out []model.Info
	mu      sync.Mutex
	session model.Session
	runs    int
}

// serveModel runs a server of a network file on this machine until the test ends, and returns its endpoint.
func serveModel(t *testing.T, file string) (*networkServer, string) {
	t.Helper()
	weights, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	rt, _ := cv.DNN()
	net1, err := rt.Open(model.Files{Weights: weights}, model.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = net1.Close() })
	s := &networkServer{}
	if s.in, s.out, err = model.ReadONNX(weights); err != nil {
		t.Fatal(err)
	}
	if s.session, err = net1.NewSession(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.session.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	inferencev2.RegisterGRPCInferenceServiceServer(g, s)
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.Serve(l) })
	t.Cleanup(func() { g.Stop(); wg.Wait() })
	return s, "http://" + l.Addr().String()
}

// ModelReady implements inferencev2.GRPCInferenceServiceServer.
func (s *networkServer) ModelReady(context.Context, *inferencev2.ModelReadyRequest) (*inferencev2.ModelReadyResponse, error) {
	return &inferencev2.ModelReadyResponse{Ready: true}, nil
}

// ModelMetadata implements inferencev2.GRPCInferenceServiceServer.
func (s *networkServer) ModelMetadata(_ context.Context, q *inferencev2.ModelMetadataRequest) (*inferencev2.ModelMetadataResponse, error) {
	tensors := func(infos []model.Info) (out []*inferencev2.ModelMetadataResponse_TensorMetadata) {
		for _, i := range infos {
			t := &inferencev2.ModelMetadataResponse_TensorMetadata{Name: i.Name, Datatype: "FP32"}
			for _, n := range i.Shape {
				t.Shape = append(t.Shape, int64(n))
			}
			out = append(out, t)
		}
		return out
	}
	return &inferencev2.ModelMetadataResponse{Name: q.GetName(), Platform: "opencv", Inputs: tensors(s.in), Outputs: tensors(s.out)}, nil
}

// ModelInfer implements inferencev2.GRPCInferenceServiceServer.
func (s *networkServer) ModelInfer(_ context.Context, q *inferencev2.ModelInferRequest) (*inferencev2.ModelInferResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runs++
	raw := q.GetRawInputContents()[0]
	in := model.Tensor{Name: q.GetInputs()[0].GetName(), Data: make([]float32, len(raw)/4)}
	for _, n := range q.GetInputs()[0].GetShape() {
		in.Shape = append(in.Shape, int(n))
	}
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, in.Data); err != nil {
		return nil, status.Error(codes.InvalidArgument, err.Error())
	}
	out, err := s.session.Run(in)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	a := &inferencev2.ModelInferResponse{ModelName: q.GetModelName(), ModelVersion: "1"}
	for _, t := range out {
		o := &inferencev2.ModelInferResponse_InferOutputTensor{Name: t.Name, Datatype: "FP32"}
		for _, n := range t.Shape {
			o.Shape = append(o.Shape, int64(n))
		}
		var b []byte
		for _, v := range t.Data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		a.Outputs, a.RawOutputContents = append(a.Outputs, o), append(a.RawOutputContents, b)
	}
	return a, nil
}

// TestModelServerSaysWhatTheFileDoes: a network behind a model server finds what it finds in this process, in pictures of a
// street, for each family that both can run.
func TestModelServerSaysWhatTheFileDoes(t *testing.T) {
	clip, dir := shared(t, "media", "vtest.avi"), shared(t, "models")
	frames := fromClip(t, clip, 8)
	rt, _ := cv.DNN()
	for _, file := range []string{"light_person_192.onnx", "yolox_nano.onnx", "object_detection_nanodet_2022nov.onnx", "fastestdet_352.onnx"} {
		t.Run(file, func(t *testing.T) {
			s, at := serveModel(t, dir+"/"+file)
			labels := `, "labelsFile": "` + dir + `/coco80.names"`
			if file == "light_person_192.onnx" {
				labels = ""
			}
			here := nodetest.OpenDetector(t, onnx.Kind(onnx.Runtimes{OpenCV: rt}), fmt.Sprintf(`{"model": %q%s}`, dir+"/"+file, labels), nodetest.DetectorEnv(t))
			there := nodetest.OpenDetector(t, kserve.Kind(), fmt.Sprintf(`{"endpoint": %q, "model": "m"%s}`, at, labels), nodetest.DetectorEnv(t))
			defer here.Close()
			defer there.Close()
			found := 0
			for _, f := range frames {
				want := here.Must(f)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				run := node.NewRun(there.Emits)
				run.Frames = append(run.Frames, f)
				err := there.Instance.Detect(ctx, run)
				cancel()
				if err != nil {
					t.Fatal(err)
				}
				var got []signal.Box
				for _, o := range run.Outputs() {
					if there.Emits[o.Index].Name == "boxes" {
						got = o.Value.AsBoxes()
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(want["boxes"].AsBoxes()) {
					t.Errorf("the server's network finds %v, the file's %v", got, want["boxes"].AsBoxes())
				}
				found += len(got)
			}
			if found == 0 {
				t.Error("it finds nothing at all")
			}
			if id := there.Model.(node.Identifier).Identity(); id.Name != "m" || id.Version != "1" {
				t.Errorf("the network is %v", id)
			}
			t.Logf("%s: %d boxes in %d pictures, the same from the server in %d runs", file, found, len(frames), s.runs)
		})
	}
}
