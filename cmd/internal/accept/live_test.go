package accept

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// live is an edit of a pipeline that runs.
type live struct {
	node     string // id of the node whose option it is, "detector/it"; empty: a field of the language
	base, to set
	// says sums up what could be seen in a window of the run: the same in two windows without an edit, something else after
	// it. Nil where the effect is of such a kind that only the node's own test shows it.
	says func(w *window) string
}

// window is a stretch of a run.
type window struct {
	r        *run
	spies    *spies
	from, to time.Time
}

// seen is what a node gave in the window, on one camera or on all.
func (w *window) seen(id, camera string) []sight {
	var out []sight
	for _, s := range w.spies.of(id).seen {
		if !s.at.Before(w.from) && s.at.Before(w.to) && (camera == "" || s.camera == camera) {
			out = append(out, s)
		}
	}
	return out
}

// What windows are summed up by.

// pictures are which the camera gate gave.
func pictures() func(*window) string { return kinds("camera/gate", "") }

// kinds are the different things that a node gave.
func kinds(id, camera string) func(*window) string {
	return func(w *window) string {
		all := map[string]bool{}
		for _, s := range w.seen(id, camera) {
			all[s.what] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(all)), "\n")
	}
}

// share is how many of what a node gave has this in it, in tenths.
func share(id, camera, part string) func(*window) string {
	return func(w *window) string {
		all := w.seen(id, camera)
		n := 0
		for _, s := range all {
			if strings.Contains(s.what, part) {
				n++
			}
		}
		if len(all) == 0 {
			return "none"
		}
		return fmt.Sprintf("%d tenths %s", (10*n+len(all)/2)/len(all), part)
	}
}

// changes are how many of the pictures of the camera gate are another than the one before, in tenths.
func changes() func(*window) string {
	return func(w *window) string {
		all := w.seen("camera/gate", "")
		n := 0
		for i := 1; i < len(all); i++ {
			if all[i].what != all[i-1].what {
				n++
			}
		}
		return fmt.Sprintf("%d tenths change", (10*n+len(all)/2)/max(len(all), 1))
	}
}

// rate is how much there was a second, to a half.
func rate(id, camera string) func(*window) string {
	return func(w *window) string {
		return fmt.Sprintf("%.1f a second", float64(int(2*float64(len(w.seen(id, camera)))/w.to.Sub(w.from).Seconds()+0.5))/2)
	}
}

// took is how long runs take.
func took(id string) func(*window) string {
	return func(w *window) string {
		all := map[string]bool{}
		for _, s := range w.seen(id, "gate") {
			all[s.took.String()] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(all)), " ")
	}
}

// records are which kinds of records of an event came to the sink log.
func records(event string) func(*window) string {
	return func(w *window) string {
		all := map[string]bool{}
		for _, s := range w.seen("sink/log", "") {
			if strings.HasPrefix(s.what, event+" ") {
				all[s.what] = true
			}
		}
		return strings.Join(slices.Sorted(maps.Keys(all)), "\n")
	}
}

// pace is how long a window is, and how long everything has to settle before: backgrounds, rates, identities.
type pace struct {
	settle, stretch time.Duration
	wait            func(*window) // until all that is due has been done
	virtual         bool
}

// virtual is the pace of runs in a bubble: a window has whole turns of all that goes round in the pipelines here.
func virtual() pace {
	return pace{4 * time.Second, 8 * time.Second, func(*window) { synctest.Wait() }, true}
}

// onClock is the pace of runs on the real clock, in which a node has to give something before anything can be said of it.
func onClock(id string) pace {
	return pace{300 * time.Millisecond, 300 * time.Millisecond, func(w *window) {
		w.to = time.Now().Add(time.Hour)
		w.r.until(time.Minute, id+" gives something", func() bool { return len(w.seen(id, "")) > 2 })
	}, false}
}

// take lets a window pass and returns it.
func (p pace) take(r *run, s *spies) *window {
	w := &window{r: r, spies: s, from: time.Now()}
	time.Sleep(p.stretch)
	p.wait(w)
	w.to = time.Now()
	return w
}

// runLive makes an edit of a pipeline that runs on the virtual clock.
func runLive(t *testing.T, l live) {
	synctest.Test(t, func(t *testing.T) {
		kinds, spies := spiedKinds(t)
		l.run(t, virtual(), kinds, spies)
	})
}

