package accept

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine"
)

// TestStillPictureConfirmsNothing shows ten minutes of one picture, exact and with a sensor's noise.
func TestStillPictureConfirmsNothing(t *testing.T) {
	dir := t.TempDir()
	picture(t, filepath.Join(dir, "one.jpg"))
	r := start(t, fmt.Sprintf(`
import "rvo.dev/schema"
schema.#Pipeline & {
	apiVersion: "rvo/v1"
	cameras: exact: {images: path: %q, fps: 2, loop: true, pace: "lockstep"}
	cameras: noisy: {synthetic: {pattern: "still", noise: 6, frames: 3000}, fps: 5, width: 320, height: 240, pace: "lockstep"}
	detectors: motion: {motion: {}, fps: 5}
	detectors: costly: {dummy: {}, fps: 5, when: {signal: "motion.level", gte: 0.002}}
	events: moving: {when: {signal: "motion.level", gt: 0}}
	events: boxes: {when: {signal: "motion.boxes", gte: 1}}
	events: gated: {when: {signal: "costly.value", gte: 1}}
	sinks: log: jsonl: path: "events.jsonl"
}`, dir))
	r.until(5*time.Minute, "ten minutes have been shown", func() bool {
		return r.metric("rvo_frames_total", "noisy") >= 3000 && r.metric("rvo_frames_total", "exact") >= 1200
	})
	r.end()
	if got := r.records(); len(got) > 0 {
		t.Errorf("%d records, the first %+v", len(got), got[0])
	}
	if n := r.metric("rvo_detector_runs_total", "motion", "ok"); n < 4000 {
		t.Errorf("the motion detector ran %.0f times: the pictures were not looked at", n)
	}
	if n := r.metric("rvo_detector_runs_total", "costly"); n != 0 {
		t.Errorf("the gated detector ran %.0f times", n)
	}
}

// picture draws something with edges, so that a shift or a flicker would show.
func picture(t *testing.T, file string) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			img.SetGray(x, y, color.Gray{Y: uint8((x/16+y/16)%2*120 + (x*7+y*13)%64)})
		}
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, img, nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// empty is a pipeline whose event asks for the absence of something, with a detector that behaves as told.
func empty(timeline string) string {
	return `
import "rvo.dev/schema"
schema.#Pipeline & {
	apiVersion: "rvo/v1"
	cameras: yard: {synthetic: {pattern: "solid"}, fps: 10, width: 64, height: 48}
	detectors: hog: {scripted: {signals: count: type: "int", timeline: [` + timeline + `]}, fps: 10, emits: count: ttl: "400ms"}
	events: empty: {when: not: {signal: "hog.count", gte: 1}, hold: "1s", unknownGrace: "2s"}
	sinks: log: jsonl: path: "events.jsonl"
}`
}

// TestUnknownIsNotFalse: while the detector fails, panics or says nothing, "nobody is there" is not known, so it is not
// confirmed; what was confirmed before ends as unknown after unknownGrace; and readiness says why.
func TestUnknownIsNotFalse(t *testing.T) {
	for name, c := range map[string]struct{ fault, why string }{
		"fails":      {`fail: "the model is gone"`, "the model is gone"},
		"panics":     {`panic: "index out of range"`, "index out of range"},
		"is silent":  {`silent: true`, "no fresh value"},
		"hangs long": {`hang: "60s"`, "detector/hog@yard"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				never := start(t, empty(`{at: "0s", `+c.fault+`}`))
				ended := start(t, empty(`{at: "0s", set: count: 0}, {at: "4s", `+c.fault+`}`))
				time.Sleep(20 * time.Second)
				if got := never.states(); len(got) != 0 {
					t.Errorf("with a detector that %s from the start: %q", name, got)
				}
				// A run that hangs is given up and its successor's timeline begins anew, so more may follow.
				got, want := ended.states(), []string{"empty confirmed", "empty ended unknown"}
				if name == "hangs long" && len(got) > 2 {
					got = got[:2]
				}
				if !slices.Equal(got, want) {
					t.Errorf("with a detector that %s after 4 s: %q, want %q", name, got, want)
				}
				recs := ended.records()
				if last := recs[1]; at(t, last.Time).Sub(at(t, recs[0].Time)) < 4*time.Second {
					t.Errorf("ended %s after it was confirmed: ttl and unknownGrace were not kept", last.Duration)
				}
				for _, r := range []*run{ended} {
					st := r.e.Status()
					if st.Ready() || !strings.Contains(fmt.Sprint(st.Reasons), c.why) {
						t.Errorf("reasons %v: must say %q", st.Reasons, c.why)
					}
				}
				never.end()
				ended.end()
				time.Sleep(2 * time.Minute) // runs that hang come back
			})
		})
	}
}

func at(t *testing.T, s string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// states returns the records as "event state reason".
func (r *run) states() []string {
	var out []string
	for _, rec := range r.records() {
		out = append(out, strings.TrimSpace(rec.Event+" "+rec.State+" "+rec.Reason))
	}
	return out
}

// blinking is a pipeline with an event every other second.
const blinking = `
import "rvo.dev/schema"
schema.#Pipeline & {
	apiVersion: "rvo/v1"
	cameras: yard: {synthetic: {pattern: "object"}, fps: 10, width: 320, height: 240}
	detectors: lamp: {scripted: {signals: on: type: "bool", loop: "2s", timeline: [{at: "0s", set: on: true}, {at: "1s", set: on: false}]}, fps: 20}
	events: lit: {when: {signal: "lamp.on"}, evidence: "clip"}
	evidence: clip: {pre: "200ms", post: "200ms", minFree: "4KiB"}
	sinks: log: jsonl: path: "events.jsonl"
}`

// TestEventsFileDeletedWhileRunning: it is made anew, and what was written later is in it.
func TestEventsFileDeletedWhileRunning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, blinking)
		time.Sleep(5 * time.Second)
		before := len(r.records())
		if err := os.Remove(filepath.Join(r.dir, "events.jsonl")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Second)
		r.end()
		after := r.records()
		if before < 4 || len(after) < 5 {
			t.Errorf("%d records before the file was deleted, %d in the new one", before, len(after))
		}
		if st := r.e.Status(); st.Sinks[0].Dropped != 0 || int(st.Sinks[0].Written) != before+len(after) {
			t.Errorf("written %d, dropped %d; in the files %d", st.Sinks[0].Written, st.Sinks[0].Dropped, before+len(after))
		}
	})
}

