//go:build cgo && opencv

package cv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
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

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// openStream opens a network camera; the password is what CAM_PASSWORD holds.
func openStream(t testing.TB, name string, o any) (node.Stream, error) {
	t.Helper()
	k := kind(t, name)
	src, err := k.OpenCamera(node.CameraEnv{Env: env(t), Camera: "test"}, options(t, o))
	if err != nil {
		t.Fatal(err)
	}
	return src.Open(t.Context())
}

// access units of a clip in Annex B, and its parameter sets.
func accessUnits(t testing.TB, path string) (units [][][]byte, sps, pps []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var unit [][]byte
	for n := range bytes.SplitSeq(bytes.ReplaceAll(data, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1}) {
		if len(n) == 0 {
			continue
		}
		unit = append(unit, n)
		switch n[0] & 31 {
		case 7:
			sps = n
		case 8:
			pps = n
		case 1, 5:
			units, unit = append(units, unit), nil
		}
	}
	return units, sps, pps
}

// camera is an RTSP server that plays a clip over and over to whoever knows the password.
type camera struct {
	server   *gortsplib.Server
	stream   *gortsplib.ServerStream
	ready    chan struct{} // closed when stream is set, which takes a server that has started
	password string
	nonce    string

	frozen atomic.Bool
	stop   chan struct{}
	done   sync.WaitGroup
}

func (c *camera) check(req *base.Request) *base.Response {
	if c.password == "" {
		return nil
	}
	methods := []auth.ValidateMethod{auth.ValidateMethodDigestMD5}
	if err := auth.Validate(req, "me", c.password, methods, "cam", c.nonce); err == nil {
		return nil
	}
	return &base.Response{
		StatusCode: base.StatusUnauthorized,
		Header:     base.Header{"WWW-Authenticate": auth.GenerateWWWAuthenticate(methods, "cam", c.nonce)},
	}
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (c *camera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	<-c.ready
	if r := c.check(ctx.Request); r != nil {
		return r, nil, nil
	}
	if ctx.Path != "/stream" {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (c *camera) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	<-c.ready
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (c *camera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// startCamera starts a camera on addr ("127.0.0.1:0" for any) and returns it and its address.
func startCamera(t testing.TB, addr, password string) (*camera, string) {
	t.Helper()
	path := steps(t, 40, "-c:v", "libx264", "-qp", "4", "-g", "10", "-bf", "0", "-pix_fmt", "yuv420p", "-bsf:v", "h264_mp4toannexb", "-f", "h264", "a.h264")
	units, sps, pps := accessUnits(t, path)
	if len(units) != 40 {
		t.Fatalf("%d access units in a clip of 40 pictures", len(units))
	}
	c := &camera{password: password, ready: make(chan struct{}), stop: make(chan struct{})}
	var err error
	if c.nonce, err = auth.GenerateNonce(); err != nil {
		t.Fatal(err)
	}
	if addr == "127.0.0.1:0" {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		addr = l.Addr().String()
		l.Close()
	}
	udp := udpPair(t)
	c.server = &gortsplib.Server{
		Handler: c, RTSPAddress: addr,
		UDPRTPAddress: fmt.Sprintf("127.0.0.1:%d", udp), UDPRTCPAddress: fmt.Sprintf("127.0.0.1:%d", udp+1),
	}
	if err := c.server.Start(); err != nil {
		t.Fatal(err)
	}
	h264 := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: sps, PPS: pps}
	media := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{h264}}
	c.stream = gortsplib.NewServerStream(c.server, &description.Session{Medias: []*description.Media{media}})
	close(c.ready)
	enc, err := h264.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	c.done.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond) // 50 a second, so that the test is short
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-c.stop:
				return
			case <-tick.C:
			}
			if c.frozen.Load() {
				continue
			}
			packets, err := enc.Encode(units[n%len(units)])
			if err != nil {
				t.Error(err)
				return
			}
			for _, p := range packets {
				p.Timestamp = uint32(n * 90000 / 50)
				_ = c.stream.WritePacketRTP(media, p) // nobody may be listening
			}
		}
	})
	t.Cleanup(c.kill)
	return c, addr
}

// udpPair returns an even port that is free together with the next.
func udpPair(t testing.TB) int {
	t.Helper()
	for range 100 {
		a, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		port := a.LocalAddr().(*net.UDPAddr).Port &^ 1
		a.Close()
		b, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			continue
		}
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + 1})
		b.Close()
		if err == nil {
			c.Close()
			return port
		}
	}
	t.Fatal("no free pair of UDP ports")
	return 0
}

// kill ends the server and its connections. It may be called twice.
func (c *camera) kill() {
	select {
	case <-c.stop:
		return
	default:
	}
	close(c.stop)
	c.done.Wait()
	c.stream.Close()
	c.server.Close()
}

