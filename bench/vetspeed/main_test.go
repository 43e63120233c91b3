package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
	"rvo.dev/nodes/all"
)

// What is measured is a pipeline without error: one that vet gives up on would look fast.
func TestPipelineIsSound(t *testing.T) {
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 20} {
		r, err := vet.Vet(t.Context(), []string{"."}, vet.Options{Kinds: kinds, Dir: t.TempDir(), Files: files(n)})
		if err != nil || r.Graph == nil || len(r.Graph.Events) != n {
			t.Fatalf("%d cameras: %v %v", n, err, r.Findings)
		}
		if dsl.HasErrors(r.Findings) {
			t.Error(r.Findings)
		}
	}
}

func TestTable(t *testing.T) {
	rows := []row{
		{1, cost{100 * time.Millisecond, 50 * time.Millisecond, 10 << 20}, cost{150 * time.Millisecond, 200 * time.Millisecond, 20 << 20}},
		{10, cost{100 * time.Millisecond, 50 * time.Millisecond, 10 << 20}, cost{249 * time.Millisecond, 200 * time.Millisecond, 20 << 20}},
	}
	var b bytes.Buffer
	if code := table(&b, rows); code != 0 || !strings.Contains(b.String(), "      10    100.0ms    249.0ms    2.49x     50.0ms    200.0ms    4.00x     10.0     20.0\npass: wall time at most 2.49x") {
		t.Errorf("%d\n%s", code, b.String())
	}
	rows[0].rvo.wall = 251 * time.Millisecond
	b.Reset()
	if code := table(&b, rows); code != 1 || !strings.Contains(b.String(), "fail: wall time 2.51x with 1 cameras") {
		t.Errorf("%d\n%s", code, b.String())
	}
}

func TestWrongUse(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(context.Background(), []string{"-nothing"}, &out, &errs); code != 2 || errs.Len() == 0 {
		t.Errorf("%d %s", code, errs.String())
	}
}
