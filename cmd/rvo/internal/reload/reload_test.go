package reload_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/cmd/rvo/internal/reload"
	"rvo.dev/engine/graph"
)

// bubble runs a kit on the virtual clock.
func bubble(t *testing.T, o options, f func(t *testing.T, k *kit)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		k := start(t, o)
		defer k.end()
		time.Sleep(10 * every) // it has read once what it found
		f(t, k)
	})
}

func TestEdit(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"1s"`, 1))
		o := k.wait(reload.Applied)
		if o.Generation != 2 || o.Trigger != reload.Changed || o.Counts.Retune != 1 || len(o.Changes) != 1 || o.Changes[0].ID != "event/moving@front" {
			t.Errorf("outcome %+v", o)
		}
		_, g := k.swapped()
		if g.Revision != o.Revision || g.Revision != k.r.Running().Graph.Revision || g.Events[0].Hold != time.Second {
			t.Errorf("runs %s with hold %v, told %s", g.Revision, g.Events[0].Hold, o.Revision)
		}
	})
}

// Whatever is wrong with a file, nothing happens to what runs; when the file is as it was, nothing is wrong any more.
func TestInvalidEdits(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"syntax":    {base + "events: {", "RVO005"},
		"type":      {strings.Replace(base, `fps: 5,`, `fps: "five",`, 1), "RVO001"},
		"vet":       {strings.Replace(base, "motion.level", "motion.levle", 1), "RVO101"},
		"garbage":   {"\x00\x01\x02", "RVO005"},
		"empty":     {"", "RVO004"},
		"no folder": {base + `import "rvo.dev/nowhere"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, options{}, func(t *testing.T, k *kit) {
				revision := k.r.Running().Graph.Revision
				k.put("gate.cue", c.text)
				o := k.wait(reload.Rejected)
				var codes []string
				for _, f := range o.Findings {
					codes = append(codes, f.Code)
				}
				if !strings.Contains(strings.Join(codes, " "), c.want) {
					t.Errorf("findings %v, want %s", o.Findings, c.want)
				}
				if r := k.r.Reloads(); r.Rejected == nil || r.Revision != revision || r.Generation != 1 {
					t.Errorf("told %+v", r)
				}
				time.Sleep(time.Minute) // what is read again meanwhile is told once
				if rs := k.r.Reloads().Reloads; len(rs) != 1 {
					t.Errorf("told %d times", len(rs))
				}
				k.put("gate.cue", base)
				k.wait(reload.Unchanged)
				if n, _ := k.swapped(); n != 0 || k.r.Refused() != nil {
					t.Errorf("%d swaps, refused %v", n, k.r.Refused())
				}
			})
		})
	}
}

// The file is gone, and comes back with its folder.
func TestFileGone(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		if err := os.Remove(k.file); err != nil {
			t.Fatal(err)
		}
		k.wait(reload.Rejected)
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"3s"`, 1))
		k.wait(reload.Applied)
	})
}

// What the engine refuses is told with node and step, is not tried again for nothing, and is when somebody asks.
func TestRefusedSwap(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		tries := 0
		k.prepare = func(context.Context, *graph.Graph) error {
			tries++
			return &reload.Error{Node: "sink/log", Step: "open", Err: errSink}
		}
		k.put("gate.cue", strings.Replace(base, `"events.jsonl"`, `"other.jsonl"`, 1))
		o := k.wait(reload.Rejected)
		if o.Node != "sink/log" || o.Step != "open" || !strings.Contains(o.Error, "connection refused") || o.Generation != 1 {
			t.Errorf("outcome %+v", o)
		}
		k.put("gate.cue", strings.Replace(base, `"events.jsonl"`, `"other.jsonl"`, 1)+"// a remark\n")
		time.Sleep(time.Minute)
		if tries != 1 {
			t.Errorf("tried %d times", tries)
		}
		o, err := k.r.Reload(t.Context(), reload.Asked)
		if err != nil || o.Result != reload.Rejected || tries != 2 {
			t.Errorf("asked: %v, %+v, tried %d times", err, o, tries)
		}
		k.mu.Lock()
		k.prepare = nil
		k.mu.Unlock()
		k.r.Nudge()
		if o := k.wait(reload.Applied); o.Trigger != reload.Signal {
			t.Errorf("trigger %s", o.Trigger)
		}
	})
}

// A newer edit ends the one that is prepared; two between two looks are one.
func TestNewestWins(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		k.mu.Lock()
		k.prepare = blocked
		k.mu.Unlock()
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"3s"`, 1))
		time.Sleep(10 * every)
		k.mu.Lock()
		k.prepare = nil
		k.mu.Unlock()
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"4s"`, 1))
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"5s"`, 1))
		k.wait(reload.Applied)
		time.Sleep(time.Minute)
		if n, g := k.swapped(); n != 1 || g.Events[0].Hold != 5*time.Second {
			t.Errorf("%d swaps, hold %v", n, g.Events[0].Hold)
		}
	})
}

