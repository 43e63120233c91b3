package kserve

import (
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"rvo.dev/engine/node/nodetest"
	"rvo.dev/nodes/detect/remote"
	inferencev2 "rvo.dev/proto/inference/v2"
)

func TestMain(m *testing.M) {
	remote.Quiet(os.Getenv)
	goleak.VerifyTestMain(m)
}

func TestDefaults(t *testing.T) {
	nodetest.Defaults(t, Kind(), Options{Endpoint: "x", Model: "y"}.completed())
}

func TestKind(t *testing.T) {
	at, _ := serve(t, &server{}, "127.0.0.1:0")
	open, _ := serve(t, &server{input: []int64{-1, 3, -1, -1}}, "127.0.0.1:0")
	cats := func(at string) string { return `{"endpoint": "` + at + `", "model": "cats", ` + two }
	nodetest.Run(t, Kind(),
		nodetest.Case{Name: "labels", Options: cats(at) + `}`},
		nodetest.Case{Name: "another size", Options: cats(open) + `, "inputSize": "96x64", "keep": ["dog"]}`},
		nodetest.Case{Name: "nobody there", Options: cats("http://127.0.0.1:1") + `}`, Failing: true},
		nodetest.Case{Name: "no endpoint", Options: `{"model": "cats"}`, Refused: `endpoint "": has no scheme`},
		nodetest.Case{Name: "no model", Options: `{"endpoint": "http://a:1"}`, Refused: "name the model"},
		nodetest.Case{Name: "family", Options: cats(at) + `, "family": "cow"}`, Refused: `no family "cow"`},
		nodetest.Case{Name: "labels twice", Options: cats(at) + `, "labelsFile": "x"}`, Refused: "give one of them"},
		nodetest.Case{Name: "no labels file", Options: `{"endpoint": "http://a:1", "model": "cats", "labelsFile": "none.names"}`, Refused: "labelsFile"},
		nodetest.Case{Name: "keep", Options: cats(at) + `, "keep": ["cow"]}`, Refused: `labels have no "cow"`},
		nodetest.Case{Name: "token in clear", Options: cats("http://a:1") + `, "token": {"env": "T"}}`, Refused: "in clear"},
	)
}

// TestBoxes: what comes out is what the network found, however the server writes it down.
func TestBoxes(t *testing.T) {
	for name, s := range map[string]*server{
		"bytes":            {},
		"typed":            {typed: true},
		"any batch":        {input: []int64{-1, 3, 64, 64}},
		"its shapes known": {output: []int64{1, 84, 7}},
	} {
		at, _ := serve(t, s, "127.0.0.1:0")
		for keep, want := range map[string]string{`[]`: "cat dog", `["dog"]`: "dog"} {
			r := newRig(t, at, two+`, "threshold": 0.5, "keep": `+keep)
			var got []string
			for range 3 {
				v, err := r.ask(10 * time.Second)
				if err != nil {
					t.Fatal(err)
				}
				got = nil
				for _, b := range v["boxes"].AsBoxes() {
					got = append(got, b.Label)
				}
				if v["count"].AsInt() != int64(len(got)) {
					t.Errorf("%s: %d things, %d boxes", name, v["count"].AsInt(), len(got))
				}
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s, keep %s: found %v, want %s", name, keep, got, want)
			}
		}
		if asked, runs := s.counts(); asked != 2 || runs != 6 {
			t.Errorf("%s: 2 detectors asked %d times for metadata and %d times for a run, want 2 and 6", name, asked, runs)
		}
	}
}

// TestBudget: what is left of a run's time is the call's.
func TestBudget(t *testing.T) {
	s := &server{}
	at, _ := serve(t, s, "127.0.0.1:0")
	if _, err := newRig(t, at, two).ask(4 * time.Second); err != nil {
		t.Fatal(err)
	}
	if s.budget <= 0 || s.budget >= 4*time.Second {
		t.Errorf("the call of a run with 4s has %v", s.budget)
	}
}

// TestModelsThatDoNotFit: what the server says of its model is held to the options, and the message says what would do.
func TestModelsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name, more, cause, want string
		s                       *server
	}{
		{"labels", `"labels": ["cat"]`, "answer/model", "1 label for a network of 2 classes", &server{}},
		{"keep", `"labelsFile": "two.names", "keep": ["cow"]`, "answer/model", `no label "cow": it has cat, dog`, &server{}},
		{"family", two + `, "family": "yunet"`, "answer/model", "not of family yunet", &server{}},
		{"no family", two, "answer/model", "of no family that is known", &server{output: []int64{1, 7}}},
		{"size", two + `, "inputSize": "96x64"`, "answer/model", "takes no other size", &server{}},
		{"size left open", two, "answer/model", "give inputSize", &server{input: []int64{1, 3, -1, -1}}},
		{"type", two, "answer/model", "input images is of type UINT8, must be FP32", &server{typ: "UINT8"}},
		{"axes", two, "answer/model", "has 9 axes", &server{input: make([]int64, 9)}},
		{"not ready", two, "server/unwell", `model "cats" is not ready`, &server{ready: func() (*inferencev2.ModelReadyResponse, error) {
			return &inferencev2.ModelReadyResponse{}, nil
		}}},
		{"not there", two, "server/error", "no such model", &server{ready: func() (*inferencev2.ModelReadyResponse, error) {
			return nil, status.Error(codes.NotFound, "no such model")
		}}},
	} {
		at, _ := serve(t, c.s, "127.0.0.1:0")
		if strings.Contains(c.more, "two.names") {
			file := t.TempDir() + "/two.names"
			if err := os.WriteFile(file, []byte("cat\ndog\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			c.more = strings.Replace(c.more, "two.names", file, 1)
		}
		r := newRig(t, at, c.more)
		if _, err := r.ask(10 * time.Second); err == nil || !strings.Contains(err.Error(), c.want) || r.failures[c.cause] != 1 {
			t.Errorf("%s: %v, counted as %v, want %q as %s", c.name, err, r.failures, c.want, c.cause)
		}
	}
}

// TestAServerWithoutModelReady: some know metadata and runs alone.
func TestAServerWithoutModelReady(t *testing.T) {
	at, _ := serve(t, &server{ready: func() (*inferencev2.ModelReadyResponse, error) {
		return nil, status.Error(codes.Unimplemented, "unknown method ModelReady")
	}}, "127.0.0.1:0")
	if _, err := newRig(t, at, two).ask(10 * time.Second); err != nil {
		t.Error(err)
	}
}
