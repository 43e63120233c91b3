package accept

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"rvo.dev/nodes/all"
)

// liveOptions has an edit of every option of every kind that needs nothing but this program, by role, kind and option.
func liveOptions(t *testing.T) map[string]live {
	t.Helper()
	one, two := t.TempDir(), t.TempDir()
	out := map[string]live{}
	camera := func(option string, says func(*window) string, base, to string) {
		out["camera.synthetic."+option] = live{"camera/gate", set{"cameras.gate.synthetic": raw(base)}, set{"cameras.gate.synthetic": raw(to)}, says}
	}
	camera("pattern", pictures(), `{"pattern": "still"}`, `{"pattern": "rectangle"}`)
	camera("seed", pictures(), `{"pattern": "still", "seed": 1}`, `{"pattern": "still", "seed": 2}`)
	camera("size", pictures(), `{"pattern": "rectangle"}`, `{"pattern": "rectangle", "size": 0.5}`)
	camera("speed", changes(), `{"moving": "8s", "still": "1ms"}`, `{"moving": "8s", "still": "1ms", "speed": 0.01}`)
	camera("moving", changes(), `{"moving": "1s", "still": "1s"}`, `{"moving": "3s", "still": "1s"}`)
	camera("still", changes(), `{"moving": "1s", "still": "1s"}`, `{"moving": "1s", "still": "3s"}`)
	camera("noise", changes(), `{"pattern": "still"}`, `{"pattern": "still", "noise": 3}`)
	camera("level", pictures(), `{"pattern": "solid"}`, `{"pattern": "solid", "level": 200}`)
	camera("period", changes(), `{"pattern": "alternating", "period": 10}`, `{"pattern": "alternating", "period": 2}`)
	camera("frames", rate("camera/gate", ""), `{"frames": 100000}`, `{"frames": 20}`)

	out["camera.synthetic.camera.loop"] = live{node: "camera/gate", to: set{"cameras.gate.loop": true}}

	for dir, level := range map[string]uint8{one: 40, two: 200} {
		gray(t, dir, level)
	}
	images := func(dir string) set {
		return set{"cameras.gate.images": map[string]string{"path": dir}, "cameras.gate.synthetic": nil, "cameras.gate.loop": true}
	}
	out["camera.images.path"] = live{"camera/gate", images(one), images(two), pictures()}

	detector := func(kind, option string, says func(*window) string, base, to string) {
		out["detector."+kind+"."+option] = live{
			node: "detector/it", says: says,
			base: set{"detectors.it.fps": 10, "detectors.it." + kind: raw(base)}, to: set{"detectors.it." + kind: raw(to)},
		}
	}
	detector("busy", "busy", took("detector/it"), `{"busy": "2ms", "sleep": true}`, `{"busy": "7ms", "sleep": true}`)
	detector("busy", "sleep", took("detector/it"), `{"busy": "1ms", "sleep": true}`, `{"busy": "1ms", "sleep": false}`)
	detector("jitter", "max", longest("detector/it"), `{"max": "1ms"}`, `{"max": "20ms"}`)
	detector("jitter", "seed", nil, `{"seed": 1}`, `{"seed": 2}`)

	// A whole picture that turns from black to white and back every two seconds.
	motion := func(option, to string) {
		out["detector.motion."+option] = live{
			node: "detector/it", says: share("detector/it", "gate", "level 1"),
			base: set{"cameras.gate.synthetic": raw(`{"pattern": "alternating", "period": 20}`), "detectors.it.fps": 10, "detectors.it.motion": raw(`{"lightning": 1}`)},
			to:   set{"detectors.it.motion": raw(to)},
		}
	}
	motion("threshold", `{"lightning": 1, "threshold": 255}`)
	motion("learn", `{"lightning": 1, "learn": "1s"}`)
	motion("rest", `{"lightning": 1, "rest": "2s"}`)
	motion("lightning", `{"lightning": 0.8}`)
	detector("motion", "minArea", share("detector/it", "gate", "0 boxes"), `{}`, `{"minArea": 0.9}`)

	const n = `"signals": {"n": {"type": "int"}}, "timeline": [{"at": "0s", "set": {"n": 1}}, {"at": "1s", "set": {"n": 2}}]`
	more := strings.NewReplacer(`"n": {`, `"m": {"type": "int"}, "n": {`, `"n": 2`, `"n": 2, "m": 5`) // a value for it comes with the signal
	detector("scripted", "signals", kinds("detector/it", "gate"), `{`+n+`}`, more.Replace(`{`+n+`}`))
	detector("scripted", "timeline", kinds("detector/it", "gate"), `{`+n+`}`, strings.Replace(`{`+n+`}`, `"n": 2`, `"n": 7`, 1))
	detector("scripted", "loop", kinds("detector/it", "gate"), `{`+n+`}`, `{"loop": "2s", `+n+`}`)

	track := func(option string, says func(*window) string, base, to string) {
		out["detector.track."+option] = live{
			node: "detector/it", says: says,
			base: set{"detectors.motion.fps": 10, "detectors.it.fps": 10, "detectors.it.needs": []string{"motion.boxes"}, "detectors.it.cameras": []string{"gate"}, "detectors.it.track": raw(base)},
			to:   set{"detectors.it.track": raw(to)},
		}
	}
	line := func(x float64) string {
		return fmt.Sprintf(`"lines": {"door": {"from": [%g, 0], "to": [%g, 1]}}`, x, x)
	}
	for option, o := range map[string][2]string{
		"high": {`{}`, `{"high": 0.3}`}, "keep": {`{}`, `{"keep": "2s"}`}, "margin": {`{` + line(0.5) + `}`, `{"margin": 0.1, ` + line(0.5) + `}`},
		"settle": {`{"zones": ["door"]}`, `{"zones": ["door"], "settle": "1s"}`}, "still": {`{}`, `{"still": "1s"}`},
		"lines.*": {`{` + line(0.5) + `}`, `{` + line(0.2) + `}`},
	} {
		track(option, nil, o[0], o[1])
	}
	track("lines", share("detector/it", "", "gate_left"), `{`+line(0.5)+`}`, strings.Replace(`{`+line(0.5)+`}`, "door", "gate", 1))
	track("zones", share("detector/it", "", "yard_count"), `{"zones": ["door"]}`, `{"zones": ["door", "yard"]}`)

	sink := func(kind, option, base, to string) {
		out["sink."+kind+"."+option] = live{"sink/it", set{"sinks.it." + kind: raw(base)}, set{"sinks.it." + kind: raw(to)}, nil}
	}
	sink("stdout", "format", `{}`, `{"format": "text"}`)
	sink("jsonl", "path", `{"path": "a.jsonl"}`, `{"path": "b.jsonl"}`)
	sink("jsonl", "fsync", `{"path": "a.jsonl"}`, `{"path": "a.jsonl", "fsync": "record"}`)
	sink("jsonl", "interval", `{"path": "a.jsonl"}`, `{"path": "a.jsonl", "interval": "2s"}`)
	sink("jsonl", "maxBytes", `{"path": "a.jsonl"}`, `{"path": "a.jsonl", "maxBytes": "2KiB"}`)
	sink("jsonl", "files", `{"path": "a.jsonl", "maxBytes": "2KiB"}`, `{"path": "a.jsonl", "maxBytes": "2KiB", "files": 1}`)
	return out
}