// run makes an edit of a pipeline that runs and checks what comes of it: the effect, and that no other node was opened again,
// closed or held up.
func (l live) run(t *testing.T, p pace, kinds *node.Set, spies *spies) {
	t.Helper()
	from, to := compiled(t, with(t, l.base), kinds), compiled(t, with(t, l.base, l.to), kinds)
	asked := map[string]graph.Action{}
	for _, c := range graph.Changes(from, to, engine.Facts(from.Dir)) {
		asked[c.ID] = c.Action
	}
	r := launch(t, from)
	time.Sleep(p.settle)
	first, second := p.take(r, spies), p.take(r, spies)
	before := map[string]life{}
	for _, id := range spies.ids() {
		before[id] = spies.of(id)
	}

	report, err := r.e.Swap(t.Context(), to, engine.SwapOptions{})
	if err != nil {
		t.Fatalf("swap: %v", err)
	}
	for _, c := range report.Changes {
		if c.Action != asked[c.ID] {
			t.Errorf("%s: %s was asked, the swap says %s", c.ID, asked[c.ID], c.Action)
		}
	}
	if l.node != "" && (asked[l.node] == graph.Keep || len(report.Changes) == 0) {
		t.Errorf("the edit asks nothing of %s", l.node)
	}
	time.Sleep(p.settle)
	third := p.take(r, spies)

	if l.says != nil {
		a, b, c := l.says(first), l.says(second), l.says(third)
		if a != b {
			t.Errorf("without an edit it says\n%s\nand then\n%s", a, b)
		}
		if b == c {
			t.Errorf("the edit has no effect: before and after it says\n%s", c)
		}
	}
	for id, was := range before {
		checkLife(t, id, asked[id], was, spies.of(id), options(to, id), third.from)
	}
	if p.virtual && asked["camera/yard"] == graph.Keep {
		(&window{r: r, spies: spies, from: second.from, to: third.to}).checkSteady(t, "camera/yard", 100*time.Millisecond)
	}
	r.end()
}

// checkLife holds what became of a node against what was asked of it.
func checkLife(t *testing.T, id string, asked graph.Action, was, is life, options json.RawMessage, since time.Time) {
	t.Helper()
	opened, retuned := len(is.opened)-len(was.opened), len(is.retuned)-len(was.retuned)
	switch asked {
	case graph.Keep:
		if opened != 0 || retuned != 0 || is.closed != was.closed {
			t.Errorf("%s has nothing to do with the edit and was opened %d times, retuned %d times, closed %d times", id, opened, retuned, is.closed-was.closed)
		}
	case graph.Retune:
		if opened != 0 || is.closed != was.closed {
			t.Errorf("%s was to be retuned and was opened %d times, closed %d times", id, opened, is.closed-was.closed)
		}
		if retuned > 0 && !same(is.retuned[len(is.retuned)-1], options) {
			t.Errorf("%s was retuned to %s, the pipeline says %s", id, is.retuned[len(is.retuned)-1], options)
		}
	case graph.Replace:
		if opened != 1 || retuned != 0 || is.closed <= was.closed { // the new one may be over too
			t.Errorf("%s was to be replaced and was opened %d times, retuned %d times, closed %d times", id, opened, retuned, is.closed-was.closed)
		}
		if !same(is.opened[len(is.opened)-1], options) {
			t.Errorf("%s was opened with %s, the pipeline says %s", id, is.opened[len(is.opened)-1], options)
		}
	case graph.Remove, graph.Add:
		return
	}
	for _, s := range is.seen {
		if s.at.Add(-s.took).After(since) && s.nth != len(is.opened) {
			t.Errorf("the %dth %s still gives something after there is a %dth", s.nth, id, len(is.opened))
			break
		}
	}
}

// options returns those of a node that is opened.
func options(g *graph.Graph, id string) json.RawMessage {
	for _, n := range g.Cameras {
		if "camera/"+n.ID == id {
			return n.Options
		}
	}
	for _, n := range g.Detectors {
		if "detector/"+n.ID == id {
			return n.Options
		}
	}
	for _, n := range g.Sinks {
		if "sink/"+n.ID == id {
			return n.Options
		}
	}
	return nil
}

func same(a string, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, []byte(a)) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// checkSteady checks that what has nothing to do with an edit was not held up by it: no picture of it is late.
func (w *window) checkSteady(t *testing.T, id string, period time.Duration) {
	t.Helper()
	all := w.seen(id, "")
	for i := 1; i < len(all); i++ {
		if gap := all[i].at.Sub(all[i-1].at); gap > period*3/2 {
			t.Errorf("%s gave nothing for %s, a picture is due every %s", id, gap, period)
		}
	}
}

// longest is whether some run takes longer than a millisecond.
func longest(id string) func(*window) string {
	return func(w *window) string {
		for _, s := range w.seen(id, "") {
			if s.took > time.Millisecond {
				return "some long"
			}
		}
		return "all short"
	}
}

// raw is a part of a pipeline as text.
func raw(text string) any { return json.RawMessage(text) }

// gray writes a picture of one brightness into a folder.
func gray(t *testing.T, dir string, level uint8) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 96, 64))
	for i := range img.Pix {
		img.Pix[i] = level
	}
	f, err := os.Create(filepath.Join(dir, "one.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
}
