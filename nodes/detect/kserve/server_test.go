package kserve

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/model"
	inferencev2 "rvo.dev/proto/inference/v2"
)

// server is a model server with one model, as the Open Inference Protocol has it. Without run, its network is one of YOLOX's
// form for inputs of any size that finds a cat at the top left and a dog beside it in every picture.
type server struct {
	inferencev2.UnimplementedGRPCInferenceServiceServer

	input  []int64 // the declared shape; nil: 1 x 3 x 64 x 64
	output []int64 // nil: -1 x -1 x 7
	typ    string  // of the tensors; empty: FP32
	typed  bool    // answers in typed contents and not in bytes
	run    func(model.Tensor) ([]model.Tensor, error)
	before func(context.Context) error           // before an answer
	after  func(*inferencev2.ModelInferResponse) // with an answer
	ready  func() (*inferencev2.ModelReadyResponse, error)

	mu     sync.Mutex
	asked  int // for metadata
	runs   int
	budget time.Duration // of the last run
}

func (s *server) ModelReady(_ context.Context, q *inferencev2.ModelReadyRequest) (*inferencev2.ModelReadyResponse, error) {
	if s.ready != nil {
		return s.ready()
	}
	return &inferencev2.ModelReadyResponse{Ready: q.GetName() == "cats"}, nil
}

func (s *server) ModelMetadata(_ context.Context, q *inferencev2.ModelMetadataRequest) (*inferencev2.ModelMetadataResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if q.GetName() != "cats" {
		return nil, status.Errorf(codes.NotFound, "no model %q", q.GetName())
	}
	typ, in, out := s.typ, s.input, s.output
	if typ == "" {
		typ = fp32
	}
	if in == nil {
		in = []int64{1, 3, 64, 64}
	}
	if out == nil {
		out = []int64{-1, -1, 7}
	}
	return &inferencev2.ModelMetadataResponse{
		Name: q.GetName(), Versions: []string{"3"}, Platform: "test",
		Inputs:  []*inferencev2.ModelMetadataResponse_TensorMetadata{{Name: "images", Datatype: typ, Shape: in}},
		Outputs: []*inferencev2.ModelMetadataResponse_TensorMetadata{{Name: "output", Datatype: typ, Shape: out}},
	}, nil
}

func (s *server) ModelInfer(ctx context.Context, q *inferencev2.ModelInferRequest) (*inferencev2.ModelInferResponse, error) {
	s.mu.Lock()
	s.runs++
	if d, ok := ctx.Deadline(); ok {
		s.budget = time.Until(d)
	}
	before, after, run, typed, input := s.before, s.after, s.run, s.typed, s.input
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return nil, err
		}
	}
	in := q.GetInputs()[0]
	t := model.Tensor{Name: in.GetName()}
	for i, n := range in.GetShape() {
		if i < len(input) && input[i] > 0 && input[i] != n {
			return nil, status.Errorf(codes.InvalidArgument, "unexpected shape for input %q: %v", in.GetName(), in.GetShape())
		}
		t.Shape = append(t.Shape, int(n))
	}
	raw := q.GetRawInputContents()[0]
	t.Data = make([]float32, len(raw)/4)
	if err := binary.Read(bytes.NewReader(raw), binary.LittleEndian, t.Data); err != nil {
		return nil, err
	}
	if run == nil {
		run = catAndDog
	}
	out, err := run(t)
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	a := answer(out, typed)
	a.ModelName, a.ModelVersion, a.Id = q.GetModelName(), "3", q.GetId()
	if after != nil {
		after(a)
	}
	return a, nil
}

// answer writes tensors as a server does.
func answer(out []model.Tensor, typed bool) *inferencev2.ModelInferResponse {
	a := &inferencev2.ModelInferResponse{}
	for _, t := range out {
		o := &inferencev2.ModelInferResponse_InferOutputTensor{Name: t.Name, Datatype: fp32}
		for _, n := range t.Shape {
			o.Shape = append(o.Shape, int64(n))
		}
		if typed {
			o.Contents = &inferencev2.InferTensorContents{Fp32Contents: slices.Clone(t.Data)}
		} else {
			var raw []byte
			for _, v := range t.Data {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
			}
			a.RawOutputContents = append(a.RawOutputContents, raw)
		}
		a.Outputs = append(a.Outputs, o)
	}
	return a
}

