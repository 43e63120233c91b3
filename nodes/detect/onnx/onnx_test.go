package onnx

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/nodes/model"
)

// fake is a runtime whose networks find the same two things in every picture. Its Load gives err.
type fake struct{ err error }

func (fake) Name() string  { return "fake" }
func (f fake) Load() error { return f.err }
func (fake) Open(model.Files, model.Options) (model.Network, error) {
	return fake{}, nil
}
func (fake) NewSession() (model.Session, error) { return fake{}, nil }
func (fake) Close() error                       { return nil }

func (fake) Run(in model.Tensor) ([]model.Tensor, error) {
	w, h := in.Shape[3], in.Shape[2]
	rows := (w/8)*(h/8) + (w/16)*(h/16) + (w/32)*(h/32)
	out := model.Tensor{Name: "output", Shape: []int{1, rows, 7}, Data: make([]float32, rows*7)}
	copy(out.Data[0:], []float32{1, 1, 0, 0, 0.9, 1, 0})
	copy(out.Data[7:], []float32{0.25, 1, 0, 0, 0.7, 1, 0}) // the same cat: they overlap by 0.6
	copy(out.Data[7*5:], []float32{0, 0, 0, 0, 0.8, 0, 1})
	return []model.Tensor{out}, nil
}

// network writes a file that says it is YOLOX with two classes and an input of 64 x 64.
func network(t *testing.T) string {
	t.Helper()
	message := func(num protowire.Number, b ...[]byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), bytes.Join(b, nil))
	}
	value := func(num protowire.Number, name string, shape ...uint64) []byte {
		var dims [][]byte
		for _, n := range shape {
			dims = append(dims, message(1, protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), n)))
		}
		return message(num, message(1, []byte(name)), message(2, message(1, message(2, dims...))))
	}
	version := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 8)
	file := filepath.Join(t.TempDir(), "net.onnx")
	content := slices.Concat(version, message(7, value(11, "images", 1, 3, 64, 64), value(12, "output", 1, 84, 7)))
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestKind(t *testing.T) {
	file := network(t)
	text := filepath.Join(t.TempDir(), "two.names")
	if err := os.WriteFile(text, []byte("cat\r\ndog\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	options := func(more string) string {
		name, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`{"model": %s%s}`, name, more)
	}
	nodetest.Run(t, Kind(Runtimes{ORT: fake{}, OpenCV: fake{}, Missing: func(error) bool { return true }}),
		nodetest.Case{Name: "labels", Options: options(`, "labels": ["cat", "dog"]`)},
		nodetest.Case{Name: "labels file, another size", Options: options(`, "labelsFile": "` + text + `", "inputSize": "96x64", "keep": ["dog"]`)},
		nodetest.Case{Name: "no labels", Options: options(""), Refused: "2 classes and no labels"},
		nodetest.Case{Name: "labels twice", Options: options(`, "labels": ["a", "b"], "labelsFile": "x"`), Refused: "give one of them"},
		nodetest.Case{Name: "keep", Options: options(`, "labels": ["cat", "dog"], "keep": ["cow"]`), Refused: `no label "cow": it has cat, dog`},
		nodetest.Case{Name: "no file", Options: `{"model": "/no/such.onnx", "labels": ["a", "b"]}`, Refused: "no such file"},
		nodetest.Case{Name: "no network", Options: `{"model": "` + text + `", "labels": ["a", "b"]}`, Refused: "is no ONNX network"},
		nodetest.Case{Name: "size", Options: options(`, "labels": ["cat", "dog"], "inputSize": "65x64"`), Refused: "multiples of 32"},
	)
	lacks := Kind(Runtimes{ORT: fake{errors.New("the library is gone")}}).Contract
	if option, err := lacks.Probe(nodetest.Env(t), []byte(options(`, "labels": ["cat", "dog"]`))); option != "runtime" || err == nil {
		t.Errorf("a library that is not there: %q, %v", option, err)
	}
	if option, err := lacks.Probe(nodetest.Env(t), []byte(options(`, "config": "x.cfg", "runtime": "ort"`))); option != "runtime" || err == nil {
		t.Errorf("Darknet with ONNX Runtime: %q, %v", option, err)
	}
	t.Run("without runtimes", func(t *testing.T) { nodetest.Run(t, Kind(Runtimes{})) })
}

