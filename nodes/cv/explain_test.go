package cv

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// rtspAnswers serves DESCRIBE with what answer returns for each request's Authorization header.
func rtspAnswers(t *testing.T, answer func(auth string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r := textproto.NewReader(bufio.NewReader(conn))
			for {
				if _, err := r.ReadLine(); err != nil {
					break
				}
				head, err := r.ReadMIMEHeader()
				if err != nil {
					break
				}
				fmt.Fprint(conn, answer(head.Get("Authorization")))
			}
			conn.Close()
		}
	}()
	return "rtsp://" + l.Addr().String() + "/stream?channel=1"
}

func TestExplainRTSP(t *testing.T) {
	const digestChallenge = "RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"abc\"\r\nContent-Length: 5\r\n\r\nsorry"
	for _, c := range []struct {
		name, user, password string
		answer               func(auth string) string
		want                 string
	}{
		{"no login given", "", "", func(string) string { return digestChallenge }, "asks for a login: give user and password"},
		{"wrong digest", "me", "hunter2", func(string) string { return digestChallenge }, `wrong user "me" or wrong password`},
		{"right digest", "me", "hunter2", func(auth string) string {
			if strings.HasPrefix(auth, `Digest username="me", realm="cam", nonce="abc", uri="rtsp://`) {
				return "RTSP/1.0 404 Not Found\r\nCSeq: 2\r\n\r\n"
			}
			return digestChallenge
		}, "no stream of this path (404)"},
		{"wrong basic", "me", "hunter2", func(string) string {
			return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n\r\n"
		}, `wrong user "me" or wrong password`},
		{"right basic", "me", "hunter2", func(auth string) string {
			if auth == "Basic bWU6aHVudGVyMg==" {
				return "RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nv="
			}
			return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n\r\n"
		}, "offers the stream, but no picture came"},
		{"unknown login", "me", "hunter2", func(string) string {
			return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"cam\", nonce=\"abc\", algorithm=SHA-256\r\n\r\n"
		}, "a login of a kind that is not known here"},
		{"forbidden", "", "", func(string) string { return "RTSP/1.0 403 Forbidden\r\n\r\n" }, "forbids"},
		{"other status", "", "", func(string) string { return "RTSP/1.0 503 Busy\r\n\r\n" }, "status 503"},
		{"other protocol", "", "", func(string) string { return "HTTP/1.0 400 Bad\r\n\r\n" }, "not in RTSP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := rtspAnswers(t, c.answer)
			err := explainRTSP(t.Context(), target{url: url, user: c.user, password: c.password}, 5*time.Second)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("explained as %v, want %q", err, c.want)
			}
		})
	}
}

func TestDigest(t *testing.T) {
	// Digest goes before Basic, and its response is made of the parts in the order of RFC 2617.
	got := authorization([]string{`Basic realm="x"`, `Digest realm="r", nonce="n"`}, "u", "p", "rtsp://h/s")
	want := `response="` + digest(digest("u:r:p")+":n:"+digest("DESCRIBE:rtsp://h/s")) + `"`
	if !strings.HasPrefix(got, "Digest ") || !strings.Contains(got, want) {
		t.Errorf("authorization %q, want a digest with %s", got, want)
	}
	if d := digest("Mufasa:testrealm@host.com:Circle Of Life"); d != "939e7578ed9e3c518a452acee763bce9" {
		t.Errorf("HA1 of the example in RFC 2617 is %s", d)
	}
}

func TestExplainUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, c := range []struct {
		url, want string
		explain   func(context.Context, target, time.Duration) error
	}{
		{"rtsp://me:hunter2@" + addr + "/s", addr + " refuses the connection", explainRTSP},
		{"http://me:hunter2@" + addr + "/s", addr + " refuses the connection", explainHTTP},
		{"rtsp://me:hunter2@" + silent.Addr().String() + "/s", "not in RTSP", explainRTSP},
		{"http://me:hunter2@" + silent.Addr().String() + "/s", "does not answer within 50ms", explainHTTP},
		{"rtsp://me:hunter2@no-such-host.invalid/s", "cannot be resolved", explainRTSP},
		{"rtsp://me:hunter2@" + addr + "/s", addr + " refuses the connection", reach},
		{"http://me:hunter2@" + addr + "/s", addr + " refuses the connection", reach},
		{"rtsp://me:hunter2@no-such-host.invalid/s", "cannot be resolved", reach},
		{"rtsp://me:hunter2@" + silent.Addr().String() + "/s", "not in RTSP", reach},
		{"rtsp://", "is no address", explainRTSP},
		{"http://%zz/", "is no address", explainHTTP},
	} {
		timeout := 5 * time.Second
		if strings.Contains(c.url, silent.Addr().String()) {
			timeout = 50 * time.Millisecond
		}
		err := c.explain(t.Context(), target{url: c.url, user: "me", password: "hunter2"}, timeout)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s is explained as %v, want %q", redact(c.url), err, c.want)
		}
	}
}

// TestReach: whoever answers, or cannot be asked directly, is left to FFmpeg.
func TestReach(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	there := l.Addr().String()
	for _, url := range []string{"rtsps://" + there + "/s", "http://u:p@" + there, "rtsp://", "http://%zz/"} {
		if err := reach(t.Context(), target{url: url}, time.Second); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	asked := make(chan string, 1)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b, _ := bufio.NewReader(c).ReadString('\n')
			if strings.HasPrefix(b, "OPTIONS ") {
				asked <- b
				fmt.Fprint(c, "RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n")
			}
			_ = c.Close()
		}
	}()
	if err := reach(t.Context(), target{url: "rtsp://me:hunter2@" + there + "/s"}, time.Minute); err != nil {
		t.Error(err)
	}
	if got := <-asked; got != "OPTIONS rtsp://"+there+"/s RTSP/1.0\r\n" {
		t.Errorf("it asks %q", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		if c, err := silent.Accept(); err == nil {
			defer c.Close()
			_, _ = bufio.NewReader(c).ReadString('\n') // it is asked, and the pipeline stops
			stop()
			_, _ = io.Copy(io.Discard, c)
		}
	}()
	if err := reach(ctx, target{url: "rtsp://" + silent.Addr().String() + "/s"}, time.Hour); err == nil {
		t.Error("a camera that says nothing can be reached")
	}
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	if err := reach(t.Context(), target{url: "http://127.0.0.1:1/"}, time.Second); err != nil {
		t.Errorf("a server behind a proxy: %v", err)
	}
	if err := reach(t.Context(), target{url: "rtsp://127.0.0.1:1/"}, time.Second); err == nil {
		t.Error("a camera was left to a proxy for HTTP")
	}
}

func TestExplainHTTP(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		if _, p, _ := r.BasicAuth(); p != "right" {
			w.Header().Set("WWW-Authenticate", `Basic realm="cam"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>")
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	for _, c := range []struct{ path, user, password, want string }{
		{"/login", "", "", "asks for a login"},
		{"/login", "me", "hunter2", `wrong user "me" or wrong password`},
		{"/login", "me", "right", "OpenCV cannot read as video"},
		{"/text", "", "", `gives "text/html"`},
		{"/none", "", "", "404 Not Found: check the path"},
	} {
		err := explainHTTP(t.Context(), target{url: s.URL + c.path, user: c.user, password: c.password}, 5*time.Second)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s is explained as %v, want %q", c.path, err, c.want)
		}
	}
}
