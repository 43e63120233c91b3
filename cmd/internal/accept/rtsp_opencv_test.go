//go:build cgo && opencv

package accept

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
)

// The login that the test server asks for. The password has what a URL would have to escape.
const (
	rtspUser     = "watcher"
	rtspPassword = "s3cr:t/p@ss"
)

// rtspServer serves one H.264 clip again and again, with a login.
type rtspServer struct {
	t      testing.TB
	addr   string
	units  [][][]byte // access units of the clip
	frozen atomic.Bool
	nonce  string
	udp    [2]string // addresses of pictures and of what is said about them; empty: none

	mu     sync.Mutex
	srv    *gortsplib.Server
	stream *gortsplib.ServerStream
	quit   chan struct{}
	wg     sync.WaitGroup
}

// h264 returns a clip's access units: a real one where it is to be had, else a drawn one.
func h264(t testing.TB) [][][]byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg to make an H.264 stream")
	}
	in := []string{"-f", "lavfi", "-i", "testsrc=size=480x270:rate=15:duration=4"}
	if real := filepath.Join("..", "..", "..", "..", "shared", "media", "person-bicycle-car-detection.mp4"); exists(real) {
		in = []string{"-i", real}
	}
	out := filepath.Join(t.TempDir(), "clip.h264")
	args := append(append([]string{"-v", "error"}, in...), "-an", "-r", "15", "-c:v", "libx264", "-threads", "1", "-bf", "0", "-g", "15",
		"-x264-params", "slices=1:repeat-headers=1", "-pix_fmt", "yuv420p", "-f", "h264", out)
	if b, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, b)
	}
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var units [][][]byte
	var unit [][]byte
	for nalu := range bytes.SplitSeq(bytes.ReplaceAll(raw, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1}) {
		if len(nalu) == 0 {
			continue
		}
		unit = append(unit, nalu)
		if typ := nalu[0] & 31; typ == 1 || typ == 5 { // a slice ends the access unit: there is one for each picture
			units = append(units, unit)
			unit = nil
		}
	}
	if len(units) < 15 {
		t.Fatalf("the clip has %d access units", len(units))
	}
	return units
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func newRTSP(t testing.TB) *rtspServer {
	t.Helper()
	units := h264(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	must(t, l.Close())
	nonce, err := auth.GenerateNonce()
	must(t, err)
	return &rtspServer{t: t, addr: addr, units: units, nonce: nonce}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open starts serving.
func (s *rtspServer) open() {
	s.t.Helper()
	forma := &format.H264{PayloadTyp: 96, PacketizationMode: 1}
	media := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{forma}}
	srv := &gortsplib.Server{Handler: s, RTSPAddress: s.addr, UDPRTPAddress: s.udp[0], UDPRTCPAddress: s.udp[1]}
	var err error
	for range 50 { // the port may still be closing
		if err = srv.Start(); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	must(s.t, err)
	stream := gortsplib.NewServerStream(srv, &description.Session{Medias: []*description.Media{media}})
	enc, err := forma.CreateEncoder()
	must(s.t, err)
	quit := make(chan struct{})
	s.mu.Lock()
	s.srv, s.stream, s.quit = srv, stream, quit
	s.mu.Unlock()
	s.wg.Go(func() {
		tick := time.NewTicker(time.Second / 15)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			if s.frozen.Load() {
				continue
			}
			pkts, err := enc.Encode(s.units[n%len(s.units)])
			if err != nil {
				s.t.Error(err)
				return
			}
			for _, p := range pkts {
				p.Timestamp = uint32(n) * 90000 / 15
				if err := stream.WritePacketRTP(media, p); err != nil {
					return // the server was closed
				}
			}
		}
	})
}

// kill ends the server and every connection.
func (s *rtspServer) kill() {
	s.mu.Lock()
	srv, stream, quit := s.srv, s.stream, s.quit
	s.srv, s.stream = nil, nil
	s.mu.Unlock()
	if srv == nil {
		return
	}
	close(quit)
	stream.Close()
	srv.Close()
	s.wg.Wait()
}

func (s *rtspServer) admit(req *base.Request) *base.Response {
	if auth.Validate(req, rtspUser, rtspPassword, []auth.ValidateMethod{auth.ValidateMethodDigestMD5, auth.ValidateMethodBasic}, "cams", s.nonce) == nil {
		return &base.Response{StatusCode: base.StatusOK}
	}
	return &base.Response{StatusCode: base.StatusUnauthorized, Header: base.Header{
		"WWW-Authenticate": auth.GenerateWWWAuthenticate([]auth.ValidateMethod{auth.ValidateMethodDigestMD5, auth.ValidateMethodBasic}, "cams", s.nonce),
	}}
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (s *rtspServer) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admit(ctx.Request), s.stream, nil
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (s *rtspServer) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.admit(ctx.Request), s.stream, nil
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (s *rtspServer) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// TestRTSPCamera runs a pipeline on a real RTSP server that is killed, restarted and frozen, beside a camera with a wrong
// password, and prints how long each change took to be seen.
func TestRTSPCamera(t *testing.T) {
	srv := newRTSP(t)
	srv.open()
	defer srv.kill()
	t.Setenv("RVO_TEST_PASSWORD", rtspPassword)
	t.Setenv("RVO_TEST_WRONG", "not-the-s3cret")
	r := start(t, fmt.Sprintf(`
import "rvo.dev/schema"
schema.#Pipeline & {
	apiVersion: "rvo/v1"
	cameras: gate: rtsp: {url: "rtsp://%[1]s/live", user: %[2]q, password: env: "RVO_TEST_PASSWORD", timeout: "2s"}
	cameras: wrong: rtsp: {url: "rtsp://%[1]s/live", user: %[2]q, password: env: "RVO_TEST_WRONG", timeout: "2s"}
	detectors: motion: {motion: {}, fps: 5}
	events: calm: {when: not: {signal: "motion.level", gte: 1}, hold: "1s", unknownGrace: "1s"}
	sinks: log: jsonl: path: "events.jsonl"
}`, srv.addr, rtspUser))
	gate := func() string { return r.e.Status().Cameras[0].State }
	frames := func() float64 { return r.metric("rvo_frames_total", "gate") }

	took := r.until(15*time.Second, "the camera comes up", func() bool { return gate() == "up" && frames() > 15 })
	t.Logf("up after %v: %+v", took.Round(time.Millisecond), r.e.Status().Cameras[0])
	r.until(10*time.Second, "the event is confirmed", func() bool { return len(r.records()) == 1 })

	wrong := func() string { return r.e.Status().Cameras[1].Error }
	r.until(15*time.Second, "the wrong password is reported", func() bool { return wrong() != "" })
	t.Logf("wrong password: %s", wrong())
	if e := wrong(); !strings.Contains(e, "login") && !strings.Contains(e, "password") {
		t.Errorf("a wrong password is reported as %q: must say that it is about the login", e)
	}

	srv.kill()
	took = r.until(20*time.Second, "the dead server is seen", func() bool { return gate() != "up" })
	t.Logf("killed: seen after %v as %s", took.Round(time.Millisecond), gate())
	r.until(20*time.Second, "the event ends as unknown", func() bool { x := r.records(); return x[len(x)-1].Reason == "unknown" })
	before := frames()
	srv.open()
	took = r.until(40*time.Second, "the camera is back", func() bool { return gate() == "up" && frames() > before+15 })
	t.Logf("restarted: back after %v, %.0f reconnects", took.Round(time.Millisecond), r.metric("rvo_camera_reconnects_total", "gate"))
	r.until(10*time.Second, "the event comes back", func() bool { x := r.records(); return x[len(x)-1].State == "confirmed" })

	srv.frozen.Store(true)
	took = r.until(20*time.Second, "the frozen stream is seen", func() bool { return gate() != "up" })
	t.Logf("frozen: seen after %v as %s", took.Round(time.Millisecond), gate())
	before = frames()
	srv.frozen.Store(false)
	took = r.until(40*time.Second, "the camera is back", func() bool { return gate() == "up" && frames() > before+15 })
	t.Logf("thawed: back after %v, %.0f reconnects, %.0f stalls, %.0f hung reads", took.Round(time.Millisecond),
		r.metric("rvo_camera_reconnects_total", "gate"), r.metric("rvo_camera_stalls_total", "gate"), r.metric("rvo_camera_readers_leaked", "gate"))
	if n := r.metric("rvo_camera_reconnects_total", "gate"); n < 2 {
		t.Errorf("%.0f reconnects, want one after the kill and one after the freeze at least", n)
	}
	if n := r.metric("rvo_camera_readers_leaked"); n != 0 {
		t.Errorf("%.0f reads hang", n)
	}

	st := fmt.Sprintf("%+v", r.e.Status())
	r.end()
	lines, err := os.ReadFile(filepath.Join(r.dir, "events.jsonl"))
	must(t, err)
	for name, text := range map[string]string{"the log": r.said.String(), "the status": st, "the records": string(lines)} {
		for _, secret := range []string{rtspPassword, "s3cr", "p@ss", "p%40ss", "not-the-s3cret"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q:\n%s", name, secret, text)
			}
		}
	}
}
