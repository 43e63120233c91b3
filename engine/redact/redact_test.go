package redact_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"rvo.dev/engine/redact"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"nothing here", "nothing here"},
		{"open rtsp://cam/live: refused", "open rtsp://cam/live: refused"},
		{"open rtsp://cam:554/live: refused", "open rtsp://cam:554/live: refused"},
		{"open rtsp://joe:hunter2@cam:554/live: refused", "open rtsp://***@cam:554/live: refused"},
		{"rtsp://joe@cam/live", "rtsp://***@cam/live"},
		{"rtsp://joe:p@ss@cam/live", "rtsp://***@cam/live"},
		{"rtsp://joe:p/ss@cam/live", "rtsp://***@cam/live"},
		{"rtsp://joe:p?ss@cam/live", "rtsp://***@cam/live"},
		{"rtsp://joe:p#ss@cam/live", "rtsp://***@cam/live"},
		{"rtsp://joe:p@s/s@cam/live", "rtsp://***@cam/live"},
		{"rtsp://joe:12/3@cam/live", "rtsp://***@cam/live"},
		{"http://cam/x?mail=a@b&n=1", "http://cam/x?mail=a@b&n=1"},
		{"http://cam/x?user=joe&password=hunter2&n=1", "http://cam/x?user=joe&password=***&n=1"},
		{"http://cam/x?PWD=hunter2", "http://cam/x?PWD=***"},
		{"http://cam/x?access_token=abc#f", "http://cam/x?access_token=***#f"},
		{`{"password":"hunter2","n":1}`, `{"password":"***","n":1}`},
		{`{"password":"a\"b c","n":1}`, `{"password":"***","n":1}`},
		{`got "{\"password\":\"hunter2\",\"n\":1}"`, `got "{\"password\":\"***",\"n\":1}"`},
		{`{"password": "a b, c","n":1}`, `{"password": "***","n":1}`},
		{"rtspsrc location=rtsp://cam user-id=joe user-pw=hunter2 ! x", "rtspsrc location=rtsp://cam user-id=joe user-pw=*** ! x"},
		{"Authorization: Bearer abcdef012345", "Authorization: Bearer ***"},
		{"authorization: basic am9lOmh1bnRlcjI=", "authorization: basic ***"},
		{"wants basic authentication", "wants basic authentication"},
		{`Get "http://a:b@c/d": dial; then http://e:f@g/h`, `Get "http://***@c/d": dial; then http://***@g/h`},
		{"http://p/http://u:v@w/", "http://p/http://***@w/"},
		{"keyframe=12 tokens=3", "keyframe=12 tokens=3"},
	} {
		got := redact.Text(c.in)
		if got != c.want {
			t.Errorf("Text(%q)\n got %q\nwant %q", c.in, got, c.want)
		}
		if again := redact.Text(got); again != got {
			t.Errorf("Text is not idempotent on %q: %q", got, again)
		}
	}
}

// FuzzText asserts that no password of a well-formed URI survives, whatever its characters.
func FuzzText(f *testing.F) {
	f.Add("joe", "hunter2", "/live")
	f.Add("a", "p@ss:w/o?r#d", "/s?x=1")
	f.Fuzz(func(t *testing.T, user, password, path string) {
		secret := "S3CR3T" + url.QueryEscape(password) + "T3RC3S"
		u := "rtsp://" + url.QueryEscape(user) + ":" + secret + "@camera.local/" + url.PathEscape(path)
		for _, s := range []string{u, "open " + u + ": refused", fmt.Sprintf("%q", u), "x?password=" + secret} {
			if got := redact.Text(s) + redact.Source(s); strings.Contains(got, secret) || strings.Contains(got, "S3CR3T") {
				t.Fatalf("Text(%q) = %q", s, got)
			}
		}
	})
}

// TestSource: of CUE and JSON only quoted texts are hidden, whatever their quotes.
func TestSource(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`password: "hunter2", user: "u"`, `password: "***", user: "u"`},
		{`camPassword: #"hunter2"#`, `camPassword: #"***"#`},
		{`camPassword: ##"hun"#ter2"##`, `camPassword: ##"***"##`},
		{`"password": "a\"b"`, `"password": "***"`},
		{`"password": 'hunter2'`, `"password": '***'`},
		{`password?: *"hunter2" | string`, `password?: *"***" | string`},
		{`token!:"hunter2"`, `token!:"***"`},
		{"token: \"\"\"\n\thun\n\tter2\n\t\"\"\"\nfps: 5", "token: \"\"\"\n\t***\n\t\"\"\"\nfps: 5"},
		{`password: {env: "CAM"}`, `password: {env: "CAM"}`},
		{`token: string | *#Secret`, `token: string | *#Secret`},
		{`tls: {cert: "a.pem", key: "b.pem"}`, `tls: {cert: "a.pem", key: "b.pem"}`},
		{`url: "http://joe:hunter2@cam/x?token=abc&n=1"`, `url: "http://***@cam/x?token=***&n=1"`},
		{`nothing: "to hide", mail: "a@b", keep: "1h"`, `nothing: "to hide", mail: "a@b", keep: "1h"`},
		{`password: ""`, `password: ""`},
	} {
		got := redact.Source(c.in)
		if got != c.want || redact.Source(got) != got {
			t.Errorf("Source(%s)\n got %s\nwant %s, twice %s", c.in, got, c.want, redact.Source(got))
		}
	}
}

// FuzzSource asserts that what was CUE stays CUE, that nothing is hidden twice, and that no quoted password is left.
func FuzzSource(f *testing.F) {
	f.Add("a: {password: \"", "hunter2", "\"}")
	f.Add("token?: #\"", "a\\\"b", "\"#")
	f.Fuzz(func(t *testing.T, before, secret, after string) {
		s := before + secret + after
		got := redact.Source(s)
		if again := redact.Source(got); again != got {
			t.Fatalf("%q becomes %q becomes %q", s, got, again)
		}
		s = fmt.Sprintf("{password: %q}", "S3CR3T"+strings.ToValidUTF8(secret, ""))
		if got := redact.Source(s); strings.Contains(got, "S3CR3T") {
			t.Fatalf("%q becomes %q", s, got)
		}
	})
}
