package evidence

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/tick"
)

// TestScenario12PostRoll is the seed's scenario: 30 pictures a second, a window of 200 ms on both sides, an event after
// 100 ms. The clip begins before it ends, has pictures of both sides, and says that the camera had not been there for
// all of the pre-roll.
func TestScenario12PostRoll(t *testing.T) {
	p := policy(t.TempDir())
	p.Pre, p.Post = 200*ms, 200*ms
	r := recorder(t, p)
	const period = time.Second / 30
	feed(t, r, "front", 0, 101*ms, period)
	open(t, r, request("r1", 100*ms))
	if done, wake := r.Step(at(299 * ms)); len(done) != 0 || wake != at(300*ms) {
		t.Fatalf("cut before the post-roll was over: %v, wake %s", done, wake)
	}
	for n := 4; n <= 10; n++ {
		if err := r.Push("front", sample(uint64(n+1), time.Duration(n)*period)); err != nil {
			t.Fatal(err)
		}
	}
	res := one(t, r, 334*ms)
	m := verify(t, res.Path)
	if res.Frames != 10 || m.Delivered.Frames != 10 {
		t.Errorf("%d frames, want the 10 from 0 to 300 ms", res.Frames)
	}
	if m.Asked.From >= m.Asked.To || m.Delivered.From >= m.Delivered.To {
		t.Errorf("asked %+v, delivered %+v: must begin before they end", m.Asked, m.Delivered)
	}
	if len(res.Short) != 1 || res.Short[0] != (Shortfall{ShortStart, at(-100 * ms), 0}) {
		t.Errorf("short %v, want start from -100 ms to 0", res.Short)
	}
}

