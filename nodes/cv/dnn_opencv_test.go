//go:build cgo && opencv

package cv

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/nodes/model"
)

// sharedModel returns a network of the shared tests' models, or skips.
func sharedModel(t *testing.T, name string) []byte {
	t.Helper()
	dir := filepath.Join(filepath.Dir(filepath.Dir(media(t, "vtest.avi"))), "models")
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("the shared models are not here: %v", err)
	}
	return b
}

// TestDNNFindsPeople runs networks of each kind of file that OpenCV reads on one picture of a street with people.
func TestDNNFindsPeople(t *testing.T) {
	coco := strings.Split(strings.TrimSpace(string(sharedModel(t, "coco80.names"))), "\n")
	c, err := make(turns, 1).open(t.Context(), media(t, "vtest.avi"), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	pool := frame.NewPool(frame.PoolOptions{Slabs: 2})
	defer pool.Close()
	var f *frame.Frame
	for range 40 {
		if ok, err := c.grab(); !ok || err != nil {
			t.Fatalf("grab: %v, %v", ok, err)
		}
	}
	if f, err = c.retrieve(768, 576, pool); err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	rt, ok := DNN()
	if !ok {
		t.Fatal("this build has no OpenCV")
	}
	for _, n := range []struct {
		weights, config, size string
		labels                []string
	}{
		{"yolox_nano.onnx", "", "320x256", coco},
		{"light_person_192.onnx", "", "256x192", nil},
		{"object_detection_nanodet_2022nov.onnx", "", "", coco},
		{"fastestdet_352.onnx", "", "", coco},
		{"yolo-fastest-1.1_body.weights", "yolo-fastest-1.1_body.cfg", "", nil},
	} {
		files := model.Files{Weights: sharedModel(t, n.weights)}
		if n.config != "" {
			files.Config = sharedModel(t, n.config)
		}
		o := model.PlanOptions{InputSize: n.size, Labels: n.labels}
		plan, err := model.NewPlan(files, o)
		if err != nil {
			t.Fatalf("%s: %v", n.weights, err)
		}
		filter, err := plan.Filter(o)
		if err != nil {
			t.Fatalf("%s: %v", n.weights, err)
		}
		net, err := rt.Open(plan.Files, model.Options{Threads: 1})
		if err != nil {
			t.Fatalf("%s: %v", n.weights, err)
		}
		for range 2 { // two sessions of one network
			s, err := net.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			boxes, err := plan.NewDetector(s).Detect(f.BGR(), filter)
			people := 0
			for _, b := range boxes {
				if b.Label == "person" {
					people++
				}
			}
			if err != nil || people < 3 || people > 8 {
				t.Errorf("%s finds %d people, want about 5: %v", n.weights, people, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDNNRefuses holds that what OpenCV cannot read or run is an error and not the end of the process.
func TestDNNRefuses(t *testing.T) {
	rt, ok := DNN()
	if !ok {
		t.Fatal("this build has no OpenCV")
	}
	for name, f := range map[string]model.Files{
		"empty": {}, "text": {Weights: []byte("<html>")}, "Darknet text": {Weights: []byte("x"), Config: []byte("[net]\nwidth=nothing")},
	} {
		if net, err := rt.Open(f, model.Options{Threads: 1}); err == nil {
			t.Errorf("%s: opened", name)
			_ = net.Close()
		}
	}
	if _, err := rt.Open(model.Files{Weights: sharedModel(t, "picodet_s_320_coco.onnx")}, model.Options{Threads: 1}); err == nil || !strings.Contains(err.Error(), "Clip") {
		t.Errorf("a network with an operator that OpenCV 4.6 does not know: %v", err)
	}
	net, err := rt.Open(model.Files{Weights: sharedModel(t, "fastestdet_352.onnx")}, model.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	s, err := net.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Run(model.Tensor{Name: "x", Shape: []int{1, 3, 7}, Data: make([]float32, 21)}); err == nil {
		t.Error("an input of three axes was taken")
	}
	if _, err := s.Run(model.Tensor{Name: "x", Shape: []int{1, 1, 3, 3}, Data: make([]float32, 9)}); err == nil {
		t.Error("an input of one channel was taken")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
