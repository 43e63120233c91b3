package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/engine/graph"
)

// gate is a pipeline as people write it.
const gate = `apiVersion: "rvo/v1"
cameras: front: {synthetic: {}, fps: 20, width: 160, height: 120}
detectors: motion: {motion: {}, fps: 5}
events: moving: {when: {signal: "motion.level", gte: 0.1}, hold: "2s", cooldown: "10s"}
sinks: file: jsonl: path: "events.jsonl"
`

func edited(old, now string) string { return strings.Replace(gate, old, now, 1) }

// What rvo plan --live says of an edit is what the swap then reports, setting by setting.
func TestPlanIsWhatIsDone(t *testing.T) {
	p := launch(t, gate)
	var last *reload.Outcome
	for _, text := range []string{
		edited(`"2s"`, `"1s"`),
		edited("fps: 20", "fps: 10"),
		edited("motion: {}, fps: 5", "motion: {threshold: 9}, fps: 4"),
		gate + "detectors: light: {dummy: {}, fps: 1}\ncameras: back: {synthetic: {seed: 3}, fps: 10, width: 64, height: 64}\n",
		edited("synthetic: {}", "synthetic: {seed: 9}"),
		edited(`"events.jsonl"`, `"other.jsonl"`),
		gate,
	} {
		planned := p.plan(text)
		p.put("gate.cue", text)
		last = p.next(last)
		if last.Result != reload.Applied {
			t.Fatalf("%+v\n%s", last, text)
		}
		if done := changes(t, last.Changes); done != planned {
			t.Errorf("planned\n%s\ndone\n%s", planned, done)
		}
	}
}

// Whatever is wrong with an edit, what runs goes on; when the file is as it was, nothing is wrong.
func TestInvalidEdits(t *testing.T) {
	p := launch(t, gate)
	var last *reload.Outcome
	for _, c := range []struct{ name, text, want string }{
		{"syntax", gate + "events: {", "RVO005"},
		{"type", edited("fps: 20", `fps: "twenty"`), "RVO001"},
		{"vet", edited("motion.level", "motion.levle"), "RVO101"},
		{"model missing", gate + `detectors: person: {onnx: {model: "none.onnx", family: "yolox"}, fps: 1}`, "detector/person"},
		{"camera does not open", gate + "cameras: back: images: path: \"nowhere\"\n", "camera/back"},
		{"sink refused", edited(`"events.jsonl"`, `"/proc/none/events.jsonl"`), "sink/file"},
		{"garbage", "\x7fELF\x00\x00", "RVO005"},
		{"empty", "", "RVO004"},
	} {
		frames := p.frames()
		p.put("gate.cue", c.text)
		last = p.next(last)
		if last.Result != reload.Rejected || last.Generation != 1 {
			t.Errorf("%s: %+v", c.name, last)
		}
		if said := fmt.Sprintf("%v %s %s", last.Findings, last.Node, last.Error); !strings.Contains(said, c.want) {
			t.Errorf("%s: says %s, want %s", c.name, said, c.want)
		}
		if r := p.reloads(); r.Rejected == nil || r.Generation != 1 {
			t.Errorf("%s: %+v", c.name, r)
		}
		var config struct {
			Rejected *struct{ Findings []any }
		}
		if p.ask(http.MethodGet, "/api/v1/config", "", &config); config.Rejected == nil {
			t.Errorf("%s: the configuration does not tell of it", c.name)
		}
		for end := time.Now().Add(patience); p.frames() <= frames; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: the camera has stopped", c.name)
			}
		}
		p.put("gate.cue", gate)
		if last = p.next(last); last.Result != reload.Unchanged {
			t.Errorf("%s: back: %+v", c.name, last)
		}
	}
	if s := p.out.String(); !strings.Contains(s, "edit rejected") || strings.Contains(s, "reloaded") {
		t.Errorf("log:\n%s", s)
	}
}

// hold returns how long the event that runs is held, as the process tells it.
func (p *process) hold() string {
	p.t.Helper()
	var config struct{ Nodes []graph.Node }
	p.ask(http.MethodGet, "/api/v1/config", "", &config)
	for _, n := range config.Nodes {
		for _, f := range n.Fields {
			if n.ID == "event/moving@front" && f.Name == "hold" {
				return string(f.Value)
			}
		}
	}
	return ""
}