// catAndDog is a network of YOLOX's form.
func catAndDog(in model.Tensor) ([]model.Tensor, error) {
	w, h := in.Shape[3], in.Shape[2]
	rows := (w/8)*(h/8) + (w/16)*(h/16) + (w/32)*(h/32)
	out := model.Tensor{Name: "output", Shape: []int{1, rows, 7}, Data: make([]float32, rows*7)}
	copy(out.Data, []float32{1, 1, 0, 0, 0.9, 1, 0})
	copy(out.Data[7:], []float32{0.25, 1, 0, 0, 0.7, 1, 0}) // the same cat: they overlap by 0.6
	copy(out.Data[7*5:], []float32{0, 0, 0, 0, 0.8, 0, 1})
	return []model.Tensor{out}, nil
}

// counts returns how often the server was asked for metadata and for a run.
func (s *server) counts() (asked, runs int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.runs
}

// serve runs a server at an address of this machine, "127.0.0.1:0" for a free one, until the test or the returned function
// ends it, and returns its endpoint.
func serve(t testing.TB, s *server, at string) (endpoint string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	inferencev2.RegisterGRPCInferenceServiceServer(g, s)
	var wg sync.WaitGroup
	wg.Go(func() { _ = g.Serve(l) })
	stop = sync.OnceFunc(func() {
		g.Stop()
		wg.Wait()
	})
	t.Cleanup(stop)
	return "http://" + l.Addr().String(), stop
}

// rig is a detector on one camera.
type rig struct {
	t        *testing.T
	pool     *frame.Pool
	inst     node.Instance
	run      *node.Run
	names    []string
	failures map[string]int // by hop and cause
}

const two = `"labels": ["cat", "dog"]`

func newRig(t *testing.T, endpoint, more string) *rig {
	t.Helper()
	r := &rig{t: t, failures: map[string]int{}}
	d := nodetest.OpenDetector(t, Kind(), `{"endpoint": "`+endpoint+`", "model": "cats", `+more+`}`, nodetest.DetectorEnv(t))
	r.inst, r.run = d.Instance, node.NewRun(d.Emits)
	for _, e := range d.Emits {
		r.names = append(r.names, e.Name)
	}
	r.pool = frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 2})
	t.Cleanup(r.pool.Close)
	return r
}

// ask makes one run on a gray picture with timeout for it.
func (r *rig) ask(timeout time.Duration) (map[string]signal.Value, error) {
	r.t.Helper()
	f := nodetest.Picture(r.t, r.pool, frame.BGR, 64, 64, 0, func(int, int) byte { return 9 })
	defer f.Release()
	return r.look(timeout, f)
}

func (r *rig) look(timeout time.Duration, f *frame.Frame) (map[string]signal.Value, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), timeout)
	defer cancel()
	r.run.Reset()
	r.run.Frames = append(r.run.Frames, f)
	began := time.Now()
	err := r.inst.Detect(ctx, r.run)
	if took := time.Since(began); took > timeout+2*time.Second {
		r.t.Errorf("a run with %v for it took %v", timeout, took)
	}
	if err != nil {
		why, ok := errors.AsType[*node.Failure](err)
		if !ok {
			r.t.Fatalf("the error %v says neither hop nor cause", err)
		}
		r.failures[why.Hop+"/"+why.Cause]++
		return nil, err
	}
	got := map[string]signal.Value{}
	for _, o := range r.run.Outputs() {
		got[r.names[o.Index]] = o.Value
	}
	return got, nil
}

// eventually tries until ok, for things that other processes and gRPC's own timers do in real time.
func eventually(t *testing.T, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v", within)
		}
	}
}
