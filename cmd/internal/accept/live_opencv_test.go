//go:build cgo && opencv

package accept

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rvo.dev/nodes/all"
)

// mjpeg serves a motion JPEG stream at /open.mjpg and to anybody with a name at /private.mjpg, and notes who asks.
func mjpeg(t *testing.T, s *spies, id string, level uint8) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 96, 64))
	for i := range img.Pix {
		img.Pix[i] = level
	}
	var pic bytes.Buffer
	must(t, jpeg.Encode(&pic, img, nil))
	b := s.visitor(id)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, known := r.BasicAuth()
		if !known && r.URL.Path == "/private.mjpg" {
			w.Header().Set("WWW-Authenticate", `Basic realm="cams"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary=next")
		for r.Context().Err() == nil {
			b.note("", fmt.Sprintf("asked by %s %s", user, password), 0)
			if _, err := fmt.Fprintf(w, "--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", pic.Len(), pic.Bytes()); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			time.Sleep(40 * time.Millisecond)
		}
	}))
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })
	return srv.URL
}

// openCVOptions has an edit of every option of the kinds that need OpenCV, or may.
func openCVOptions() map[string]func(t *testing.T, s *spies) live {
	out := map[string]func(t *testing.T, s *spies) live{}
	shared := func(t *testing.T, parts ...string) string {
		t.Helper()
		path := filepath.Join(append([]string{"..", "..", "..", "..", "shared"}, parts...)...)
		if !exists(path) {
			t.Skip("needs", path)
		}
		path, err := filepath.Abs(path)
		must(t, err)
		return path
	}
	copied := func(t *testing.T, path string) string {
		t.Helper()
		b, err := os.ReadFile(path)
		must(t, err)
		to := filepath.Join(t.TempDir(), "copy"+filepath.Ext(path))
		must(t, os.WriteFile(to, b, 0o600))
		return to
	}
	secret := func(t *testing.T, name, value string) any {
		t.Helper()
		t.Setenv(name, value)
		return map[string]string{"env": name}
	}
	type options = map[string]any
	camera := func(name string, says func(*window) string, make func(t *testing.T, s *spies) (from, to options)) {
		kind, _, _ := strings.Cut(name, ".")
		out["camera."+name] = func(t *testing.T, s *spies) live {
			t.Helper()
			from, to := make(t, s)
			at := func(o options) set {
				return set{"cameras.gate": options{kind: o, "fps": 15}, "events": options{"level": raw(`{"when": {"signal": "view.n", "gte": 1}}`)}, "evidence": options{}}
			}
			return live{"camera/gate", at(from), at(to), says}
		}
	}
	both := func(o options, more options) options {
		o = maps.Clone(o)
		maps.Copy(o, more)
		return o
	}

	camera("file.path", nil, func(t *testing.T, _ *spies) (from, to options) {
		t.Helper()
		return options{"path": shared(t, "media", "vtest.avi")}, options{"path": shared(t, "media", "TUD-Campus.mp4")}
	})

	pictures := pictures()
	camera("http.url", pictures, func(t *testing.T, s *spies) (from, to options) {
		t.Helper()
		return options{"url": mjpeg(t, s, "one", 60) + "/open.mjpg"}, options{"url": mjpeg(t, s, "two", 200) + "/open.mjpg"}
	})
	by := kinds("service/one", "")
	login := func(t *testing.T, s *spies) options {
		t.Helper()
		return options{"url": mjpeg(t, s, "one", 60) + "/private.mjpg", "user": "ann", "password": secret(t, "RVO_TEST_ONE", "one")}
	}
	camera("http.user", by, func(t *testing.T, s *spies) (from, to options) {
		t.Helper()
		from = login(t, s)
		return from, both(from, options{"user": "bob"})
	})
	camera("http.password", by, func(t *testing.T, s *spies) (from, to options) {
		t.Helper()
		from = login(t, s)
		return from, both(from, options{"password": secret(t, "RVO_TEST_TWO", "two")})
	})
	for _, field := range []string{"width", "height"} {
		out["camera.http.camera."+field] = func(t *testing.T, s *spies) live {
			t.Helper()
			l := out["camera.http.timeout"](t, s)
			return live{node: l.node, base: l.base, to: set{"cameras.gate." + field: 240}}
		}
	}
	camera("http.timeout", nil, func(t *testing.T, s *spies) (from, to options) {
		t.Helper()
		from = login(t, s)
		return from, both(from, options{"timeout": "4s"})
	})

	// What a source is not opened with: nothing is opened again.
	asked := func(kind, field string, value any, open func(*testing.T) options) {
		out["camera."+kind+".camera."+field] = func(t *testing.T, _ *spies) live {
			t.Helper()
			base := set{"cameras.gate": options{kind: open(t), "fps": 15}, "events": options{"level": raw(`{"when": {"signal": "view.n", "gte": 1}}`)}, "evidence": options{}}
			return live{node: "camera/gate", base: base, to: set{"cameras.gate." + field: value}}
		}
	}
	clip := func(t *testing.T) options { t.Helper(); return options{"path": shared(t, "media", "vtest.avi")} }
	asked("file", "width", 320, clip)
	asked("file", "height", 240, clip)

	rtsp := func(t *testing.T) options {
		t.Helper()
		srv := newRTSP(t)
		srv.open()
		t.Cleanup(srv.kill)
		return options{"url": "rtsp://" + srv.addr + "/live", "user": rtspUser, "password": secret(t, "RVO_TEST_ONE", rtspPassword)}
	}
	asked("rtsp", "fps", 10, rtsp)
	asked("rtsp", "width", 320, rtsp)
	asked("rtsp", "height", 240, rtsp)
	asked("rtsp", "loop", true, rtsp)
	camera("rtsp.url", nil, func(t *testing.T, _ *spies) (from, to options) {
		t.Helper()
		return rtsp(t), rtsp(t)
	})
	camera("rtsp.user", nil, func(t *testing.T, _ *spies) (from, to options) { // another one would not be let in
		t.Helper()
		to = rtsp(t)
		in := strings.Replace(to["url"].(string), "//", "//"+url.UserPassword(rtspUser, rtspPassword).String()+"@", 1)
		return options{"url": in}, both(to, options{"url": in})
	})
	camera("rtsp.password", nil, func(t *testing.T, _ *spies) (from, to options) {
		t.Helper()
		from = rtsp(t)
		return from, both(from, options{"password": secret(t, "RVO_TEST_TWO", rtspPassword)})
	})
	camera("rtsp.timeout", nil, func(t *testing.T, _ *spies) (from, to options) {
		t.Helper()
		from = rtsp(t)
		return from, both(from, options{"timeout": "4s"})
	})
	camera("rtsp.transport", nil, func(t *testing.T, _ *spies) (from, to options) {
		t.Helper()
		srv := newRTSP(t)
		srv.udp = ports(t)
		srv.open()
		t.Cleanup(srv.kill)
		from = options{"url": "rtsp://" + srv.addr + "/live", "user": rtspUser, "password": secret(t, "RVO_TEST_ONE", rtspPassword)}
		return from, both(from, options{"transport": "udp"})
	})

	detector := func(kind string, clip string, base func(t *testing.T) options, edits map[string]func(t *testing.T) options, says map[string]func(*window) string) {
		for option, edit := range edits {
			out["detector."+kind+"."+option] = func(t *testing.T, _ *spies) live {
				t.Helper()
				from := base(t)
				at := func(o options) set {
					s := set{"detectors.it": options{kind: o, "fps": 10, "cameras": []string{"gate"}}}
					if clip != "" {
						s["cameras.gate"] = options{"file": options{"path": shared(t, "media", clip)}, "loop": true}
						s["events"], s["evidence"] = options{"level": raw(`{"when": {"signal": "view.n", "gte": 1}}`)}, options{}
					}
					return s
				}
				return live{"detector/it", at(from), at(both(from, edit(t))), says[option]}
			}
		}
	}
	is := func(o options) func(*testing.T) options { return func(*testing.T) options { return o } }
	nothing := is(options{})
	detector("mog2", "", nothing, map[string]func(*testing.T) options{
		"history": is(options{"history": "1s"}), "varThreshold": is(options{"varThreshold": 1000}), "shadows": is(options{"shadows": false}), "minArea": is(options{"minArea": 0.5}),
	}, map[string]func(*window) string{"minArea": share("detector/it", "gate", "0 boxes")})
	found := share("detector/it", "gate", "count 0")
	detector("hog", "vtest.avi", is(options{"step": 1.3, "enlarge": 1.2}), map[string]func(*testing.T) options{
		"enlarge": is(options{"enlarge": 0.2}), "step": is(options{"step": 1.5}), "threshold": is(options{"threshold": 10}), "trimWidth": is(options{"trimWidth": 0.1}),
		"trimHeight": is(options{"trimHeight": 0.2}), "minNeighbors": is(options{"minNeighbors": 100}), "overlap": is(options{"overlap": 0.1}),
	}, map[string]func(*window) string{"threshold": found, "minNeighbors": found})
	detector("haar", "", nothing, map[string]func(*testing.T) options{
		"cascade": is(options{"cascade": "frontalface_default"}), "label": is(options{"label": "visitor"}), "step": is(options{"step": 1.3}),
		"minNeighbors": is(options{"minNeighbors": 1}), "minSize": is(options{"minSize": 0.5}),
	}, nil)
	network := func(t *testing.T) options {
		t.Helper()
		return options{"model": shared(t, "models", "yolox_nano_hw.onnx"), "inputSize": "320x256", "labelsFile": shared(t, "models", "coco80.names"), "runtime": "opencv"}
	}
	detector("onnx", "vtest.avi", network, map[string]func(*testing.T) options{
		"model": func(t *testing.T) options {
			return options{"model": copied(t, shared(t, "models", "yolox_nano_hw.onnx"))}
		},
		"runtime":   is(options{"runtime": "auto"}),
		"family":    is(options{"family": "yolox"}),
		"inputSize": is(options{"inputSize": "416x320"}),
		"threshold": is(options{"threshold": 1}),
		"overlap":   is(options{"overlap": 0.9}),
		"keep":      is(options{"keep": []string{"zebra"}}),
		"labelsFile": func(t *testing.T) options {
			return options{"labelsFile": copied(t, shared(t, "models", "coco80.names"))}
		},
	}, map[string]func(*window) string{"threshold": found, "keep": found})
	at := func(o options) any { return options{"onnx": o, "fps": 10, "cameras": []string{"gate"}} }
	out["detector.onnx.labels"] = func(t *testing.T, s *spies) live {
		t.Helper()
		l := out["detector.onnx.keep"](t, s)
		l.says = nil
		names, err := os.ReadFile(shared(t, "models", "coco80.names"))
		must(t, err)
		list := strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(names)), " ", "_"))
		slices.Reverse(list)
		o := both(network(t), options{"labels": list})
		delete(o, "labelsFile")
		l.to = maps.Clone(l.base)
		l.to["detectors.it"] = at(o)
		return l
	}
	darknet := func(t *testing.T) options {
		t.Helper()
		return options{"model": shared(t, "models", "yolo-fastest-1.1_body.weights"), "config": shared(t, "models", "yolo-fastest-1.1_body.cfg")}
	}
	batching := func(model string) options { // one whose layers go along with more pictures
		return options{"model": model, "runtime": "opencv"}
	}
	out["detector.onnx.batch"] = func(t *testing.T, s *spies) live {
		t.Helper()
		l := out["detector.onnx.keep"](t, s)
		base := batching(shared(t, "models", "ultraface_RFB_320.onnx"))
		l.says, l.base = nil, maps.Clone(l.base)
		l.base["detectors.it"], l.to = at(base), set{"detectors.it": at(both(base, options{"batch": options{"max": 2}}))}
		return l
	}
	out["detector.onnx.config"] = func(t *testing.T, s *spies) live {
		t.Helper()
		l := out["detector.onnx.keep"](t, s)
		l.says, l.base = nil, maps.Clone(l.base)
		l.base["detectors.it"] = at(darknet(t))
		l.to = set{"detectors.it": at(both(darknet(t), options{"config": copied(t, shared(t, "models", "yolo-fastest-1.1_body.cfg"))}))}
		return l
	}
	return out
}

// ports returns two that follow one another, the first of them even, as RTP wants them.
func ports(t *testing.T) [2]string {
	t.Helper()
	for range 100 {
		a, err := net.ListenPacket("udp", "127.0.0.1:0")
		must(t, err)
		port := a.LocalAddr().(*net.UDPAddr).Port
		must(t, a.Close())
		if port%2 == 1 {
			continue
		}
		b, err := net.ListenPacket("udp", fmt.Sprintf("127.0.0.1:%d", port+1))
		if err != nil {
			continue
		}
		must(t, b.Close())
		return [2]string{fmt.Sprintf("127.0.0.1:%d", port), fmt.Sprintf("127.0.0.1:%d", port+1)}
	}
	t.Fatal("no two free ports")
	return [2]string{}
}

// TestEveryOpenCVOptionLive edits every option of the kinds that need OpenCV, or may, on the real clock.
func TestEveryOpenCVOptionLive(t *testing.T) {
	cases := openCVOptions()
	var want []string
	for _, k := range all.Kinds() {
		name := k.Contract.Role.String() + "." + k.Contract.Name
		if elsewhere()[name] != "TestEveryOpenCVOptionLive" {
			continue
		}
		for option := range k.Contract.Changes {
			want = append(want, name+"."+option)
		}
	}
	for _, name := range want {
		if cases[name] == nil {
			t.Errorf("option %s has no edit here: add one, with its effect", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		if !slices.Contains(want, name) {
			t.Errorf("there is no option %s", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			kinds, spies := spiedKinds(t)
			l := cases[name](t, spies)
			l.run(t, onClock(l.node), kinds, spies)
		})
	}
}