// TestWindows is a table of what a clip delivers and why it is less than asked, from pictures every 100 ms in the given
// stretches; the window is 2 s before and 1 s after.
func TestWindows(t *testing.T) {
	type stretch struct{ from, to time.Duration }
	sec := func(f float64) time.Duration { return time.Duration(f * float64(time.Second)) }
	tests := []struct {
		name      string
		fed       []stretch
		confirmed time.Duration
		lasts     time.Duration // -1: does not end
		cut       time.Duration
		flush     bool
		ring      int // places; 0: enough
		frames    int
		short     []Shortfall
	}{
		{name: "whole", fed: []stretch{{0, sec(20)}}, confirmed: sec(10), cut: sec(20), frames: 31},
		{name: "lasts", fed: []stretch{{0, sec(30)}}, confirmed: sec(10), lasts: sec(5), cut: sec(30), frames: 81},
		{
			name: "longer than a clip", fed: []stretch{{0, sec(90)}}, confirmed: sec(10), lasts: -1, cut: sec(90), frames: 631,
			short: []Shortfall{{ShortLength, at(sec(71)), tick.Never}},
		},
		{
			name: "before the first picture", fed: []stretch{{sec(9), sec(20)}}, confirmed: sec(10), cut: sec(20), frames: 21,
			short: []Shortfall{{ShortStart, at(sec(8)), at(sec(9))}},
		},
		{
			name: "ring too small", fed: []stretch{{0, sec(10.05)}, {sec(10.1), sec(11.15)}}, confirmed: sec(10), cut: sec(20), ring: 11, frames: 21,
			short: []Shortfall{{ShortRing, at(sec(8)), at(sec(8.9))}},
		},
		{
			name: "camera down", fed: []stretch{{0, sec(9)}, {sec(10.5), sec(20)}}, confirmed: sec(10.5), cut: sec(20), frames: 16,
			short: []Shortfall{{ShortGap, at(sec(8.9)), at(sec(10.5))}},
		},
		{
			name: "down at the beginning and the end", fed: []stretch{{0, sec(5)}, {sec(9.8), sec(10.05)}}, confirmed: sec(9.9), lasts: sec(2), cut: sec(20), frames: 3,
			short: []Shortfall{{ShortGap, at(sec(7.9)), at(sec(9.8))}, {ShortGap, at(sec(10)), at(sec(12.9))}},
		},
		{
			name: "shutdown", fed: []stretch{{0, sec(10.55)}}, confirmed: sec(10), cut: sec(10.5), flush: true, frames: 26,
			short: []Shortfall{{ShortShutdown, at(sec(10.5)), at(sec(11))}},
		},
		{
			name: "shutdown of a lasting event", fed: []stretch{{0, sec(12.05)}}, confirmed: sec(10), lasts: -1, cut: sec(12), flush: true, frames: 41,
			short: []Shortfall{{ShortShutdown, at(sec(12)), at(sec(71))}},
		},
		{name: "whole at shutdown", fed: []stretch{{0, sec(12)}}, confirmed: sec(10), cut: sec(11.1), flush: true, frames: 31},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := CameraOptions{ID: "front", Bytes: 1 << 20}
			if tt.ring > 0 {
				s := sample(1, 0)
				c.Bytes = int64(tt.ring) * s.Cost()
			}
			r := recorderOf(t, c, policy(t.TempDir()))
			opened := false
			for _, f := range tt.fed {
				for d := f.from; d < f.to; d += 100 * ms {
					if d > tt.confirmed && !opened {
						opened = true
						q := request("r1", tt.confirmed)
						q.Ended = tt.lasts == 0
						open(t, r, q)
					}
					if err := r.Push("front", sample(uint64(d/(100*ms))+1, d)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if !opened {
				t.Fatal("the table never got to its event")
			}
			if tt.lasts > 0 {
				r.Ended("r1", at(tt.confirmed+tt.lasts))
			}
			var res Result
			if tt.flush {
				done := r.Flush(context.Background(), at(tt.cut))
				if len(done) != 1 {
					t.Fatalf("%d results", len(done))
				}
				res = done[0]
			} else {
				res = one(t, r, tt.cut)
			}
			if res.Err != nil {
				t.Fatal(res.Err)
			}
			if st := r.Rings()["front"]; st.Held != 0 {
				t.Errorf("%d samples held for a clip that is written", st.Held)
			}
			m := verify(t, res.Path)
			if res.Frames != tt.frames || !slices.Equal(res.Short, tt.short) {
				t.Errorf("%d frames, short %v\nwant %d, %v", res.Frames, res.Short, tt.frames, tt.short)
			}
			if len(m.Short) != len(tt.short) || (m.Events[0].Ended == "") != (tt.lasts < 0) {
				t.Errorf("manifest: short %v, ended %q", m.Short, m.Events[0].Ended)
			}
			for _, s := range tt.short {
				if r.Status()[0].Short[s.Reason] != 1 {
					t.Errorf("counted short %v", r.Status()[0].Short)
				}
			}
		})
	}
}

// TestMergedWindowsCoverTheUnion draws events at random and compares what is on the disk with a naive set of windows: no
// picture twice, every window covered, nothing outside all windows, every record in exactly the clip that Open named.
func TestMergedWindowsCoverTheUnion(t *testing.T) {
	base := t.TempDir()
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		p := policy(filepath.Join(base, strconv.Itoa(round)))
		p.Pre = time.Duration(rapid.IntRange(0, 30).Draw(rt, "pre")) * 100 * ms
		p.Post = time.Duration(rapid.IntRange(0, 30).Draw(rt, "post")) * 100 * ms
		r := recorder(t, p)
		inject(r, nil).skip = inFrame
		type occurrence struct{ from, confirmed, sure, most time.Duration }
		var events []occurrence
		ends := map[time.Duration][]string{}
		var done []Result
		clipOf := map[string]string{}
		length := time.Duration(rapid.IntRange(5, 90).Draw(rt, "length")) * time.Second
		for d := time.Duration(0); d < length; d += 100 * ms {
			if err := r.Push("front", sample(uint64(d/(100*ms)), d)); err != nil {
				rt.Fatal(err)
			}
			for _, id := range ends[d] {
				r.Ended(id, at(d))
			}
			if rapid.IntRange(0, 60).Draw(rt, "event") == 0 {
				id := fmt.Sprint("r", len(events))
				q := request(id, d)
				q.Capture = at(max(0, d-time.Duration(rapid.IntRange(0, 3).Draw(rt, "late"))*100*ms))
				lasts := time.Duration(rapid.IntRange(0, 30).Draw(rt, "lasts")) * 100 * ms
				q.Ended = lasts == 0
				if !q.Ended {
					ends[d+lasts] = append(ends[d+lasts], id)
				}
				clipOf[id] = open(t, r, q)
				events = append(events, occurrence{time.Duration(q.Capture) - p.Pre, d, d + p.Post, d + lasts + p.Post})
			}
			if rapid.Bool().Draw(rt, "step") {
				got, _ := r.Step(at(d))
				done = append(done, got...)
			}
		}
		done = append(done, r.Flush(context.Background(), at(length))...)

		have, more := map[uint64]int{}, 0
		for _, res := range done {
			if res.Err != nil {
				rt.Fatal(res.Err)
			}
			m := read(t, res.Path)
			more += m.MoreEvents
			for _, f := range m.Files {
				if f.Name != SnapshotName {
					have[f.Frame]++
				}
			}
			for _, id := range res.Records {
				if clipOf[id] != res.Clip {
					rt.Fatalf("record %s is in clip %s, Open said %s", id, res.Clip, clipOf[id])
				}
				delete(clipOf, id)
			}
		}
		if len(clipOf) != more {
			rt.Fatalf("%d records not listed, but: %v", more, slices.Collect(maps.Keys(clipOf)))
		}
		for d := time.Duration(0); d < length; d += 100 * ms {
			sure, may := false, false
			for _, e := range events {
				sure = sure || e.from <= d && d <= e.sure
				may = may || e.from <= d && d <= e.most
			}
			switch n := have[uint64(d/(100*ms))]; {
			case n > 1:
				rt.Fatalf("picture of %s is there %d times", d, n)
			case n == 0 && sure:
				rt.Fatalf("picture of %s is missing", d)
			case n == 1 && !may:
				rt.Fatalf("picture of %s was not asked for", d)
			}
		}
		st := r.Status()[0]
		if st.Asked != st.Clips+st.Merged || st.Asked != uint64(len(events)) {
			rt.Fatalf("asked %d of %d, clips %d, merged %d", st.Asked, len(events), st.Clips, st.Merged)
		}
	})
}

