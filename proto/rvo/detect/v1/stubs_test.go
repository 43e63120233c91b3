package detectv1_test

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// answer has a value in every field that a service may set, at the ends of their ranges.
func answer() *detectv1.DetectResponse {
	return &detectv1.DetectResponse{
		FrameId: math.MaxUint64,
		Model:   &detectv1.Model{Name: "ein Modell", Version: "1", Sha256: "ab"},
		Signals: []*detectv1.SignalOut{
			{SignalType: "Plain", Value: 1<<53 + 1, TtlNs: uint64(time.Second)},
			{SignalType: "Bool", Typed: &detectv1.SignalOut_BoolValue{BoolValue: true}},
			{SignalType: "Int", Typed: &detectv1.SignalOut_IntValue{IntValue: math.MinInt64}},
			{SignalType: "Float", Typed: &detectv1.SignalOut_FloatValue{FloatValue: math.SmallestNonzeroFloat64}},
			{SignalType: "Label", Typed: &detectv1.SignalOut_LabelValue{LabelValue: "größer"}},
			{SignalType: "Boxes", Typed: &detectv1.SignalOut_BoxesValue{BoxesValue: &detectv1.Boxes{Boxes: []*detectv1.Box{
				{X: 0.1, Y: 0.2, W: 0.3, H: 0.4, Score: 0.5, Label: "person", Track: math.MaxInt64},
			}}}},
		},
	}
}

// thereAndBack asks a program in another language, which reads the answer from its standard input and writes it to its standard output.
func thereAndBack(t *testing.T, dir, program string, args ...string) {
	t.Helper()
	want := answer()
	raw, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, bytes.NewReader(raw), &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, said.Bytes())
	}
	got := &detectv1.DetectResponse{}
	if err := proto.Unmarshal(out.Bytes(), got); err != nil {
		t.Fatal(err)
	}
	if !proto.Equal(got, want) {
		t.Errorf("%s makes of %v\n%v", program, want, got)
	}
}

func TestPythonStubs(t *testing.T) {
	const back = `import sys, rvo.detect.v1.detect_pb2_grpc
from rvo.detect.v1 import detect_pb2 as m
sys.stdout.buffer.write(m.DetectResponse.FromString(sys.stdin.buffer.read()).SerializeToString())`
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.CommandContext(t.Context(), python, "-c", "import grpc, google.protobuf").Run() == nil {
			thereAndBack(t, "../../../sdk/python", python, "-B", "-c", back)
			return
		}
	}
	t.Skip("no python3 here has grpc (Debian: python3-grpcio)")
}

// TestTypeScriptStubs checks their types under the strictest rules, and runs what comes of them.
func TestTypeScriptStubs(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches the compiler")
	}
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed (Debian: nodejs, npm)", tool)
		}
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../../sdk/typescript")); err != nil {
		t.Fatal(err)
	}
	npm := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), "npm", args...)
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if out, err := npm("install", "--silent", "--no-audit", "--no-fund"); err != nil {
		t.Skipf("the compiler cannot be fetched here: %v\n%s", err, out)
	}
	if out, err := npm("run", "--silent", "build"); err != nil {
		t.Fatalf("proto/sdk/typescript: %v\n%s", err, out)
	}
	const back = `import { DetectorService, DetectResponse } from "./dist/rvo/detect/v1/detect.js";
import { readFileSync, writeSync } from "node:fs";
if (DetectorService.detectStream.path !== "/rvo.detect.v1.Detector/DetectStream") throw new Error("the service has no DetectStream");
writeSync(1, DetectResponse.encode(DetectResponse.decode(readFileSync(0))).finish());
`
	if err := os.WriteFile(filepath.Join(dir, "back.mjs"), []byte(back), 0o600); err != nil {
		t.Fatal(err)
	}
	thereAndBack(t, dir, "node", "back.mjs")
}