// TestFullDisk fills a small file system: records wait and are delivered once there is room, clips are dropped with their
// cause, readiness says so, and frames and events go on.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	unmount, err := mount(dir, "size=256k")
	if err != nil {
		t.Skipf("needs to mount a tmpfs: %v", err)
	}
	defer unmount()
	synctest.Test(t, func(t *testing.T) {
		// Full from the start: of clips of its own the recorder would remove the oldest to make room.
		ballast := filepath.Join(dir, "ballast")
		fill(t, ballast, 2)
		r := start(t, blinking, func(c *engine.Config) { c.StateDir = dir })
		r.dir = dir
		time.Sleep(20 * time.Second)
		st := r.e.Status()
		why := fmt.Sprint(st.Reasons)
		if st.Ready() || !strings.Contains(why, "sink/log") || !strings.Contains(why, "evidence/clip") {
			t.Errorf("with a full disk the reasons are %v: must name the sink and the evidence", why)
		}
		t.Logf("full: %v", why)
		if st.Cameras[0].State != "up" || st.Cameras[0].Frames < 100 {
			t.Errorf("the camera gave %d pictures: %+v", st.Cameras[0].Frames, st.Cameras[0])
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		st = r.e.Status()
		if len(st.Reasons) != 0 && strings.Contains(fmt.Sprint(st.Reasons), "sink/") {
			t.Errorf("with room again: %v", st.Reasons)
		}
		r.end()
		st = r.e.Status()
		recs := r.records()
		total := int(st.Events.Confirmed + st.Events.Ended)
		if len(recs) != int(st.Sinks[0].Written) || len(recs)+int(st.Sinks[0].Dropped) != total {
			t.Errorf("%d events, %d records in the file, %d written, %d dropped", total, len(recs), st.Sinks[0].Written, st.Sinks[0].Dropped)
		}
		if st.Sinks[0].Dropped != 0 {
			t.Errorf("%d records were dropped although the disk had room again within the bound", st.Sinks[0].Dropped)
		}
		if st.Evidence[0].Dropped == 0 || st.Evidence[0].Clips == 0 {
			t.Errorf("evidence %+v: want counted drops, and clips afterwards", st.Evidence[0])
		}
		t.Logf("%d events, %d records, %d clips, %d clips dropped", total, len(recs), st.Evidence[0].Clips, st.Evidence[0].Dropped)
	})
}

// fill leaves that many pages free.
func fill(t *testing.T, file string, pages int) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 512)
	for {
		if _, err := f.Write(chunk); err != nil {
			break // no space left: as wanted
		}
	}
	if err := f.Close(); err != nil && !strings.Contains(err.Error(), "no space") {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, info.Size()&^4095-int64(pages)*4096); err != nil {
		t.Fatal(err)
	}
}

// TestEvidenceFolderThatCannotBe: something else stands where the folder should be. Events go on, and readiness says what
// to do.
func TestEvidenceFolderThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "evidence"), []byte("a file"), 0o644); err != nil {
			t.Fatal(err)
		}
		r := start(t, blinking, func(c *engine.Config) { c.StateDir = dir })
		r.dir = dir
		time.Sleep(5 * time.Second)
		st := r.e.Status()
		if st.Ready() || !strings.Contains(fmt.Sprint(st.Reasons), "evidence/clip") {
			t.Errorf("reasons %v: must name the evidence", st.Reasons)
		}
		r.end()
		if got := r.records(); len(got) < 4 {
			t.Errorf("%d records: events must not depend on evidence", len(got))
		}
	})
}

// TestRestartDoesNotOverwrite is the seed's fault 16: two runs into one folder keep their clips apart and their ids
// unique.
func TestRestartDoesNotOverwrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ids := map[string]bool{}
		clips := 0
		for i := range 2 {
			r := start(t, blinking, func(c *engine.Config) {
				c.StateDir, c.RunID = dir, fmt.Sprint("run", i)
				// As if the clock had been set back between the runs.
				epoch := time.Now()
				c.Wall = func() time.Time { return time.Unix(1_700_000_000, 0).Add(time.Since(epoch)) }
			})
			r.dir = dir
			time.Sleep(4 * time.Second)
			r.end()
			clips += int(r.e.Status().Evidence[0].Clips)
		}
		r := &run{t: t, dir: dir}
		for _, rec := range r.records() {
			ids[rec.ID] = true
		}
		metas, err := filepath.Glob(filepath.Join(dir, "evidence", "*", "meta.json"))
		if err != nil || len(metas) != clips || clips < 4 {
			t.Errorf("%d manifests for %d clips of two runs (%v)", len(metas), clips, err)
		}
		if len(ids)*2 != len(r.records()) {
			t.Errorf("%d ids in %d records of pairs", len(ids), len(r.records()))
		}
	})
}