// TestFault25NothingIsHardCoded: the seed's window, quality and queues were constants, clips of overlapping events had
// the same pictures twice, and one slow disk blocked every camera. See also TestRetention and TestDiskFaults.
func TestFault25OverlappingEventsShareAClip(t *testing.T) {
	p := policy(t.TempDir())
	p.Pre, p.Post, p.FPS, p.Quality = 3*time.Second, 4*time.Second, 5, 40
	r := recorder(t, p)
	feed(t, r, "front", 0, 10*time.Second, 100*ms)
	first := open(t, r, request("r1", 10*time.Second))
	feed(t, r, "front", 10*time.Second, 12*time.Second, 100*ms)
	if second := open(t, r, request("r2", 12*time.Second)); second != first {
		t.Fatalf("overlapping events in %s and %s", first, second)
	}
	feed(t, r, "front", 12*time.Second, 20*time.Second, 100*ms)
	m := verify(t, one(t, r, 20*time.Second).Path)
	if len(m.Events) != 2 || m.Events[0].ID != "r1" || m.Events[1].ID != "r2" {
		t.Errorf("events %+v", m.Events)
	}
	// 7 s to 16 s at 5 a second.
	if m.Delivered.Frames != 46 || m.Asked.FPS != 5 || m.Asked.Quality != 40 {
		t.Errorf("delivered %+v, asked %+v", m.Delivered, m.Asked)
	}

	// An event whose window overlaps a clip that is already written goes on where that ended.
	feed(t, r, "front", 20*time.Second, 30*time.Second, 100*ms)
	third := open(t, r, request("r3", 18500*ms))
	res := one(t, r, 30*time.Second)
	m = verify(t, res.Path)
	if third == first || m.Follows != first || m.Delivered.From != "2026-03-04T05:06:23.100000000Z" {
		t.Errorf("third clip follows %q, delivered %+v", m.Follows, m.Delivered)
	}
	if want := (Shortfall{ShortPrevious, at(15500 * ms), at(16 * time.Second)}); len(res.Short) != 1 || res.Short[0] != want {
		t.Errorf("short %v, want %v", res.Short, want)
	}
}

