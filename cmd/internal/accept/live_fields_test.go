package accept

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine"
	"rvo.dev/engine/evidence"
)

// seeing is how the effect of an edit of a field of the language is seen: in another pipeline, with another value, than edits
// has where those show nothing.
type seeing struct {
	base, to set // nil: those of edits
	says     func(*window) string
	unseen   string // why nothing is seen here
}

// seen has for each field of the language how the effect of its edit is seen.
func seen() map[string]seeing {
	const (
		n      = `{"signal": "view.n", "gte": 1}`
		never  = `{"signal": "view.n", "gte": 4}`
		silent = `[{"at": "0s", "set": {"n": 3}}, {"at": "2s", "silent": true}]`
	)
	level, boxes, moving := state("log", "level"), state("log", "seen"), count("log", "moving")
	cond := func(when string) seeing {
		return seeing{nil, set{"events.level.when": raw(when)}, level, ""}
	}
	later := seeing{unseen: "it counts where there is more to do than slots: the laws of engine/sched and engine/analysis"}
	kept := seeing{says: boxes}
	// A signal that is there for two seconds and then not for two.
	gaps := set{"detectors.view.scripted.timeline": raw(silent), "detectors.view.scripted.loop": "4s", "events.level.unknownGrace": "0s"}
	// An event with a clip every six seconds.
	rare := set{"events.kept.cooldown": "5s"}
	both := set{"cameras.yard.synthetic": raw(`{"moving": "1s", "still": "1s", "seed": 3}`)}
	return map[string]seeing{
		"engine.cores": later, "engine.reserve": later,
		"engine.ringMemory": {unseen: "it bounds the rings: the tests of engine/evidence and of graph.Build"},
		"engine.memory":     {unseen: "it bounds the pictures: the tests of engine's memory"},

		"camera.fps":         {says: rate("camera/gate", "")},
		"camera.width":       {says: size("camera/gate")},
		"camera.height":      {says: size("camera/gate")},
		"camera.ring":        {unseen: "no policy here asks for so much: the tests of engine/evidence"},
		"camera.loop":        {unseen: "a drawn camera has no end: camera.images plays a folder again"},
		"camera.freezeAfter": {to: set{"cameras.yard.freezeAfter": "3s"}, says: rate("detector/motion", "yard")},
		"camera.priority":    later,
		"camera.zones":       {to: set{"cameras.gate.zones.door": raw(`[[0.9, 0], [1, 0], [1, 0.1], [0.9, 0.1]]`)}, says: boxes},
		"camera.masks":       {to: set{"cameras.gate.masks": raw(`{"all": [[0, 0], [1, 0], [1, 1], [0, 1]]}`)}, says: share("detector/motion", "gate", "level 0,")},
		"camera.labels": {
			base: both.and(set{"cameras.gate.labels": raw(`{"site": "north"}`), "events.moving.cameras": []string{"site=north"}}),
			to:   set{"cameras.yard.labels": raw(`{"site": "north"}`)}, says: on("log", "moving", "yard"),
		},
		"camera.enabled": {says: rate("camera/yard", "")},

		"detector.fps":       {to: set{"detectors.motion.fps": 2}, says: rate("detector/motion", "gate")},
		"detector.minFps":    later,
		"detector.cost":      later,
		"detector.costClass": later,
		"detector.threads":   {says: share("detector/motion", "", "threads 2")},
		"detector.timeout":   {base: set{"detectors.heavy.busy.busy": "50ms"}, to: set{"detectors.heavy.timeout": "20ms"}, says: share("detector/heavy", "", "failed")},
		"detector.frame":     later,
		"detector.maxAge":    later,
		"detector.needs":     {base: set{"detectors.view.scripted.timeline": raw(`[{"at": "0s", "silent": true}]`)}, to: set{"detectors.heavy.needs": []string{"view.n"}}, says: rate("detector/heavy", "gate")},
		"detector.when":      {to: set{"detectors.heavy.when": raw(never)}, says: rate("detector/heavy", "gate")},
		"detector.emits":     {base: gaps, to: set{"detectors.view.emits": raw(`{"n": {"ttl": "9s"}}`)}, says: count("log", "level")},
		"detector.cameras":   {says: rate("detector/heavy", "yard")},
		"detector.on":        {says: rate("detector/heavy", "gate")},
		"detector.priority":  later,
		"detector.load":      later,
		"detector.isolate":   {unseen: "a test's program is no rvo to start a process of: the tests of engine and engine/isolate"},
		"detector.enabled":   {says: rate("detector/heavy", "")},

		"on.fps":      {says: rate("detector/motion", "gate")},
		"on.minFps":   later,
		"on.cost":     later,
		"on.timeout":  {base: set{"detectors.heavy.busy.busy": "50ms"}, to: set{"detectors.heavy.on": raw(`{"gate": {"timeout": "20ms"}}`)}, says: share("detector/heavy", "gate", "failed")},
		"on.maxAge":   later,
		"on.priority": later,
		"on.enabled":  {says: rate("detector/heavy", "gate")},

		"signal.ttl": {base: gaps, to: set{"detectors.view.emits": raw(`{"n": {"ttl": "9s"}}`)}, says: count("log", "level")},

		"cond.all":      cond(`{"all": [` + n + `, ` + never + `]}`),
		"cond.any":      cond(`{"any": [` + never + `, {"signal": "view.word", "eq": "green"}]}`),
		"cond.atLeast":  cond(`{"atLeast": {"n": 2, "of": [` + n + `, ` + never + `]}}`),
		"cond.sequence": cond(`{"sequence": {"of": [` + never + `, ` + n + `], "within": "5s"}}`),
		"cond.not":      cond(`{"not": ` + n + `}`),
		"cond.signal":   cond(`{"signal": "heavy.runs", "gte": 100000}`),
		"cond.absent":   cond(`{"absent": "view.n"}`),
		"cond.camera": {
			base: set{"events.level.when": raw(`{"signal": "motion.level", "lte": 0, "for": "3s"}`)}, says: level,
		},
		"cond.expr":     {says: level},
		"cond.eq":       {says: level},
		"cond.ne":       {says: level},
		"cond.gt":       {says: level},
		"cond.gte":      {says: level},
		"cond.lt":       {says: level},
		"cond.lte":      {says: level},
		"cond.in":       {says: level},
		"cond.label":    kept,
		"cond.labels":   kept,
		"cond.minScore": kept,
		"cond.maxScore": kept,
		"cond.minArea":  kept,
		"cond.maxArea":  kept,
		"cond.minRatio": kept,
		"cond.maxRatio": kept,
		"cond.zone":     {to: set{"events.seen.when.zone": "corner"}, says: boxes},
		"cond.zones":    {to: set{"events.seen.when.zones": []string{"corner"}}, says: boxes},
		"cond.outside":  {to: set{"events.seen.when.outside": []string{"door", "yard"}}, says: boxes},
		"cond.anchor": {
			base: set{"events.seen.when.zone": "band", "cameras.gate.zones.band": raw(`[[0, 0.45], [0.4, 0.45], [0.4, 0.55], [0, 0.55]]`)}, says: boxes,
		},
		"cond.for":     {base: set{"events.level.when": raw(`{"signal": "motion.level", "gt": 0}`)}, to: set{"events.level.when.for": "3s"}, says: count("log", "level")},
		"cond.within":  {base: set{"events.level.when": raw(`{"signal": "motion.level", "gt": 0}`)}, to: set{"events.level.when.within": "3s"}, says: count("log", "level")},
		"cond.unknown": {base: set{"detectors.view.scripted.timeline": raw(`[{"at": "0s", "silent": true}]`)}, to: set{"events.level.when.unknown": "yes"}, says: level},

		"atLeast.n":       {base: set{"events.level.when": raw(`{"atLeast": {"n": 1, "of": [` + n + `, ` + never + `]}}`)}, says: level},
		"atLeast.of":      {to: set{"events.level.when.atLeast.of": raw(`[` + never + `, {"signal": "view.n", "gte": 5}]`)}, says: level},
		"sequence.of":     {base: set{"events.level.when": raw(`{"sequence": {"of": [{"signal": "motion.level", "gt": 0}, {"signal": "motion.level", "eq": 0}], "within": "5s"}}`)}, to: set{"events.level.when.sequence.of": raw(`[` + never + `, ` + n + `]`)}, says: count("log", "level")},
		"sequence.within": {base: set{"events.level.when": raw(`{"sequence": {"of": [{"signal": "motion.level", "gt": 0}, {"signal": "motion.level", "eq": 0}], "within": "5s"}}`)}, to: set{"events.level.when.sequence.within": "400ms"}, says: count("log", "level")},

		"event.when":         {to: set{"events.level.when": raw(never)}, says: level},
		"event.cameras":      {base: both, says: on("log", "moving", "yard")},
		"event.scope":        {base: set{"events.level.when": raw(`{"signal": "motion.level", "gt": 0, "camera": "gate"}`)}, says: on("log", "level", "gate")},
		"event.during":       {to: set{"events.moving.during": raw(`{"hours": ["mon-sun 12:00-13:00"], "timezone": "UTC"}`)}, says: moving},
		"event.decideWithin": {unseen: "vet proves it: a run is not another by it"},
		"event.hold":         {to: set{"events.moving.hold": "3s"}, says: moving},
		"event.grace":        {to: set{"events.moving.grace": "3s"}, says: moving},
		"event.unknownGrace": {base: gaps.and(set{"events.level.unknownGrace": "20s"}), to: set{"events.level.unknownGrace": "500ms"}, says: records("level")},
		"event.cooldown":     {to: set{"events.moving.cooldown": "1h"}, says: moving},
		"event.maxDuration":  {to: set{"events.moving.maxDuration": "300ms", "events.moving.cooldown": "100ms"}, says: records("moving")},
		"event.severity":     {to: set{"events.moving.severity": "critical"}, says: records("moving")},
		"event.labels":       {to: set{"events.moving.labels": raw(`{"site": "north"}`)}, says: records("moving")},
		"event.updates":      {to: set{"events.level.updates": "1s"}, says: records("level")},
		"event.evidence":     {base: set{"events.level.when": raw(`{"signal": "motion.level", "gt": 0}`)}, says: records("level")},
		"event.sinks":        {to: set{"events.moving.sinks": []string{"log"}}, says: count("screen", "moving")},
		"event.enabled":      {to: set{"events.moving.enabled": false}, says: moving},

		"during.hours": {
			base: set{"events.moving.during": raw(`{"hours": ["mon-sun 00:00-24:00"], "timezone": "UTC"}`)},
			to:   set{"events.moving.during.hours": []string{"mon-sun 12:00-13:00"}}, says: moving,
		},
		"during.timezone": {
			base: set{"events.moving.during": raw(`{"hours": ["mon-sun 00:00-04:00"], "timezone": "UTC"}`)},
			to:   set{"events.moving.during.timezone": "Asia/Tokyo"}, says: moving,
		},

		"evidence.pre":      {rare, nil, clips(length), ""},
		"evidence.post":     {rare, set{"evidence.clip.post": "2s"}, clips(length), ""},
		"evidence.fps":      {rare, nil, clips(func(_ string, m *evidence.Manifest) string { return fmt.Sprint(m.Asked.FPS) }), ""},
		"evidence.quality":  {rare, nil, clips(func(_ string, m *evidence.Manifest) string { return strconv.Itoa(m.Quality) }), ""},
		"evidence.dir":      {rare, nil, clips(func(dir string, _ *evidence.Manifest) string { return filepath.Base(filepath.Dir(dir)) }), ""},
		"evidence.keep":     {unseen: "it acts after an hour: the tests of engine/evidence"},
		"evidence.maxBytes": {unseen: "the clips here are too small: the tests of engine/evidence"},
		"evidence.minFree":  {unseen: "it asks for a full disk: the tests of engine/evidence"},

		"sink.queue": {unseen: "it asks for a slow sink: the tests of engine"},
	}
}

