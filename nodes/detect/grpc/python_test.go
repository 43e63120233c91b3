package grpc

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	rpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// pythonService is the folder of the service that users copy.
const pythonService = "../../../proto/sdk/python"

// python returns a Python with what the service needs.
func python(t *testing.T) string {
	t.Helper()
	for _, p := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), p, "-c", "import grpc.aio, google.protobuf, cv2").Run() == nil {
			return p
		}
	}
	t.Skip("no python3 here has grpc and cv2 (Debian: python3-grpcio, python3-opencv)")
	return ""
}

// process is the Python service, as its own process.
type process struct {
	cmd *exec.Cmd
	at  string // host:port
}

// startPython runs the service until the end of the test or stop.
func startPython(t *testing.T, args ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), python(t), append([]string{"-B", "service.py"}, args...)...)
	cmd.Dir = pythonService
	cmd.WaitDelay = 10 * time.Second
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	p := &process{cmd: cmd}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		_ = out.Close()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "ready address="); ok {
			p.at, _, _ = strings.Cut(rest, " ")
			return p
		}
		t.Log(lines.Text())
	}
	t.Fatal("the service does not start")
	return nil
}

// client returns a connection to the service without a detector.
func (p *process) client(t *testing.T) *rpc.ClientConn {
	t.Helper()
	cc, err := rpc.NewClient(p.at, rpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// bright asks about a picture of one brightness.
func (r *rig) bright(timeout time.Duration, level byte) (int64, bool, error) {
	r.t.Helper()
	f := nodetest.Picture(r.t, r.pool, frame.BGR, 64, 48, r.now, func(int, int) byte { return level })
	defer f.Release()
	r.seq++
	f.Seq = r.seq
	got, err := r.look(timeout, f)
	v, ok := got["person_detected"]
	if !ok {
		return 0, false, err
	}
	return v.AsInt(), true, err
}

// TestPythonService: the service is asked as rvo asks it, over streams and calls, with each way to send a picture.
func TestPythonService(t *testing.T) {
	p := startPython(t, "--port", "0", "--threshold", "100", "--ttl-ms", "250")
	for name, more := range map[string]string{
		"stream": "", "calls": `, "serviceConfig": "{}"`,
		"bgr": `, "format": "bgr"`, "rgb": `, "format": "rgb"`, "gray": `, "format": "gray"`, "nv12": `, "format": "nv12"`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Kind(), "http://"+p.at, personInt+more)
			for _, level := range []byte{10, 200, 95, 105} {
				got, there, err := r.bright(30*time.Second, level)
				if err != nil || there != (level >= 100) || there && got != 1 {
					t.Errorf("a picture of level %d gives %d, %t, %v", level, got, there, err)
				}
			}
			// What it says counts for 250 ms from the picture on.
			if got, err := r.ask(30*time.Second, 300*time.Millisecond); err != nil || len(got) != 0 {
				t.Errorf("of a picture that is too old it gives %v, %v", got, err)
			}
		})
	}
	c := detectv1.NewDetectorClient(p.client(t))
	for name, q := range map[string]*detectv1.DetectRequest{
		"nothing":        {},
		"half a picture": {FrameJpeg: []byte{0xff, 0xd8, 0xff}},
		"raw and short":  {Image: &detectv1.Image{Format: "bgr", Width: 4, Height: 4, Data: make([]byte, 47)}},
		"odd":            {Image: &detectv1.Image{Format: "nv12", Width: 3, Height: 3, Data: make([]byte, 12)}},
		"unknown":        {Image: &detectv1.Image{Format: "yuyv", Width: 4, Height: 4, Data: make([]byte, 32)}},
	} {
		if _, err := c.Detect(t.Context(), q); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s gives %v", name, err)
		}
	}
}

