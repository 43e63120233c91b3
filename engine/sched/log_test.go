package sched_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// sample is a log of a small run.
func sample(t testing.TB) (*sim, *bytes.Buffer) {
	t.Helper()
	s := newSim(t)
	s.quiet = true
	must(t, s.camera([]string{"front", "fps=10"}))
	must(t, s.detector([]string{"d", "signals=v:int,f:float,b:boxes,l:label", "fps=10", "say=0s:v=1,f=0.1,b=3,l=car;1s:fail;2s:v=0"}))
	must(t, s.event("event e when=d.v>=1 hold=300ms"))
	s.build()
	s.until(tick.Time(3 * time.Second))
	s.step(sched.Input{Kind: sched.InputStop, Now: s.now})
	var buf bytes.Buffer
	w, err := sched.NewLogWriter(&buf, sched.LogHeader{Pipeline: "test", Revision: "r", Run: "run", Slots: s.slots})
	must(t, err)
	for _, in := range s.log {
		must(t, w.Write(in))
	}
	must(t, w.Close(""))
	return s, &buf
}

func TestLogRoundTrip(t *testing.T) {
	s, buf := sample(t)
	h, got, err := sched.ReadLog(buf)
	must(t, err)
	if h.Slots != s.slots || h.Revision != "r" || h.Schema != sched.LogSchema {
		t.Errorf("header %+v", h)
	}
	if !reflect.DeepEqual(got, s.log) {
		t.Errorf("%d inputs were read of %d, or not the same", len(got), len(s.log))
	}
	if decided := s.replay(got); !reflect.DeepEqual(decided, s.decided) {
		t.Error("the replay decides otherwise")
	}
}

func TestLogThatIsNotWhole(t *testing.T) {
	_, buf := sample(t)
	whole := buf.String()
	lines := strings.SplitAfter(whole, "\n")
	for name, c := range map[string]struct {
		text string
		want string
		keep int // inputs that are read all the same
	}{
		"empty":           {"", "no header", 0},
		"other form":      {strings.Replace(whole, sched.LogSchema, "rvo.inputs/v9", 1), "this program reads", 0},
		"cut":             {strings.Join(lines[:5], ""), "ends in the middle", 4},
		"torn line":       {strings.Join(lines[:5], "") + `{"kind":1,"no`, "line 6", 4},
		"one missing":     {strings.Join(append(append([]string{}, lines[:5]...), lines[6:]...), ""), "its end says", len(lines) - 4},
		"bad kind":        {strings.Join(lines[:2], "") + `{"kind":11}` + "\n", "no input of kind 11", 1},
		"swap of nothing": {strings.Join(lines[:2], "") + `{"kind":9}` + "\n", "no input of kind 9", 1},
		"not a swap":      {strings.Join(lines[:2], "") + `{"kind":4,"swap":{"revision":"r"}}` + "\n", "no input of kind 4", 1},
		"not JSON":        {"hello\n", "header", 0},
		"no end":          {strings.Join(lines[:2], "") + "{}\n", "neither an input nor an end", 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, got, err := sched.ReadLog(strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if len(got) != c.keep {
				t.Errorf("%d inputs were kept, want %d", len(got), c.keep)
			}
		})
	}
	_, _, err := sched.ReadLog(strings.NewReader(strings.Join(lines[:3], "")))
	if !errors.Is(err, sched.ErrLogCut) {
		t.Errorf("a cut log gives %v, want ErrLogCut", err)
	}
	var b bytes.Buffer
	w, err := sched.NewLogWriter(&b, sched.LogHeader{})
	must(t, err)
	must(t, w.Close("the queue was full"))
	if _, _, err := sched.ReadLog(&b); err == nil || !strings.Contains(err.Error(), "the queue was full") {
		t.Errorf("an incomplete log gives %v, want the reason", err)
	}
}

// BenchmarkLogWrite is what an input costs the goroutine that writes the log, beside the live path.
func BenchmarkLogWrite(b *testing.B) {
	w, err := sched.NewLogWriter(io.Discard, sched.LogHeader{})
	must(b, err)
	in := sched.Input{Kind: sched.InputFinished, Now: 1e9, Instance: 3, Job: 77, Took: 5e6, Outputs: []node.Output{{Index: 0, Value: signal.Int(7)}}}
	b.ReportAllocs()
	for b.Loop() {
		in.Now++
		if err := w.Write(in); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzReadLog(f *testing.F) {
	_, buf := sample(f)
	f.Add(buf.String())
	f.Add("{}")
	f.Add(`{"schema":"` + sched.LogSchema + `"}` + "\n" + `{"kind":9,"now":5,"swap":{"revision":"r","slots":2,"replaced":[1,2]}}` + "\n" + `{"end":"complete","inputs":1}`)
	f.Fuzz(func(t *testing.T, text string) {
		_, in, err := sched.ReadLog(strings.NewReader(text))
		if err != nil {
			return
		}
		var b bytes.Buffer
		w, err := sched.NewLogWriter(&b, sched.LogHeader{})
		must(t, err)
		for _, x := range in {
			must(t, w.Write(x))
		}
		must(t, w.Close(""))
		_, again, err := sched.ReadLog(&b)
		if err != nil || len(again) != len(in) {
			t.Errorf("what was read cannot be written and read again: %v", err)
		}
	})
}
