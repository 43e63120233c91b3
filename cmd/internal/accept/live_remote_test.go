package accept

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"rvo.dev/engine"
	"rvo.dev/nodes/all"
	"rvo.dev/nodes/detect/remote"
	inferencev2 "rvo.dev/proto/inference/v2"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// seer is a service that sees a person and a cat in every picture, and notes how it is asked.
type seer struct {
	detectv1.UnimplementedDetectorServer
	b badge
}

// Detect implements detectv1.DetectorServer.
func (s *seer) Detect(ctx context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	s.b.note("", fmt.Sprintf("asked by %s with %d of JPEG, %d of %s", by(ctx), len(r.GetFrameJpeg()), len(r.GetImage().GetData()), r.GetImage().GetFormat()), 0)
	return &detectv1.DetectResponse{FrameId: r.GetFrameId(), Signals: []*detectv1.SignalOut{
		{SignalType: "Person", Value: 1}, {SignalType: "Cat", Value: 2},
	}}, nil
}

// by returns who asks.
func by(ctx context.Context) string {
	md, _ := metadata.FromIncomingContext(ctx)
	return strings.Join(md.Get("authorization"), " ")
}

// modelServer serves networks of YOLOX's form that find a cat and a dog in every picture, whatever they are called.
type modelServer struct {
	inferencev2.UnimplementedGRPCInferenceServiceServer
	b badge
}

// ModelReady implements inferencev2.GRPCInferenceServiceServer.
func (s *modelServer) ModelReady(context.Context, *inferencev2.ModelReadyRequest) (*inferencev2.ModelReadyResponse, error) {
	return &inferencev2.ModelReadyResponse{Ready: true}, nil
}

// ModelMetadata implements inferencev2.GRPCInferenceServiceServer.
func (s *modelServer) ModelMetadata(_ context.Context, q *inferencev2.ModelMetadataRequest) (*inferencev2.ModelMetadataResponse, error) {
	tensor := func(name string, shape ...int64) []*inferencev2.ModelMetadataResponse_TensorMetadata {
		return []*inferencev2.ModelMetadataResponse_TensorMetadata{{Name: name, Datatype: "FP32", Shape: shape}}
	}
	return &inferencev2.ModelMetadataResponse{
		Name: q.GetName(), Versions: []string{"1", "2"}, Inputs: tensor("images", 1, 3, -1, -1), Outputs: tensor("output", -1, -1, 7),
	}, nil
}

// ModelInfer implements inferencev2.GRPCInferenceServiceServer.
func (s *modelServer) ModelInfer(ctx context.Context, q *inferencev2.ModelInferRequest) (*inferencev2.ModelInferResponse, error) {
	shape := q.GetInputs()[0].GetShape()
	s.b.note("", fmt.Sprintf("asked by %s for %s %s of %v", by(ctx), q.GetModelName(), q.GetModelVersion(), shape), 0)
	rows := int64(0)
	for _, stride := range []int64{8, 16, 32} {
		rows += shape[2] / stride * (shape[3] / stride)
	}
	out := make([]float32, rows*7)
	copy(out, []float32{1, 1, 0, 0, 0.9, 1, 0})        // a cat
	copy(out[7:], []float32{0.25, 1, 0, 0, 0.7, 1, 0}) // the same one, nearly
	copy(out[7*5:], []float32{0, 0, 0, 0, 0.8, 0, 1})  // a dog
	var bytes []byte
	for _, v := range out {
		bytes = binary.LittleEndian.AppendUint32(bytes, math.Float32bits(v))
	}
	return &inferencev2.ModelInferResponse{
		ModelName: q.GetModelName(), ModelVersion: q.GetModelVersion(), Id: q.GetId(),
		Outputs:           []*inferencev2.ModelInferResponse_InferOutputTensor{{Name: "output", Datatype: "FP32", Shape: []int64{1, rows, 7}}},
		RawOutputContents: [][]byte{bytes},
	}, nil
}

// serving runs a server of both services, which notes how it is asked under an id, and returns its address.
func serving(t *testing.T, s *spies, id string, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer(options...)
	b := s.visitor(id)
	detectv1.RegisterDetectorServer(g, &seer{b: b})
	inferencev2.RegisterGRPCInferenceServiceServer(g, &modelServer{b: b})
	done := make(chan struct{})
	go func() { defer close(done); _ = g.Serve(l) }()
	t.Cleanup(func() { g.Stop(); <-done })
	return l.Addr().String()
}

// certificate returns one for example.com that vouches for itself, as a server's option and in a file.
func certificate(t *testing.T) (grpc.ServerOption, []byte) {
	t.Helper()
	h := httptest.NewTLSServer(http.NotFoundHandler())
	defer h.Close()
	return grpc.Creds(credentials.NewServerTLSFromCert(&h.TLS.Certificates[0])),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})
}

