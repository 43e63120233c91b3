package main

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// picture returns a JPEG of one brightness.
func picture(t *testing.T, level byte) []byte {
	t.Helper()
	im := image.NewGray(image.Rect(0, 0, 160, 120))
	for i := range im.Pix {
		im.Pix[i] = level
	}
	return encoded(t, im)
}

func encoded(t *testing.T, im image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, im, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLook(t *testing.T) {
	colour := image.NewRGBA(image.Rect(0, 0, 200, 100))
	for y := range 100 {
		for x := range 200 {
			colour.Set(x, y, color.RGBA{R: 200, G: 100, B: 50, A: 255})
		}
	}
	raw := bytes.Repeat([]byte{50, 100, 200}, 200*100)
	for _, c := range []struct {
		name string
		r    *detectv1.DetectRequest
		want float64
		err  string
	}{
		{"grey", &detectv1.DetectRequest{FrameJpeg: picture(t, 90)}, 90, ""},
		{"colour", &detectv1.DetectRequest{FrameJpeg: encoded(t, colour)}, 124, ""},
		{"raw", &detectv1.DetectRequest{Image: &detectv1.Image{Format: "bgr", Width: 200, Height: 100, Data: raw}}, 124.2, ""},
		{"nothing", &detectv1.DetectRequest{}, 0, "no JPEG"},
		{"half a picture", &detectv1.DetectRequest{FrameJpeg: picture(t, 90)[:200]}, 0, "no JPEG"},
		{"red first", &detectv1.DetectRequest{Image: &detectv1.Image{Format: "rgb", Width: 200, Height: 100, Data: bytes.Repeat([]byte{200, 100, 50}, 200*100)}}, 124.2, ""},
		{"brightness alone", &detectv1.DetectRequest{Image: &detectv1.Image{Format: "gray", Width: 200, Height: 100, Data: bytes.Repeat([]byte{124}, 200*100)}}, 124, ""},
		{"video range", &detectv1.DetectRequest{Image: &detectv1.Image{Format: "nv12", Width: 200, Height: 100, Data: bytes.Repeat([]byte{235}, 200*100*3/2)}}, 255, ""},
		{"raw and short", &detectv1.DetectRequest{Image: &detectv1.Image{Format: "bgr", Width: 200, Height: 100, Data: raw[1:]}}, 0, "has 60000 bytes, got 59999"},
		{"raw and of no size", &detectv1.DetectRequest{Image: &detectv1.Image{Format: "bgr"}}, 0, "each side must be 1 to"},
		{"raw in another format", &detectv1.DetectRequest{Image: &detectv1.Image{Format: "yuyv", Width: 200, Height: 100, Data: raw}}, 0, "must be one of"},
	} {
		got, err := look(c.r)
		if c.err == "" && (err != nil || got < c.want-1 || got > c.want+1) || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s is %.1f, %v, want %.1f %s", c.name, got, err, c.want, c.err)
		}
	}
}

func TestParse(t *testing.T) {
	for args, want := range map[string]string{
		"":                               "",
		"--port 0 --signal A --ttl-ms 0": "",
		"--port 70000":                   "must be 0 to 65535",
		"--signal=":                      "is empty",
		"--latency-ms -1":                "0 or above",
		"--workers 0":                    "1 or above",
		"more":                           "flags only",
		"--none":                         "not defined",
	} {
		_, err := parse(strings.Fields(args), io.Discard)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q gives %v, want %q", args, err, want)
		}
	}
}

// running is the program with some flags, as a client sees it.
type running struct {
	*grpc.ClientConn
	stop func() error
}

// start runs the program until stop, or the end of the test.
func start(t *testing.T, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, append(args, "--port", "0"), w)
		_ = w.Close()
	}()
	line := make([]byte, 1000)
	n, err := r.Read(line)
	if err != nil {
		t.Fatalf("it does not start: %v", err)
	}
	go func() { _, _ = io.Copy(io.Discard, r) }()
	_, rest, _ := strings.Cut(string(line[:n]), "address=")
	at, _, _ := strings.Cut(rest, " ")
	cc, err := grpc.NewClient(at, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		_ = cc.Close()
		if err := stop(); err != nil {
			t.Errorf("it ends with %v", err)
		}
	})
	return running{cc, stop}
}

func TestService(t *testing.T) {
	c := detectv1.NewDetectorClient(start(t, "--signal", "Bright", "--ttl-ms", "250"))
	stream, err := c.DetectStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n, level := range []byte{10, 200, 49, 51} {
		q := &detectv1.DetectRequest{FrameId: uint64(n) + 7, FrameJpeg: picture(t, level)}
		one, err := c.Detect(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.Send(q); err != nil {
			t.Fatal(err)
		}
		two, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range []*detectv1.DetectResponse{one, two} {
			bright := len(a.GetSignals()) == 1 && a.GetSignals()[0].GetSignalType() == "Bright" && a.GetSignals()[0].GetValue() == 1 && a.GetSignals()[0].GetTtlNs() == uint64(250*time.Millisecond)
			if a.GetFrameId() != q.GetFrameId() || a.GetModel().GetName() != "brightness" || bright != (level >= 50) || !bright && len(a.GetSignals()) > 0 {
				t.Errorf("a picture of level %d gives %v", level, a)
			}
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}
	if _, err := stream.Recv(); err != io.EOF { //nolint:errorlint // gRPC promises the value itself
		t.Errorf("after the last picture: %v", err)
	}
	if _, err := c.Detect(t.Context(), &detectv1.DetectRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no picture gives %v", err)
	}
}

// TestBudget: what is not of use any more is given up, also where only the question says so.
func TestBudget(t *testing.T) {
	c := detectv1.NewDetectorClient(start(t, "--latency-ms", "60000", "--always", "--workers", "1"))
	began := time.Now()
	_, err := c.Detect(t.Context(), &detectv1.DetectRequest{BudgetNs: uint64(50 * time.Millisecond)})
	if took := time.Since(began); status.Code(err) != codes.DeadlineExceeded || took > 20*time.Second {
		t.Errorf("a question with 50ms for it gives %v after %v", err, took)
	}
}

// TestGracefulStop: the question that is out is answered, and the service calls itself unwell first.
func TestGracefulStop(t *testing.T) {
	s := start(t, "--latency-ms", "1000", "--always", "--drain", "20s")
	h := healthv1.NewHealthClient(s)
	if a, err := h.Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil || a.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Fatalf("health is %v, %v", a.GetStatus(), err)
	}
	watch, err := h.Watch(t.Context(), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Recv(); err != nil {
		t.Fatal(err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := detectv1.NewDetectorClient(s).Detect(t.Context(), &detectv1.DetectRequest{FrameId: 1})
		answer <- err
	}()
	time.Sleep(250 * time.Millisecond) // by then the question is out
	ended := make(chan error, 1)
	go func() { ended <- s.stop() }()
	if a, err := watch.Recv(); err != nil || a.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("while it stops its health is %v, %v", a.GetStatus(), err)
	}
	if err := <-answer; err != nil {
		t.Errorf("the question that was out gives %v", err)
	}
	_ = s.Close() // the watch would go on
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