// TestPythonServiceFindsBoxes: a model that knows where things are says so in a second signal, which is there where nothing is.
func TestPythonServiceFindsBoxes(t *testing.T) {
	p := startPython(t, "--port", "0", "--model", "hog")
	r := newRig(t, Kind(), "http://"+p.at, `"signals": {"person_detected": {"type": "int"}, "person_detected_boxes": {"type": "boxes"}}`)
	f := nodetest.Picture(t, r.pool, frame.BGR, 160, 200, r.now, func(x, y int) byte { return byte(x ^ y) })
	defer f.Release()
	f.Seq = 1
	got, err := r.look(30*time.Second, f)
	if err != nil {
		t.Fatal(err)
	}
	boxes, ok := got["person_detected_boxes"]
	if !ok {
		t.Fatalf("there are no boxes in %v", got)
	}
	n := 0
	if v, ok := got["person_detected"]; ok {
		n = int(v.AsInt())
	}
	if len(boxes.AsBoxes()) != n {
		t.Errorf("%d boxes and a count of %d", len(boxes.AsBoxes()), n)
	}
}

// TestPythonServiceKeepsTime: what is not of use any more is given up, over both methods.
func TestPythonServiceKeepsTime(t *testing.T) {
	p := startPython(t, "--port", "0", "--latency-ms", "60000", "--always", "--workers", "1")
	for name, more := range map[string]string{"stream": "", "calls": `, "serviceConfig": "{}"`} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Kind(), "http://"+p.at, personInt+more)
			for range 2 {
				_, _ = r.ask(500*time.Millisecond, 0)
			}
			r.check(map[string]int{"server/deadline": 2})
		})
	}
	c := detectv1.NewDetectorClient(p.client(t))
	_, err := c.Detect(t.Context(), &detectv1.DetectRequest{BudgetNs: uint64(50 * time.Millisecond)})
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("a question with 50ms for it gives %v", err)
	}
}

// TestPythonServiceStopsGracefully: it calls itself unwell, answers what is out, ends its streams between two pictures and exits.
func TestPythonServiceStopsGracefully(t *testing.T) {
	p := startPython(t, "--port", "0", "--latency-ms", "1000", "--always", "--drain", "30")
	cc := p.client(t)
	h := healthv1.NewHealthClient(cc)
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
	r := newRig(t, Kind(), "http://"+p.at, personInt)
	r.must() // the stream is open
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	type outcome struct {
		a   *detectv1.DetectResponse
		err error
	}
	answer := make(chan outcome, 1)
	go func() {
		a, err := detectv1.NewDetectorClient(cc).Detect(ctx, &detectv1.DetectRequest{FrameId: 7})
		answer <- outcome{a, err}
	}()
	time.Sleep(300 * time.Millisecond) // by then the question is out
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if a, err := watch.Recv(); err != nil || a.GetStatus() != healthv1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("while it stops its health is %v, %v", a.GetStatus(), err)
	}
	if got := <-answer; got.err != nil || got.a.GetFrameId() != 7 {
		t.Errorf("the question that was out gives %v, %v", got.a, got.err)
	}
	began := time.Now()
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("with an open stream it took %v to end: that is the whole time it may drain", took)
	}
}

// TestPythonServiceKilledAndBack: another process at the same port is found without a reload.
func TestPythonServiceKilledAndBack(t *testing.T) {
	p := startPython(t, "--port", "0", "--always")
	r := newRig(t, Kind(), "http://"+p.at, personInt)
	r.must()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait() // killed, as it says
	for range 2 {
		if got, err := r.ask(300*time.Millisecond, 0); err == nil {
			t.Errorf("a dead service gives %v", got)
		}
	}
	for k := range r.failures {
		if !strings.HasPrefix(k, "network/") {
			t.Errorf("a dead service counts as %v", r.failures)
		}
	}
	_, port, _ := strings.Cut(p.at, ":")
	startPython(t, "--port", port, "--always")
	eventually(t, 20*time.Second, func() bool { _, err := r.ask(time.Second, 0); return err == nil })
}

func TestPythonServiceRefusesFlags(t *testing.T) {
	p := python(t)
	for args, want := range map[string]string{
		"--port 70000":                  "must be 0 to 65535",
		"--signal=":                     "is empty",
		"--model haar":                  "needs --model-file",
		"--model haar --model-file /no": "No such file",
	} {
		cmd := exec.CommandContext(t.Context(), p, append([]string{"-B", "service.py", "--port", "0"}, strings.Fields(args)...)...)
		cmd.Dir = pythonService
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), want) {
			t.Errorf("%q gives %v, %s, want exit 2 and %q", args, err, out, want)
		}
	}
}