// An edit every 50 ms for three seconds (RVO_EDITS=1200: for a minute), each prepared for longer than that: never two at once, no queue of them, and the last one runs.
func TestEditStorm(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		k.mu.Lock()
		k.prepare = func(ctx context.Context, _ *graph.Graph) error {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(120 * time.Millisecond):
				return nil
			}
		}
		k.mu.Unlock()
		edits := 60
		if n, err := strconv.Atoi(os.Getenv("RVO_EDITS")); err == nil {
			edits = n
		}
		for i := range edits {
			k.put("gate.cue", strings.Replace(base, `"2s"`, fmt.Sprintf(`"%dms"`, 2000+i), 1))
			time.Sleep(50 * time.Millisecond)
		}
		begin := time.Now()
		k.wait(reload.Applied)
		for {
			if _, g := k.swapped(); g.Events[0].Hold == time.Duration(2000+edits-1)*time.Millisecond {
				break
			}
			if time.Since(begin) > 2*time.Second {
				t.Fatal("the last edit does not run")
			}
			time.Sleep(every)
		}
		n, _ := k.swapped()
		time.Sleep(time.Minute)
		if m, _ := k.swapped(); m != n {
			t.Errorf("%d swaps after the last edit ran", m-n)
		}
	})
}

// A graph that fails in its probation goes, and what is on disk is told as refused until it is another.
func TestRollback(t *testing.T) {
	bubble(t, options{}, func(t *testing.T, k *kit) {
		revision := k.r.Running().Graph.Revision
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"3s"`, 1))
		k.wait(reload.Applied)
		if r := k.r.Reloads(); r.Probation == nil || r.Probation.Generation != 2 {
			t.Errorf("probation %+v", r.Probation)
		}
		k.mu.Lock()
		k.gen++
		ended := k.ends[0]
		k.mu.Unlock()
		ended(reload.Ended{Node: "detector/motion@front", Why: "panic: boom", Generation: 3})
		o := k.wait(reload.RolledBack)
		if o.Node != "detector/motion@front" || o.Error != "panic: boom" || o.Generation != 3 {
			t.Errorf("outcome %+v", o)
		}
		if r := k.r.Reloads(); r.Probation != nil || r.Rejected == nil || r.Revision != revision {
			t.Errorf("told %+v", r)
		}
		time.Sleep(time.Second)
		if l := k.log.line("rolled back"); !strings.Contains(l, "generation=3 revision="+revision[:12]+" taken_back="+o.Revision[:12]) {
			t.Errorf("logged %s, runs %s, taken back %s", l, revision, o.Revision)
		}
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"3s"`, 1)+"// a remark\n")
		time.Sleep(time.Minute)
		if n, _ := k.swapped(); n != 1 {
			t.Error("what was rolled back was tried again by itself")
		}
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"4s"`, 1))
		k.wait(reload.Applied)
	})
}

// A file that nodes read is another: they are replaced, with the pipeline as it was.
func TestDataChanged(t *testing.T) {
	text := strings.Replace(base, "synthetic: {}, fps: 5, width: 160, height: 120", `images: path: "pictures"`, 1)
	bubble(t, options{text: text, data: map[string]string{"pictures": "one"}}, func(t *testing.T, k *kit) {
		k.put("pictures", "three")
		o := k.wait(reload.Applied)
		if o.Revision != k.graph.Revision || o.Counts.Replace == 0 {
			t.Errorf("outcome %+v", o)
		}
	})
}

// The process ends while an edit is prepared: who waits is told.
func TestStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := start(t, options{})
		time.Sleep(10 * every)
		k.mu.Lock()
		k.prepare = blocked
		k.mu.Unlock()
		k.put("gate.cue", strings.Replace(base, `"2s"`, `"3s"`, 1))
		failed := make(chan error)
		go func() {
			_, err := k.r.Reload(context.WithoutCancel(t.Context()), reload.Asked)
			failed <- err
		}()
		synctest.Wait()
		k.stop()
		if err := <-failed; !errors.Is(err, reload.ErrClosed) {
			t.Errorf("error %v", err)
		}
		k.end()
		if _, err := os.Stat(filepath.Join(k.state, "last-good", "pipeline.json")); err != nil {
			t.Error(err) // what ran from the start is kept
		}
	})
}