func TestKeepIsTheOnlyLabel(t *testing.T) {
	file := network(t)
	pool := frame.NewPool(frame.PoolOptions{Slabs: 2})
	defer pool.Close()
	for keep, want := range map[string]string{`[]`: "2 0.9 cat dog", `["dog"]`: "1 0.8 dog", `["cat"]`: "1 0.9 cat"} {
		d := nodetest.OpenDetector(t, Kind(Runtimes{ORT: fake{}}),
			`{"model": "`+file+`", "labels": ["cat", "dog"], "threshold": 0.5, "keep": `+keep+`}`, nodetest.DetectorEnv(t))
		f := nodetest.Picture(t, pool, frame.BGR, 64, 64, 0, func(int, int) byte { return 9 })
		v := d.Must(f)
		f.Release()
		got := fmt.Sprintf("%d %.1f", v["count"].AsInt(), v["best"].Number())
		for _, b := range v["boxes"].AsBoxes() {
			got += " " + b.Label
		}
		if got != want {
			t.Errorf("keep %s: %s, want %s", keep, got, want)
		}
		d.Close()
	}
}

// TestAuto holds which runtime is taken.
func TestAuto(t *testing.T) {
	gone, broken := errors.New("gone"), errors.New("broken")
	ortRuntime, cv := fake{}, &fake{}
	missing := func(err error) bool { return errors.Is(err, gone) }
	env := node.DetectorEnv{Env: node.Env{Log: slog.New(slog.DiscardHandler)}}
	for _, c := range []struct {
		name string
		r    Runtimes
		o    Options
		want string
	}{
		{"auto", Runtimes{ortRuntime, cv, missing}, Options{}, "ort"},
		{"auto, no library", Runtimes{fake{gone}, cv, missing}, Options{}, "opencv"},
		{"auto, no library, no OpenCV", Runtimes{fake{gone}, nil, missing}, Options{}, "gone"},
		{"auto, a library that does not load", Runtimes{fake{broken}, cv, missing}, Options{}, "broken"},
		{"auto, no cgo", Runtimes{nil, cv, missing}, Options{}, "opencv"},
		{"ort", Runtimes{fake{gone}, cv, missing}, Options{Runtime: "ort"}, "gone"},
		{"ort, no cgo", Runtimes{nil, cv, missing}, Options{Runtime: "ort"}, "not in this build"},
		{"opencv", Runtimes{ortRuntime, cv, missing}, Options{Runtime: "opencv"}, "opencv"},
		{"opencv, not built", Runtimes{ortRuntime, nil, missing}, Options{Runtime: "opencv"}, "not in this build"},
		{"Darknet", Runtimes{ortRuntime, cv, missing}, Options{Config: "a.cfg"}, "opencv"},
	} {
		rt, err := c.r.choose(c.o, env)
		got := "ort"
		switch {
		case err != nil:
			got = err.Error()
		case rt == model.Runtime(cv):
			got = "opencv"
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestIdentity: the checksum is that of the file as it is, also where its input is declared anew.
func TestIdentity(t *testing.T) {
	file := network(t)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := nodetest.OpenDetector(t, Kind(Runtimes{ORT: fake{}}), `{"model": "`+file+`", "labels": ["cat", "dog"], "inputSize": "96x64"}`, nodetest.DetectorEnv(t))
	defer d.Close()
	m, ok := d.Model.(node.Identifier)
	if want := (node.Identity{Name: "net.onnx", SHA256: fmt.Sprintf("%x", sha256.Sum256(content))}); !ok || m.Identity() != want {
		t.Errorf("the network is %v, want %v", m.Identity(), want)
	}
}