func take10(t *testing.T, s node.Stream) {
	t.Helper()
	pool := newPool(t, 1)
	last := -1
	for range 10 {
		f, err := s.Next(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		n := number(f)
		if f.Width != 64 || f.Height != 48 || f.PTS != frame.NoPTS || last >= 0 && n != (last+1)%40 {
			t.Errorf("after number %d comes number %d of %d x %d at %s", last, n, f.Width, f.Height, f.PTS)
		}
		last = n
		f.Release()
	}
}

func TestRTSP(t *testing.T) {
	t.Setenv("CAM_PASSWORD", "hunter2/@ 1")
	secret := &node.Secret{Env: "CAM_PASSWORD"}
	c, addr := startCamera(t, "127.0.0.1:0", "hunter2/@ 1")
	url := "rtsp://" + addr + "/stream"
	for _, transport := range []string{"tcp", "udp"} {
		t.Run(transport, func(t *testing.T) {
			s, err := openStream(t, "rtsp", RTSPOptions{URL: url, Transport: transport, User: "me", Password: secret})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			take10(t, s)
			if i := s.Info(); i.Width != 64 || i.Height != 48 || i.Frames != 0 {
				t.Errorf("info %+v", i)
			}
		})
	}
	for _, r := range []struct {
		name string
		o    RTSPOptions
		want string
	}{
		{"wrong password", RTSPOptions{URL: url, User: "me", Password: &node.Secret{Env: "HOME"}}, "rtsp://***@" + addr + `/stream: the camera refuses the login: wrong user "me" or wrong password`},
		{"wrong password in the address", RTSPOptions{URL: "rtsp://me:hunter3@" + addr + "/stream"}, "rtsp://***@" + addr + "/stream: the camera refuses the login"},
		{"no password", RTSPOptions{URL: url}, "the camera asks for a login"},
		{"wrong path", RTSPOptions{URL: url + "2", User: "me", Password: secret}, "no stream of this path (404)"},
	} {
		t.Run(r.name, func(t *testing.T) {
			s, err := openStream(t, "rtsp", r.o)
			if err == nil {
				s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), r.want) || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), os.Getenv("HOME")) {
				t.Errorf("opening gives %v, want %q", err, r.want)
			}
		})
	}
	t.Run("frozen, killed and back", func(t *testing.T) {
		o := RTSPOptions{URL: url, User: "me", Password: secret, Timeout: "1s"}
		s, err := openStream(t, "rtsp", o)
		if err != nil {
			t.Fatal(err)
		}
		take10(t, s)
		c.frozen.Store(true)
		start := time.Now()
		err = untilError(t, s)
		if d := time.Since(start); !strings.Contains(err.Error(), "no picture within 1s") || d < 500*time.Millisecond || d > 5*time.Second {
			t.Errorf("a frozen camera gives %v after %s", err, d)
		}
		s.Close()
		c.frozen.Store(false)

		if s, err = openStream(t, "rtsp", o); err != nil {
			t.Fatal(err)
		}
		take10(t, s)
		c.kill()
		if err := untilError(t, s); !strings.Contains(err.Error(), "ended the stream") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a killed camera gives %v", err)
		}
		s.Close()
		if s, err = openStream(t, "rtsp", o); err == nil {
			s.Close()
			t.Fatal("a killed camera opens")
		}
		if !strings.Contains(err.Error(), "refuses the connection") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("opening a killed camera gives %v", err)
		}

		startCamera(t, addr, "hunter2/@ 1")
		if s, err = openStream(t, "rtsp", o); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		take10(t, s)
	})
}

// untilError takes pictures until the stream is dead.
func untilError(t *testing.T, s node.Stream) error {
	t.Helper()
	pool := newPool(t, 1)
	for range 1000 {
		f, err := s.Next(t.Context(), pool)
		switch {
		case errors.Is(err, node.ErrCorrupt):
			continue
		case err != nil:
			return err
		}
		f.Release()
	}
	t.Fatal("the stream goes on and on")
	return nil
}

// TestTransports opens cameras over tcp and udp at the same time: each gets its own transport though the process has
// only one variable for it.
func TestTransports(t *testing.T) {
	_, addr := startCamera(t, "127.0.0.1:0", "")
	pool := newPool(t, 6)
	var wg sync.WaitGroup
	for i := range 6 {
		transport := []string{"tcp", "udp"}[i%2]
		wg.Go(func() {
			s, err := openStream(t, "rtsp", RTSPOptions{URL: "rtsp://" + addr + "/stream", Transport: transport})
			if err != nil {
				t.Errorf("%s: %v", transport, err)
				return
			}
			defer s.Close()
			f, err := s.Next(t.Context(), pool)
			if err != nil {
				t.Errorf("%s: %v", transport, err)
				return
			}
			f.Release()
		})
	}
	wg.Wait()
}