// TestWhatAClipBeforeHasIsNotLost: pictures that left the ring after they were written are on the disk, not missing.
func TestWhatAClipBeforeHasIsNotLost(t *testing.T) {
	s := sample(1, 0)
	r := recorderOf(t, CameraOptions{ID: "front", Bytes: 15 * s.Cost(), Hold: 40 * s.Cost()}, policy(t.TempDir()))
	feed(t, r, "front", 0, 3050*ms, 100*ms)
	first := open(t, r, request("r1", 3*time.Second))
	feed(t, r, "front", 3100*ms, 4250*ms, 100*ms)
	if res := one(t, r, 4250*ms); res.Err != nil || len(res.Short) != 1 || res.Short[0].Reason != ShortRing {
		t.Fatalf("%+v", res)
	}
	feed(t, r, "front", 4300*ms, 5350*ms, 100*ms) // the ring begins at 3.9 s
	open(t, r, request("r2", 5300*ms))            // asks for 3.3 s to 6.3 s; up to 4 s the first clip has it
	feed(t, r, "front", 5400*ms, 6550*ms, 100*ms)
	res := one(t, r, 6600*ms)
	if want := (Shortfall{ShortPrevious, at(3300 * ms), at(4 * time.Second)}); len(res.Short) != 1 || res.Short[0] != want || res.Frames != 23 {
		t.Errorf("%d frames, short %v, want 23 and %v", res.Frames, res.Short, want)
	}
	if m := verify(t, res.Path); m.Follows != first {
		t.Errorf("follows %q", m.Follows)
	}
}

// TestFault16ClipsOfRunsNeverMeet: the seed's folders were named by time since the start, so that a second run wrote into
// the first one's. Here not even the same event at the same wall time does, and a replay of the same run is refused.
func TestFault16ClipsOfRunsNeverMeet(t *testing.T) {
	dir := t.TempDir()
	seen := map[string]bool{}
	for run := range 3 {
		r := recorder(t, policy(dir))
		feed(t, r, "front", 0, 5*time.Second, 100*ms)
		q := request(fmt.Sprintf("run%d-front-intruder-1", run), 3*time.Second)
		name := open(t, r, q)
		if seen[name] {
			t.Errorf("run %d writes to %s again", run, name)
		}
		seen[name] = true
		verify(t, one(t, r, 5*time.Second).Path)
	}
	again := recorder(t, policy(dir))
	feed(t, again, "front", 0, 5*time.Second, 100*ms)
	open(t, again, request("run0-front-intruder-1", 3*time.Second))
	if res := one(t, again, 5*time.Second); res.Cause != CauseExists || res.Err == nil {
		t.Errorf("replay over an existing clip: %+v", res)
	}
	for name := range seen {
		verify(t, filepath.Join(dir, name))
	}
}

// TestFault17WindowDoesNotDrift: the seed's manifest told how long ago the window was when it was written, so that a slow
// encoder moved it and its start came after its end. The same clip written 90 s late has the same times.
func TestFault17WindowDoesNotDrift(t *testing.T) {
	var manifests []Manifest
	for _, late := range []time.Duration{CutDelay, 90 * time.Second} {
		r := recorder(t, policy(t.TempDir()))
		feed(t, r, "front", 0, 11100*ms, 100*ms)
		open(t, r, request("r1", 10*time.Second))
		m := verify(t, one(t, r, 11*time.Second+late).Path)
		if m.Asked.From >= m.Events[0].Confirmed || m.Events[0].Confirmed >= m.Asked.To {
			t.Errorf("asked %+v around %s", m.Asked, m.Events[0].Confirmed)
		}
		m.Created = ""
		manifests = append(manifests, m)
	}
	if a, b := fmt.Sprintf("%+v", manifests[0].Files), fmt.Sprintf("%+v", manifests[1].Files); a != b || manifests[0].Asked != manifests[1].Asked ||
		manifests[0].Delivered != manifests[1].Delivered {
		t.Errorf("written late:\n%+v\nwritten in time:\n%+v", manifests[1], manifests[0])
	}
}