func (s set) and(more set) set {
	out := maps.Clone(s)
	maps.Copy(out, more)
	return out
}

// state is what an event's last record said before the window was over.
func state(sink, event string) func(*window) string {
	return func(w *window) string {
		last := "no record"
		for _, s := range w.spies.of("sink/" + sink).seen {
			if s.at.Before(w.to) && strings.HasPrefix(s.what, event+" ") {
				last = s.what
			}
		}
		return last
	}
}

// count is how many records of an event came to a sink.
func count(sink, event string) func(*window) string {
	return func(w *window) string {
		n := 0
		for _, s := range w.seen("sink/"+sink, "") {
			if strings.HasPrefix(s.what, event+" ") {
				n++
			}
		}
		return fmt.Sprint(n, " records of ", event)
	}
}

// on is whether an event was told on a camera.
func on(sink, event, camera string) func(*window) string {
	return func(w *window) string {
		for _, s := range w.seen("sink/"+sink, camera) {
			if strings.HasPrefix(s.what, event+" ") {
				return "told"
			}
		}
		return "not told"
	}
}

// size is how large a camera's pictures are.
func size(id string) func(*window) string {
	return func(w *window) string {
		all := map[string]bool{}
		for _, s := range w.seen(id, "") {
			size, _, _ := strings.Cut(s.what, " ")
			all[size] = true
		}
		return strings.Join(slices.Sorted(maps.Keys(all)), " ")
	}
}