// jpegs serves motion JPEG of n pictures, then waits for the client or the test to end.
func jpegs(t testing.TB, n int) *httptest.Server {
	t.Helper()
	c, _ := Codec()
	pool := newPool(t, 1)
	var pictures [][]byte
	for i := range n {
		f, err := pool.Get(frame.BGR, 64, 48)
		if err != nil {
			t.Fatal(err)
		}
		for j := range f.Pix() {
			f.Pix()[j] = byte(5*i*255/219 + 1)
		}
		b, err := f.JPEG(c, 95)
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, b)
		f.Release()
	}
	end := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, _ := r.BasicAuth(); u != "me" || p != "hunter2" {
			w.Header().Set("WWW-Authenticate", `Basic realm="cam"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=frame")
		for _, p := range pictures {
			fmt.Fprintf(w, "--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(p))
			_, _ = w.Write(p)
			_, _ = io.WriteString(w, "\r\n")
		}
		_, _ = io.WriteString(w, "--frame\r\n")
		w.(http.Flusher).Flush()
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() {
		close(end)
		s.Close()
	})
	return s
}

func TestHTTPMotionJPEG(t *testing.T) {
	t.Setenv("CAM_PASSWORD", "hunter2")
	s := jpegs(t, 30)
	o := HTTPOptions{URL: s.URL + "/video.mjpg", User: "me", Password: &node.Secret{Env: "CAM_PASSWORD"}, Timeout: "1s"}
	st, err := openStream(t, "http", o)
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, 1)
	n := 0
	for {
		f, err := st.Next(t.Context(), pool)
		if err != nil {
			if n < 25 || !strings.Contains(err.Error(), "no picture within 1s") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("after %d pictures comes %v", n, err)
			}
			break
		}
		if f.Width != 64 || f.Height != 48 || number(f) != n {
			t.Errorf("picture %d of %d x %d is number %d", n, f.Width, f.Height, number(f))
		}
		n++
		f.Release()
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}

	o.Password = nil
	o.URL = "http://me:hunter3@" + strings.TrimPrefix(o.URL, "http://")
	o.User = ""
	if _, err := openStream(t, "http", o); err == nil || !strings.Contains(err.Error(), "refuses the login") || strings.Contains(err.Error(), "hunter3") {
		t.Errorf("a wrong password gives %v", err)
	}
}

// TestHTTPFile checks that a video from a web server is played at its own rate, and loops.
func TestHTTPFile(t *testing.T) {
	path := steps(t, 10, "-c:v", "mpeg4", "-q:v", "1", "-movflags", "+faststart", "a.mp4")
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) }))
	defer srv.Close()
	k := kind(t, "http")
	src, err := k.OpenCamera(node.CameraEnv{Env: env(t), Loop: true}, options(t, HTTPOptions{URL: srv.URL + "/a.mp4"}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := src.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if i := s.Info(); i.FPS != 10 || i.Frames != 10 {
		t.Errorf("info %+v", i)
	}
	pool := newPool(t, 1)
	start := time.Now()
	for i := range 15 {
		f, err := s.Next(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if f.PTS != time.Duration(i)*100*time.Millisecond || number(f) != i%10 {
			t.Errorf("picture %d is number %d at %s", i, number(f), f.PTS)
		}
		f.Release()
	}
	if d := time.Since(start); d < 1350*time.Millisecond {
		t.Errorf("15 pictures at 10 a second took %s", d)
	}
}

// TestCloseWhileStuck closes a stream while Next waits inside OpenCV for a picture that does not come.
func TestCloseWhileStuck(t *testing.T) {
	t.Setenv("CAM_PASSWORD", "hunter2")
	srv := jpegs(t, 12)
	s, err := openStream(t, "http", HTTPOptions{URL: srv.URL, User: "me", Password: &node.Secret{Env: "CAM_PASSWORD"}, Timeout: "2s"})
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, 1)
	var taken atomic.Int64
	ended := make(chan error, 1)
	go func() {
		for {
			f, err := s.Next(t.Context(), pool)
			if err != nil {
				ended <- err
				return
			}
			taken.Add(1)
			f.Release()
		}
	}()
	for deadline := time.Now().Add(10 * time.Second); taken.Load() < 10; {
		if time.Now().After(deadline) {
			t.Fatal("no pictures")
		}
		time.Sleep(time.Millisecond) // a real socket and C code: no bubble can hold them
	}
	time.Sleep(50 * time.Millisecond) // Next has gone on to wait
	start := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(start); d > 500*time.Millisecond {
		t.Errorf("Close took %s", d)
	}
	select {
	case err := <-ended:
		t.Logf("Next ended with %v after %s", err, time.Since(start).Round(time.Millisecond))
	case <-time.After(20 * time.Second):
		t.Fatal("Next has not returned 20 s after Close, its timeout is 2 s")
	}
}

// TestDeviceMissing checks what a user without a camera is told.
func TestDeviceMissing(t *testing.T) {
	for _, o := range []DeviceOptions{{Index: 199}, {Path: "/dev/no-such-camera"}} {
		if s, err := openStream(t, "device", o); err == nil {
			s.Close()
			t.Errorf("%+v opens", o)
		} else if !strings.Contains(err.Error(), "`rvo cameras` lists") {
			t.Errorf("%+v gives %v", o, err)
		}
	}
	null := DeviceOptions{Path: "/dev/null"}
	if _, err := openStream(t, "device", null); err == nil || !strings.Contains(err.Error(), "is it no camera") {
		t.Errorf("/dev/null gives %v", err)
	}
	if list, err := ListDevices(); err != nil {
		t.Error(err)
	} else {
		t.Logf("devices %+v", list)
	}
}
