package vet_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/vet"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
)

func allKinds(t testing.TB) *node.Set {
	t.Helper()
	set, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// The schema of the kinds that are shipped is one sound, closed file with a comment for each kind.
func TestSchemaOfShippedKinds(t *testing.T) {
	set := allKinds(t)
	text, err := compile.SchemaFor(set)
	if err != nil {
		t.Fatal(err)
	}
	root := cuecontext.New().CompileBytes(text)
	if err := root.Validate(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for role, def := range map[node.Role]string{node.RoleCamera: "#Camera", node.RoleDetector: "#Detector", node.RoleSink: "#Sink"} {
		kinds := set.Of(role)
		if len(kinds) == 0 {
			t.Errorf("there are no %s kinds", role)
		}
		for _, k := range kinds {
			v := root.LookupPath(cue.ParsePath(def)).LookupPath(cue.MakePath(cue.Str(k.Contract.Name).Optional()))
			if !v.Exists() || len(v.Doc()) == 0 {
				t.Errorf("%s %s is not in the schema with a comment", role, k.Contract.Name)
			}
			if v.Allows(cue.Str("zzz_unknown")) {
				t.Errorf("%s %s lets an unknown option pass", role, k.Contract.Name)
			}
		}
	}
}

// Pipelines made for a camera vet without a word, and what was secret in the URI is nowhere in them.
func TestAdHocVetsClean(t *testing.T) {
	set := allKinds(t)
	const secret = "p@ss/w:o#rd"
	for uri, kind := range map[string]string{
		"rtsp://10.0.0.7:554/stream1":               "rtsp",
		"rtsps://user:p%40ss%2Fw%3Ao%23rd@cam/1":    "rtsp",
		"rtsp://cam:554/a@b":                        "rtsp",
		"RTSP://user@cam/1":                         "rtsp",
		"http://user:p%40ss%2Fw%3Ao%23rd@cam/mjpeg": "http",
		"https://cam/mjpeg?x=1":                     "http",
		"/videos/a \"b\" \\(c).mp4":                 "file",
		"clip.avi":                                  "file",
		"file:///videos/a.mp4":                      "file",
	} {
		t.Run(kind, func(t *testing.T) {
			a, err := dsl.AdHocURI(uri)
			if err != nil {
				t.Fatal(err)
			}
			g := vetAdHoc(t, set, a, secret)
			if g.Spec.Cameras[0].Kind != kind {
				t.Errorf("camera kind %s, want %s", g.Spec.Cameras[0].Kind, kind)
			}
			if strings.Contains(uri, ":p") {
				if a.Secrets[dsl.AdHocPassword] != secret {
					t.Errorf("password is %q", a.Secrets[dsl.AdHocPassword])
				}
				var o struct {
					URL, User string
					Password  node.Secret
				}
				if err := json.Unmarshal(g.Spec.Cameras[0].Options, &o); err != nil || o.User != "user" || o.Password.Env != dsl.AdHocPassword {
					t.Errorf("options %s, %v", g.Spec.Cameras[0].Options, err)
				}
			} else if len(a.Secrets) != 0 {
				t.Errorf("secrets %v", a.Secrets)
			}
		})
	}
	a, err := dsl.AdHocDevice(2)
	if err != nil {
		t.Fatal(err)
	}
	if g := vetAdHoc(t, set, a, secret); string(g.Spec.Cameras[0].Options) != `{"index":2}` {
		t.Errorf("options %s", g.Spec.Cameras[0].Options)
	}
}

func vetAdHoc(t *testing.T, set *node.Set, a *dsl.AdHoc, secret string) *vet.Result {
	t.Helper()
	r, err := vet.Vet(t.Context(), []string{a.Path}, vet.Options{Kinds: set, Dir: t.TempDir(), Files: a.Files})
	if err != nil {
		t.Fatal(err)
	}
	if r.Graph == nil || len(r.Findings) > 0 {
		t.Fatalf("findings %v\n%s", r.Findings, a.Files[a.Path])
	}
	// What is told on a terminal is gone with it: the records have to be in a file too.
	sinks := map[string]string{}
	for _, s := range r.Spec.Sinks {
		sinks[s.Kind] = string(s.Options)
	}
	if len(sinks) != 2 || sinks["stdout"] == "" || !strings.Contains(sinks["jsonl"], `"path":"events.jsonl"`) {
		t.Errorf("sinks %v", sinks)
	}
	spec, err := json.Marshal(r.Spec)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"file": a.Files[a.Path], "content": r.Document.Content, "spec": spec} {
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte("ss%2Fw")) {
			t.Errorf("the password is in the %s:\n%s", name, text)
		}
	}
	return r
}