// remoteOptions has an edit of every option of the kinds that ask a server; open makes the servers for one of them.
func remoteOptions() map[string]func(t *testing.T, s *spies) live {
	out := map[string]func(t *testing.T, s *spies) live{}
	file := func(t *testing.T, name string, text []byte) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := func(t *testing.T, name string) any {
		t.Helper()
		t.Setenv(name, "secret of "+name)
		return map[string]string{"env": name}
	}
	all := map[string]map[string]any{
		"grpc":   {"signals": raw(`{"person": {"type": "int"}}`)},
		"kserve": {"model": "cats", "labels": []string{"cat", "dog"}, "inputSize": "64x64"},
	}
	add := func(kind, option string, says func(*window) string, values func(t *testing.T, s *spies, base map[string]any) (to any)) {
		out[kind+"."+option] = func(t *testing.T, s *spies) live {
			t.Helper()
			base := maps.Clone(all[kind])
			base["endpoint"] = "http://" + serving(t, s, "one")
			to := values(t, s, base)
			edited := maps.Clone(base)
			if edited[option] = to; option == "labelsFile" {
				delete(edited, "labels")
			}
			at := func(o map[string]any) any {
				return map[string]any{kind: o, "fps": 20, "timeout": "2s", "cameras": []string{"gate"}}
			}
			return live{
				node: "detector/it", says: says,
				base: set{"cameras.gate.synthetic": raw(`{"pattern": "still"}`), "detectors.it": at(base)},
				to:   set{"detectors.it": at(edited)},
			}
		}
	}
	to := func(value any) func(*testing.T, *spies, map[string]any) any {
		return func(*testing.T, *spies, map[string]any) any { return value }
	}
	asked, said := kinds("service/one", ""), kinds("detector/it", "gate")
	for kind := range all {
		add(kind, "endpoint", kinds("service/two", ""), func(t *testing.T, s *spies, _ map[string]any) any {
			t.Helper()
			return "http://" + serving(t, s, "two")
		})
		add(kind, "tls", nil, func(t *testing.T, s *spies, base map[string]any) any {
			t.Helper()
			creds, ca := certificate(t)
			base["endpoint"] = "https://" + serving(t, s, "three", creds)
			base["tls"] = map[string]string{"ca": file(t, "a.pem", ca), "serverName": "example.com"}
			return map[string]string{"ca": file(t, "b.pem", ca), "serverName": "example.com"}
		})
		add(kind, "token", asked, func(t *testing.T, _ *spies, base map[string]any) any {
			t.Helper()
			base["token"] = secret(t, "RVO_TEST_ONE")
			return secret(t, "RVO_TEST_TWO")
		})
		add(kind, "serviceConfig", nil, to(`{"loadBalancingConfig": [{"pick_first": {}}]}`))
		add(kind, "maxMessage", nil, to("8MiB"))
		add(kind, "keepalive", nil, to("30s"))
	}
	add("grpc", "signals", said, to(raw(`{"person": {"type": "int"}, "cat": {"type": "int"}}`)))
	add("grpc", "format", asked, to("bgr"))
	add("grpc", "quality", asked, to(30))

	add("kserve", "model", asked, to("dogs"))
	add("kserve", "version", asked, to("2"))
	add("kserve", "family", nil, to("yolox"))
	add("kserve", "inputSize", asked, to("96x96"))
	add("kserve", "threshold", said, to(0.85))
	add("kserve", "overlap", said, to(1))
	add("kserve", "labels", said, to([]string{"cow", "pig"}))
	add("kserve", "labelsFile", said, func(t *testing.T, _ *spies, _ map[string]any) any {
		t.Helper()
		return file(t, "two.names", []byte("cow\npig\n"))
	})
	add("kserve", "keep", said, to([]string{"dog"}))
	return out
}

// TestEveryRemoteOptionLive edits every option of the kinds that ask a server, on the real clock.
func TestEveryRemoteOptionLive(t *testing.T) {
	remote.Quiet(os.Getenv)
	cases := remoteOptions()
	var want []string
	for _, k := range all.Kinds() {
		if name := k.Contract.Name; name == "grpc" || name == "kserve" {
			for option := range k.Contract.Changes {
				want = append(want, name+"."+option)
			}
		}
	}
	for _, name := range want {
		if cases[name] == nil {
			t.Errorf("option %s has no edit here: add one, with its effect", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		if !slices.Contains(want, name) {
			t.Errorf("there is no option %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			kinds, spies := spiedKinds(t)
			cases[name](t, spies).run(t, onClock("detector/it"), kinds, spies)
		})
	}
}

// TestExternalSignalsLive: a signal that is told can be told as soon as an edit declares it, and what was told before stays.
func TestExternalSignalsLive(t *testing.T) {
	kinds, _ := spiedKinds(t)
	doors := func(signals string) set {
		return set{"detectors.door": raw(`{"external": {"signals": ` + signals + `}, "fps": 1}`)}
	}
	from := compiled(t, with(t, doors(`{"open": {"type": "bool", "ttl": "1h"}}`)), kinds)
	to := compiled(t, with(t, doors(`{"open": {"type": "bool", "ttl": "1h"}, "locked": {"type": "bool", "ttl": "1h"}}`)), kinds)
	r := launch(t, from)
	r.until(10*time.Second, "it runs", func() bool { return r.e.Status().Started })
	tell := func(signal string) error { return r.e.Tell(signal, "gate", json.RawMessage("true"), 0) }
	if err := tell("door.open"); err != nil {
		t.Fatal(err)
	}
	if err := tell("door.locked"); err == nil {
		t.Error("a signal that nobody declared is taken")
	}
	if _, err := r.e.Swap(t.Context(), to, engine.SwapOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []string{"door.locked", "door.open"} {
		if err := tell(signal); err != nil {
			t.Errorf("after the edit: %v", err)
		}
	}
}