// TestPipelineScopeEndsOnEveryCamera: one occurrence may have a clip on each of several cameras.
func TestPipelineScopeEndsOnEveryCamera(t *testing.T) {
	r := recorder(t, policy(t.TempDir()))
	for _, camera := range []string{"front", "back"} {
		feed(t, r, camera, 0, 10*time.Second, 100*ms)
		q := request("r1", 5*time.Second)
		q.Camera, q.Ended = camera, false
		open(t, r, q)
	}
	r.Ended("r1", at(6*time.Second))
	done, wake := r.Step(at(8 * time.Second))
	if len(done) != 2 || wake != tick.Never || done[0].Clip == done[1].Clip {
		t.Fatalf("%d clips, wake %s", len(done), wake)
	}
	for _, res := range done {
		if m := verify(t, res.Path); m.Delivered.Frames != 41 {
			t.Errorf("%s: %d frames", res.Camera, m.Delivered.Frames)
		}
	}
}

func TestManyEventsAreCounted(t *testing.T) {
	r := recorder(t, policy(t.TempDir()))
	feed(t, r, "front", 0, 30*time.Second, 100*ms)
	for i := range MaxEvents + 7 {
		open(t, r, request(fmt.Sprint("r", i), 10*time.Second+time.Duration(i)*10*ms))
	}
	res := one(t, r, 30*time.Second)
	m := verify(t, res.Path)
	if len(m.Events) != MaxEvents || m.MoreEvents != 7 || len(res.Records) != MaxEvents {
		t.Errorf("%d events listed, %d more", len(m.Events), m.MoreEvents)
	}
	if m.Asked.To != "2026-03-04T05:06:18.700000000Z" {
		t.Errorf("asked to %s: the last event's post-roll is not in it", m.Asked.To)
	}
}

// TestThin checks the rate cap: never more than asked, nothing left out at the camera's own rate with jitter.
func TestThin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		period := time.Duration(rapid.IntRange(5, 500).Draw(t, "period")) * ms
		fps := rapid.Float64Range(0.1, 60).Draw(t, "fps")
		var s []Sample
		for i := range rapid.IntRange(1, 200).Draw(t, "n") {
			jitter := time.Duration(rapid.IntRange(0, int(period/5)).Draw(t, "jitter"))
			s = append(s, Sample{Capture: at(time.Duration(i)*period + jitter), Frame: uint64(i)})
		}
		got := thin(s, fps)
		want := time.Duration(float64(time.Second) / fps)
		length := got[len(got)-1].Capture.Sub(got[0].Capture)
		if most := int((length+want/4)/want) + 1; len(got) > most {
			t.Fatalf("%d pictures in %s at %g a second, at most %d", len(got), length, fps, most)
		}
		if got[0].Frame != 0 {
			t.Fatalf("begins with frame %d", got[0].Frame)
		}
		if all := thin(s, float64(time.Second)/float64(period)); len(all) != len(s) {
			t.Fatalf("at its own rate %d of %d pictures are left", len(all), len(s))
		}
		if all := thin(s, 0); len(all) != len(s) {
			t.Fatal("without a rate pictures were left out")
		}
	})
}

// TestShortfallText: what the log says of a clip that is not whole.
func TestShortfallText(t *testing.T) {
	for want, s := range map[string]Shortfall{
		"start 400ms":   {ShortStart, at(-386456346 * time.Nanosecond), at(13207459 * time.Nanosecond)},
		"previous 1m2s": {ShortPrevious, at(time.Second), at(63 * time.Second)},
		"shutdown":      {ShortShutdown, at(time.Second), tick.Never},
	} {
		if got := s.String(); got != want {
			t.Errorf("%#v is %q, want %q", s, got, want)
		}
	}
}
