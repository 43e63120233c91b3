package cv

import (
	"errors"
	"strings"
	"testing"

	"rvo.dev/engine/node"
)

func TestRedact(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"rtsp://cam/stream", "rtsp://cam/stream"},
		{"rtsp://admin:hunter2@cam:554/s", "rtsp://***@cam:554/s"},
		{"rtsp://admin:hun@ter2@cam:554/s", "rtsp://***@cam:554/s"},
		{"rtsp://admin@cam/s", "rtsp://***@cam/s"},
		{`open "http://u:p@h/x" and rtsps://v:q@i/y`, `open "http://***@h/x" and rtsps://***@i/y`},
		{"http://cam/video.cgi?user=admin&pwd=hunter2&res=1", "http://cam/video.cgi?user=admin&pwd=***&res=1"},
		{"rtsp://cam/user=admin&password=hunter2&channel=1.sdp", "rtsp://cam/user=admin&password=***&channel=1.sdp"},
		{"http://cam/s?Token=abc", "http://cam/s?Token=***"},
		{"http://cam/s?mail=a@b", "http://cam/s?mail=a@b"},
	} {
		if got := redact(c.in); got != c.want {
			t.Errorf("redact(%q) is %q, want %q", c.in, got, c.want)
		}
	}
	if got := redact("login a/b c% failed, a%2Fb%20c%25, a%2Fb+c%25", "a/b c%"); strings.Contains(got, "a%2Fb") || strings.Contains(got, "a/b") {
		t.Errorf("a given secret is still in %q", got)
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct{ url, user, password, want string }{
		{"rtsp://cam/s", "", "", "rtsp://cam/s"},
		{"rtsp://cam/s", "me", "", "rtsp://me:@cam/s"},
		{"rtsp://cam:554/s?x=1", "me", "p@ss/w:rd#%", "rtsp://me:p%40ss%2Fw%3Ard%23%25@cam:554/s?x=1"},
		{"rtsp://old:one@cam/s", "me", "new", "rtsp://me:new@cam/s"},
		{"http://cam", "me", "new", "http://me:new@cam"},
	} {
		if got := address(c.url, c.user, c.password); got != c.want {
			t.Errorf("address(%q, %q, %q) is %q, want %q", c.url, c.user, c.password, got, c.want)
		}
		if c.user == "" {
			continue
		}
		if u, p := credentials(c.want); u != c.user || p != c.password {
			t.Errorf("credentials(%q) are %q %q", c.want, u, p)
		}
	}
}

func TestLogin(t *testing.T) {
	e := node.Env{Secret: func(s node.Secret) (string, error) {
		if s.Env == "CAM" {
			return "hunter2", nil
		}
		return "", errors.New("environment variable NONE is not set")
	}}
	got, err := login{"rtsp://cam/s", "me", &node.Secret{Env: "CAM"}}.resolve(e)
	if err != nil || got.url != "rtsp://me:hunter2@cam/s" || got.shown != "rtsp://***@cam/s" {
		t.Errorf("resolved to %+v, %v", got, err)
	}
	if err := got.clean(errors.New("cannot open rtsp://me:hunter2@cam/s: hunter2")); strings.Contains(err.Error(), "hunter2") {
		t.Errorf("password in %q", err)
	}
	if got, err = (login{URL: "rtsp://me:hunter2@cam/s"}).resolve(e); err != nil || got.user != "me" || got.password != "hunter2" || got.shown != "rtsp://***@cam/s" {
		t.Errorf("resolved to %+v, %v", got, err)
	}
	if _, err = (login{"rtsp://cam/s", "me", &node.Secret{Env: "NONE"}}).resolve(e); err == nil || !strings.Contains(err.Error(), "NONE is not set") {
		t.Errorf("missing secret gives %v", err)
	}
	if _, err = (login{"rtsp://cam/s", "", &node.Secret{Env: "CAM"}}).resolve(e); err == nil || !strings.Contains(err.Error(), "give user too") {
		t.Errorf("password without user gives %v", err)
	}
}