// elsewhere are kinds whose options are edited elsewhere, and where.
func elsewhere() map[string]string {
	const opencv = "TestEveryOpenCVOptionLive"
	return map[string]string{
		"detector.grpc":     "TestEveryRemoteOptionLive, for a network has no virtual clock",
		"detector.kserve":   "TestEveryRemoteOptionLive",
		"detector.external": "TestExternalSignalsLive: nothing is opened, its signals are told",
		"camera.device":     "nowhere: its options say which device it is, and a machine that runs tests has none",
		"camera.file":       opencv,
		"camera.http":       opencv,
		"camera.rtsp":       opencv,
		"detector.haar":     opencv,
		"detector.hog":      opencv,
		"detector.mog2":     opencv,
		"detector.onnx":     opencv,
	}
}

// TestEveryOptionLive edits every option of every kind while the pipeline runs.
func TestEveryOptionLive(t *testing.T) {
	cases := liveOptions(t)
	var want []string
	for _, k := range all.Kinds() {
		name := k.Contract.Role.String() + "." + k.Contract.Name
		if !k.Built() || elsewhere()[name] != "" {
			continue
		}
		for option := range k.Contract.Changes {
			want = append(want, name+"."+option)
		}
	}
	slices.Sort(want)
	for _, name := range want {
		if _, ok := cases[name]; !ok {
			t.Errorf("option %s has no edit here: add one, with its effect", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		if !slices.Contains(want, name) {
			t.Errorf("there is no option %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runLive(t, cases[name])
		})
	}
}
