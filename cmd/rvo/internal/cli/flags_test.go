package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"rvo.dev/engine/node"
)

func parsed(t *testing.T, add func(*pflag.FlagSet), args ...string) *pflag.FlagSet {
	t.Helper()
	fs := pflag.NewFlagSet("run", pflag.ContinueOnError)
	add(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return fs
}

func TestHTTPAddress(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
		err  string
	}{
		{"", "127.0.0.1:9090", ""},
		{"--http off", "", ""},
		{"--http=", "", ""},
		{"--http [::1]:80", "[::1]:80", ""},
		{"--metrics-port 9191", "127.0.0.1:9191", ""},
		{"--metrics-port 0", "127.0.0.1:0", ""},
		{"--http [::1]:80 --metrics-port 81", "[::1]:81", ""},
		{"--http off --metrics-port 81", "", "that is off"},
		{"--metrics-port 70000", "", "0 to 65535"},
		{"--http nonsense --metrics-port 81", "", "127.0.0.1:9090"},
	} {
		var f httpFlags
		fs := parsed(t, f.add, strings.Fields(c.args)...)
		got, err := f.address(fs)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q: got %q, %v", c.args, got, err)
		}
	}
}

func TestHTTPToken(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := write("good", "0123456789abcdef\n")
	empty := write("empty", "\n")
	huge := write("huge", strings.Repeat("x", 2*maxTokenFile))
	env := func(k string) string { return map[string]string{"TOKEN": " 0123456789abcdef "}[k] }
	for _, c := range []struct {
		f    httpFlags
		want string
		err  string
	}{
		{httpFlags{}, "", ""},
		{httpFlags{tokenFile: good}, "0123456789abcdef", ""},
		{httpFlags{tokenEnv: "TOKEN"}, "0123456789abcdef", ""},
		{httpFlags{tokenEnv: "OTHER"}, "", "OTHER is not set"},
		{httpFlags{tokenFile: empty}, "", "must hold a token"},
		{httpFlags{tokenFile: huge}, "", "must hold a token"},
		{httpFlags{tokenFile: filepath.Join(dir, "none")}, "", "no such file"},
		{httpFlags{tokenFile: good, tokenEnv: "TOKEN"}, "", "give one"},
	} {
		got, err := c.f.token(env)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: got %q, %v", c.f, got, err)
		}
	}
}

func TestStateDir(t *testing.T) {
	for _, c := range []struct {
		asked, name string
		env         map[string]string
		want        string
		bad         bool
	}{
		{"", "gate", map[string]string{"HOME": "/home/joe"}, "/home/joe/.local/state/rvo/gate", false},
		{"", "gate", map[string]string{"HOME": "/home/joe", "XDG_STATE_HOME": "/s"}, "/s/rvo/gate", false},
		{"", "gate", map[string]string{"HOME": "/home/joe", "XDG_STATE_HOME": "relative"}, "/home/joe/.local/state/rvo/gate", false},
		{"", "../../etc", map[string]string{"HOME": "/home/joe"}, "/home/joe/.local/state/rvo/.._.._etc", false},
		{"", "..", map[string]string{"HOME": "/home/joe"}, "/home/joe/.local/state/rvo/_", false},
		{"/x/y", "gate", nil, "/x/y", false},
		{"", "gate", nil, "", true},
	} {
		got, err := stateDir(c.asked, c.name, func(k string) string { return c.env[k] })
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("stateDir(%q, %q, %v) = %q, %v; want %q", c.asked, c.name, c.env, got, err, c.want)
		}
	}
}

func TestClaim(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	release, err := claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim(dir); err == nil || !strings.Contains(err.Error(), "--state-dir") || !strings.Contains(err.Error(), "process ") {
		t.Errorf("a second claim gave %v", err)
	}
	release()
	again, err := claim(dir)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	again()
}

func TestInputConflicts(t *testing.T) {
	for _, c := range []struct {
		args  string
		paths []string
		err   string
	}{
		{"", []string{"a.cue"}, ""},
		{"--camera-device 0", nil, ""},
		{"--camera-device 0", []string{"a.cue"}, "PATH a.cue and --camera-device"},
		{"--camera-device 0 --camera-uri x", nil, "--camera-device and --camera-uri"},
		{"--config b.cue", []string{"a.cue"}, "PATH a.cue and --config"},
		{"--config b.cue --camera-uri x", nil, "--config and --camera-uri"},
		{"--camera-uri x -t a=b", nil, "--tag"},
	} {
		var f inputFlags
		fs := parsed(t, f.add, strings.Fields(c.args)...)
		err := f.conflict(fs, c.paths)
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q %v: got %v", c.args, c.paths, err)
		}
	}
}

func TestCauses(t *testing.T) {
	if got := causes(map[string]uint64{"rate": 3, "gate": 30, "budget": 3, "none": 0}); got != "gate 30, budget 3, rate 3" {
		t.Errorf("got %q", got)
	}
}

func TestSecrets(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"good": "hunter2\r\n", "two": "a\nb\n", "empty": "", "huge": strings.Repeat("x", maxSecret+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	resolve := secrets(dir, map[string]string{"MADE": "made"}, func(k string) string { return map[string]string{"SET": "set", "MADE": "other"}[k] })
	for _, c := range []struct {
		s    node.Secret
		want string
		err  string
	}{
		{node.Secret{Env: "SET"}, "set", ""},
		{node.Secret{Env: "MADE"}, "made", ""},
		{node.Secret{Env: "GONE"}, "", "GONE is not set"},
		{node.Secret{File: "good"}, "hunter2", ""},
		{node.Secret{File: filepath.Join(dir, "two")}, "a\nb", ""},
		{node.Secret{File: "empty"}, "", "is empty"},
		{node.Secret{File: "huge"}, "", "larger than"},
		{node.Secret{File: "none"}, "", "no such file"},
		{node.Secret{}, "", "names nothing"},
		{node.Secret{Env: "SET", File: "good"}, "", "give one"},
	} {
		got, err := resolve(c.s)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%+v: got %q, %v", c.s, got, err)
		}
	}
}