// Two edits within 10 ms are one, and of edits every 50 ms for a while (RVO_EDITS: how many) the last one runs.
func TestManyEdits(t *testing.T) {
	p := launch(t, gate)
	p.put("gate.cue", edited(`"2s"`, `"3s"`))
	time.Sleep(5 * time.Millisecond)
	p.put("gate.cue", edited(`"2s"`, `"4s"`))
	if o := p.next(nil); o.Result != reload.Applied || p.hold() != "4000000000" {
		t.Errorf("%+v, hold %s", o, p.hold())
	}
	edits := 40
	if n, err := strconv.Atoi(os.Getenv("RVO_EDITS")); err == nil {
		edits = n
	}
	for i := range edits {
		p.put("gate.cue", edited(`"2s"`, fmt.Sprintf(`"%dms"`, 5000+i)))
		time.Sleep(50 * time.Millisecond)
	}
	want := strconv.Itoa((5000 + edits - 1) * int(time.Millisecond))
	r := p.until("the last edit runs", func(reload.Reloads) bool { return p.hold() == want })
	time.Sleep(time.Second)
	if now := p.reloads(); now.Generation != r.Generation {
		t.Errorf("generation %d after the last edit ran, then %d", r.Generation, now.Generation)
	}
	for _, o := range r.Reloads {
		if o.Result != reload.Applied {
			t.Errorf("%+v", o)
		}
	}
}

// Without a watcher nothing happens by itself, and does when it is asked for.
func TestAskedFor(t *testing.T) {
	p := launch(t, gate, "--no-watch")
	p.put("gate.cue", edited(`"2s"`, `"3s"`))
	time.Sleep(500 * time.Millisecond)
	if r := p.reloads(); len(r.Reloads) != 0 || r.Watching {
		t.Fatalf("%+v", r)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if o := p.next(nil); o.Result != reload.Applied || o.Trigger != reload.Signal {
		t.Errorf("%+v", o)
	}
	var o reload.Outcome
	p.put("gate.cue", "{")
	if code := p.ask(http.MethodPost, "/api/v1/reload", "", &o); code != http.StatusUnprocessableEntity || o.Result != reload.Rejected || o.Trigger != reload.Asked {
		t.Errorf("%d %+v", code, o)
	}
	if code := p.ask(http.MethodPost, "/api/v1/nodes", `detectors: light: {dummy: {}, fps: 1}`, &o); code != http.StatusOK || o.Result != reload.Applied {
		t.Errorf("%d %+v", code, o)
	}
	p.put("gate.cue", gate)
	if code := p.ask(http.MethodPost, "/api/v1/reload", "", &o); code != http.StatusOK || o.Result != reload.Applied || o.Generation != 4 {
		t.Errorf("%d %+v", code, o)
	}
	// A service that does not answer cannot be tried, so it is not taken; that it was tried says that the way is there.
	var seed struct {
		OK    bool
		Error string
	}
	if code := p.ask(http.MethodPost, "/api/nodes", `{"endpoint": "127.0.0.1:1", "signal": "PersonDetected"}`, &seed); code != http.StatusBadRequest || !strings.Contains(seed.Error, "detector/web_person_detected_0") {
		t.Errorf("the seed's nodes: %d %+v", code, seed)
	}
}

// Kubernetes swaps a link above the files of a ConfigMap.
func TestConfigMap(t *testing.T) {
	p := &process{t: t, dir: t.TempDir(), said: make(chan struct{})}
	p.put("token", token)
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(p.dir, "config", name)); err != nil {
			t.Fatal(err)
		}
	}
	for version, text := range map[string]string{"..v1": gate, "..v2": edited(`"2s"`, `"3s"`)} {
		if err := os.MkdirAll(filepath.Join(p.dir, "config", version), 0o755); err != nil {
			t.Fatal(err)
		}
		p.put(filepath.Join("config", version, "gate.cue"), text)
	}
	link("..v1", "..data")
	link(filepath.Join("..data", "gate.cue"), "gate.cue")
	p.start("config")
	link("..v2", "..tmp")
	if err := os.Rename(filepath.Join(p.dir, "config", "..tmp"), filepath.Join(p.dir, "config", "..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(p.dir, "config", "..v1")); err != nil {
		t.Fatal(err)
	}
	if o := p.next(nil); o.Result != reload.Applied || p.hold() != "3000000000" {
		t.Errorf("%+v, hold %s", o, p.hold())
	}
}

// With --watch a pipeline with errors is waited for; the process says that it is not ready, and the service manager hears of all of it.
// TestTheFolderOneStandsIn: the working folder may be removed and made again, as a checkout does; what is read is what is there then.
func TestTheFolderOneStandsIn(t *testing.T) {
	p := &process{t: t, dir: filepath.Join(t.TempDir(), "pipeline"), said: make(chan struct{})}
	fill := func(text string) {
		t.Helper()
		if err := os.Mkdir(p.dir, 0o700); err != nil {
			t.Fatal(err)
		}
		p.put("token", token)
		p.put("gate.cue", text)
	}
	fill(gate)
	p.start(".")
	if err := os.RemoveAll(p.dir); err != nil {
		t.Skipf("this system does not let go of the folder that a process stands in: %v", err)
	}
	fill(edited(`"2s"`, `"1s"`))
	p.until("the folder's second edition runs", func(r reload.Reloads) bool { return r.Generation == 2 })
}