// clips are what the clips that were made say of themselves.
func clips(of func(dir string, m *evidence.Manifest) string) func(*window) string {
	return func(w *window) string {
		all := map[string]bool{}
		_ = filepath.WalkDir(w.r.dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.Name() != evidence.ManifestName {
				return err
			}
			var m evidence.Manifest
			b, err := os.ReadFile(path)
			if err == nil {
				err = json.Unmarshal(b, &m)
			}
			made, wrong := time.Parse(time.RFC3339Nano, m.Created)
			if err = errors.Join(err, wrong); err == nil && !made.Before(w.from) && made.Before(w.to) {
				all[of(filepath.Dir(path), &m)] = true
			}
			return err
		})
		return strings.Join(slices.Sorted(maps.Keys(all)), "\n")
	}
}

// length is what was asked of a clip, in seconds.
func length(_ string, m *evidence.Manifest) string {
	from, err1 := time.Parse(time.RFC3339Nano, m.Asked.From)
	to, err2 := time.Parse(time.RFC3339Nano, m.Asked.To)
	if err := errors.Join(err1, err2); err != nil {
		return err.Error()
	}
	return to.Sub(from).Round(time.Second).String()
}

// TestEveryFieldLive edits every field of the language while a pipeline runs.
func TestEveryFieldLive(t *testing.T) {
	how := seen()
	for _, e := range edits() {
		h, ok := how[e.field]
		switch {
		case refused()[e.field] != "":
			t.Run(e.field, func(t *testing.T) { refuseLive(t, e) })
			continue
		case !ok || h.says == nil && h.unseen == "":
			t.Errorf("nothing says how the effect of an edit of %s is seen", e.field)
			continue
		}
		l := live{base: e.base, to: e.to, says: h.says}
		if h.base != nil {
			l.base = h.base
		}
		if h.to != nil {
			l.to = h.to
		}
		delete(how, e.field)
		if h.says == nil {
			continue
		}
		t.Run(e.field, func(t *testing.T) {
			t.Parallel()
			runLive(t, l)
		})
	}
	for f := range how {
		t.Errorf("there is no field %s", f)
	}
}

// refuseLive checks that an edit is refused and everything goes on.
func refuseLive(t *testing.T, e edit) {
	synctest.Test(t, func(t *testing.T) {
		kinds, spies := spiedKinds(t)
		r := launch(t, compiled(t, with(t, e.base), kinds))
		first := virtual().take(r, spies)
		if _, err := r.e.Swap(t.Context(), compiled(t, with(t, e.base, e.to), kinds), engine.SwapOptions{}); err == nil {
			t.Error("the edit is taken")
		}
		second := virtual().take(r, spies)
		for _, id := range spies.ids() {
			if l := spies.of(id); len(l.opened) != 1 || l.closed != 0 {
				t.Errorf("%s was opened %d times and closed %d times", id, len(l.opened), l.closed)
			}
		}
		if a, b := rate("camera/gate", "")(first), rate("camera/gate", "")(second); a != b {
			t.Errorf("%s, then %s", a, b)
		}
		r.end()
	})
}