// TestAdHocRemotesVetClean: with services of the command line a pipeline made for a camera has events of them; one from files
// gets detectors alone.
func TestAdHocRemotesVetClean(t *testing.T) {
	set, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	remotes := []dsl.Remote{
		{ID: "person_detected", Endpoint: "http://localhost:50051", Signal: "PersonDetected"},
		{ID: "face_present", Endpoint: "https://models:50052", Signal: `Face"Present`},
	}
	a, err := dsl.AdHocDevice(0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := vet.Vet(t.Context(), []string{a.Path}, vet.Options{Kinds: set, Dir: t.TempDir(), Files: a.Files, Extra: dsl.AdHocRemotes(remotes, true)})
	if err != nil || r.Graph == nil || len(r.Findings) > 0 {
		t.Fatalf("findings %v, %v", r.Findings, err)
	}
	var events []string
	for _, e := range r.Spec.Events {
		events = append(events, e.ID)
	}
	if got := strings.Join(events, " "); got != "face_present motion person_detected" {
		t.Errorf("events %s", got)
	}
	for _, d := range r.Spec.Detectors {
		if d.Kind == "grpc" && (d.FPS != 15 || d.Timeout != 200*time.Millisecond || !strings.Contains(string(d.Options), `"wire":"`)) {
			t.Errorf("detector %+v", d)
		}
	}
	for _, f := range r.Files {
		if strings.Contains(f, "command-line") {
			t.Errorf("%s is a file to watch, and is none", f)
		}
	}

	const text = `apiVersion: "rvo/v1", cameras: a: {synthetic: {}, fps: 30}, events: e: {when: {signal: "person_detected.value", gte: 1}, hold: "2s"}`
	opts := vet.Options{Kinds: set, Dir: t.TempDir(), Files: map[string][]byte{"p.cue": []byte(text)}, Extra: dsl.AdHocRemotes(remotes[:1], false)}
	r, err = vet.Vet(t.Context(), []string{"p.cue"}, opts)
	if err != nil || r.Graph == nil || len(r.Findings) > 0 {
		t.Errorf("findings %v, %v", r.Findings, err)
	}
	opts.Extra = dsl.AdHocRemotes([]dsl.Remote{{ID: "person_detected", Endpoint: "nowhere", Signal: "X"}}, false)
	r, err = vet.Vet(t.Context(), []string{"p.cue"}, opts)
	if err != nil || r.Graph != nil || len(r.Findings) == 0 || r.Findings[0].Place.File != "command-line.cue" || r.Findings[0].Line == "" {
		t.Errorf("an endpoint that is none gives %v, %v", r.Findings, err)
	}
}

func TestAdHocRefuses(t *testing.T) {
	for _, uri := range []string{
		"", "ftp://user:hunter2@h/x", "rtsp://", "rtsp://user:hunter2@", "rtsp://:hunter2@h/x", "rtsp://user:p@hunter2/x@cam/1", "rtsp://user:hun/ter2@cam/1",
		"file://host/x", "file://", "rtsp:///x",
	} {
		a, err := dsl.AdHocURI(uri)
		if err == nil {
			t.Errorf("%q gives\n%s", uri, a.Files[a.Path])
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the password is in the error: %v", uri, err)
		}
	}
	if _, err := dsl.AdHocDevice(-1); err == nil {
		t.Error("device -1 was accepted")
	}
}