// TestAWaitEndsWhenAsked: a process that waits for a valid pipeline ends with the first signal, and with code 0 as one that runs.
func TestAWaitEndsWhenAsked(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		p := launch(t, "{", "--watch")
		if code := p.ask(http.MethodGet, "/ready", "", new(struct{ Ready bool })); code != http.StatusServiceUnavailable {
			t.Errorf("ready says %d", code)
		}
		if err := p.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		select {
		case <-p.said: // how it ended is looked at when the test does
		case <-time.After(patience):
			_ = p.cmd.Process.Kill()
			t.Fatalf("%v: it still waits", s)
		}
	}
}

func TestWaitsForAValidPipeline(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Skipf("no service manager can be played here: %v", err)
	}
	t.Cleanup(func() { _ = manager.Close() })
	heard := func(want string) string {
		t.Helper()
		if err := manager.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for b := make([]byte, 4096); ; {
			n, err := manager.Read(b)
			if err != nil {
				t.Fatalf("the service manager was not told %s: %v", want, err)
			}
			if strings.HasPrefix(string(b[:n]), want) {
				return string(b[:n])
			}
		}
	}
	t.Setenv("NOTIFY_SOCKET", socket)
	p := launch(t, "{", "--watch")
	if said := heard("READY=1"); !strings.Contains(said, "waiting") {
		t.Errorf("said %q", said)
	}
	var ready struct {
		Ready   bool
		Reasons []struct{ Node, Why string }
	}
	if code := p.ask(http.MethodGet, "/ready", "", &ready); code != http.StatusServiceUnavailable || len(ready.Reasons) != 1 || !strings.Contains(ready.Reasons[0].Why, "gate.cue:1") {
		t.Errorf("%d %+v", code, ready)
	}
	var not struct{ Error string }
	if code := p.ask(http.MethodGet, "/api/v1/state", "", &not); code != http.StatusServiceUnavailable || !strings.Contains(not.Error, "gate.cue:1") {
		t.Errorf("the state of what does not run: %d %+v", code, not)
	}
	p.put("gate.cue", "also wrong")
	time.Sleep(300 * time.Millisecond)
	p.put("gate.cue", gate)
	if said := heard("READY=1\nSTATUS=gate, generation 1"); !strings.Contains(said, "1 camera") {
		t.Errorf("said %q", said)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	heard("RELOADING=1")
	heard("READY=1")
	_ = p.cmd.Process.Signal(os.Interrupt)
	heard("STOPPING=1")
}

// With --resume the last good pipeline runs in the place of one with errors, which is told until it is mended and takes its place.
func TestResume(t *testing.T) {
	first := launch(t, gate)
	good := filepath.Join(first.dir, "..", "state", "last-good", "pipeline.json")
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(good); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("what started is not kept")
		}
	}
	first.end()
	p := &process{t: t, dir: first.dir, said: make(chan struct{})}
	p.put("gate.cue", "{")
	p.start("--resume", "gate.cue")
	if r := p.reloads(); r.Rejected == nil || p.hold() != "2000000000" {
		t.Errorf("%+v, hold %s", r, p.hold())
	}
	if !strings.Contains(p.out.String(), "the last good one runs in its place until it is mended") {
		t.Errorf("it does not say so:\n%s", &p.out)
	}
	p.put("gate.cue", edited(`"2s"`, `"3s"`))
	if r := p.until("the mended file runs", func(r reload.Reloads) bool { return r.Generation == 2 }); r.Rejected != nil || p.hold() != "3000000000" {
		t.Errorf("%+v, hold %s", r, p.hold())
	}
}

// What is read beside the files, the services of --detector and nodes that were edited over HTTP, is read at every reload and by
// rvo plan --live.
func TestBesideTheFiles(t *testing.T) {
	p := launch(t, gate, "--detector", "127.0.0.1:1=PersonDetected")
	var o reload.Outcome
	if code := p.ask(http.MethodPost, "/api/v1/nodes", `{"detectors": {"light": {"dummy": {}, "fps": 1}}}`, &o); code != http.StatusOK {
		t.Fatalf("%d %+v", code, o)
	}
	if planned := p.plan(gate); planned != "[]" {
		t.Errorf("a reload of the same file changes\n%s", planned)
	}
	p.put("gate.cue", edited(`"2s"`, `"3s"`))
	if o := p.next(&o); o.Result != reload.Applied || o.Counts.Retune != 1 || o.Counts.Remove != 0 {
		t.Errorf("%+v", o)
	}
}
