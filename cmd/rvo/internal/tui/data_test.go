package tui

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// A state followed by changes is the state that a server which sends all of it would have sent; data that is held does not change
// with it.
func TestChangesLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newData()
		naive := map[string]api.Camera{}
		ids := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		for i := range 20 {
			part := map[string]*api.Camera{}
			for range rapid.IntRange(0, 3).Draw(t, "things") {
				id := ids.Draw(t, "id")
				if rapid.Bool().Draw(t, "gone") {
					part[id] = nil
				} else {
					part[id] = &api.Camera{Frames: rapid.Uint64().Draw(t, "frames")}
				}
			}
			whole := i == 0 || rapid.IntRange(0, 5).Draw(t, "whole") == 0
			if whole {
				clear(naive)
			}
			for id, c := range part {
				if c == nil {
					delete(naive, id)
				} else {
					naive[id] = *c
				}
			}
			raw, err := json.Marshal(map[string]any{"time_ms": 1000 + i, "cameras": part})
			if err != nil {
				t.Fatal(err)
			}
			held := d.clone()
			before := fmt.Sprint(flat(held))
			if whole {
				err = d.whole(raw)
			} else {
				err = d.change(raw)
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := flat(d); !reflect.DeepEqual(got, naive) {
				t.Fatalf("after %s: %v, want %v", raw, got, naive)
			}
			if after := fmt.Sprint(flat(held)); after != before {
				t.Fatalf("what was held changed: %s, was %s", after, before)
			}
			if len(d.tracks) != len(naive) {
				t.Fatalf("%d histories of %d cameras", len(d.tracks), len(naive))
			}
		}
	})
}

func flat(d *data) map[string]api.Camera {
	out := map[string]api.Camera{}
	for id, c := range d.state.Cameras {
		out[id] = *c
	}
	return out
}

// A change that does not mention reasons and reloads leaves them; one that empties them does.
func TestChangeKeepsWhatItDoesNotSay(t *testing.T) {
	d := newData()
	for _, c := range []struct {
		raw              string
		reasons, reloads int
	}{
		{`{"reasons":[{"node":"a"}],"reloads":[{"revision":"x"}],"ready":false}`, 1, 1},
		{`{"time_ms":3}`, 1, 1},
		{`{"reasons":[],"ready":true}`, 0, 1},
	} {
		err := d.change([]byte(c.raw))
		if c.reasons+c.reloads == 2 && d.state.TimeMS == 0 {
			err = d.whole([]byte(c.raw))
		}
		if err != nil || len(d.state.Reasons) != c.reasons || len(d.state.Reloads) != c.reloads {
			t.Errorf("after %s: %v, %d reasons, %d reloads", c.raw, err, len(d.state.Reasons), len(d.state.Reloads))
		}
	}
}

// A ring has the last of what was added, in order, and never more than twice its bound in memory.
func TestRingLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 9).Draw(t, "bound")
		r := newRing[int](bound)
		var naive []int
		for i := range rapid.IntRange(0, 60).Draw(t, "adds") {
			r.add(i)
			naive = append(naive, i)
			held := r.clone()
			if !slices.Equal(r.all(), naive[max(0, len(naive)-bound):]) || !slices.Equal(held.all(), r.all()) || cap(r.items) > 4*bound+8 {
				t.Fatalf("bound %d after %d: %v of %d", bound, i, r.all(), cap(r.items))
			}
		}
	})
}

// A graph is as wide as asked, shows the newest at the right, and tells nothing known from nothing that happened and that from
// little.
func TestGraph(t *testing.T) {
	g := unicodeGlyphs()
	var h history
	if got := h.graph(5, 0, g); got != "     " {
		t.Errorf("of nothing: %q", got)
	}
	for range 24 {
		h.add(0)
	}
	h.add(0.01)
	h.add(100)
	if got := h.graph(120, 0, g); !strings.HasSuffix(got, "▁▁▂█") || ansi.StringWidth(got) != 120 || strings.Count(got, " ") != 120-26 {
		t.Errorf("%q", got)
	}
	if got := h.graph(12, 0, g); got != "         ▁▁█" {
		t.Errorf("ten samples a column: %q", got)
	}
	if got := h.graph(12, 200, g); got != "         ▁▁▄" {
		t.Errorf("with another top: %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		var h history
		for range rapid.IntRange(0, 300).Draw(t, "samples") {
			h.add(rapid.Float64Range(0, 1e9).Draw(t, "v"))
		}
		w := rapid.IntRange(0, 200).Draw(t, "w")
		if got := h.graph(w, 0, g); ansi.StringWidth(got) != w {
			t.Fatalf("%d columns of %d: %q", ansi.StringWidth(got), w, got)
		}
	})
}

// A rate is what was added a second; a count that begins anew and a pause of a minute are none.
func TestRate(t *testing.T) {
	var x track
	for _, c := range []struct {
		count   uint64
		seconds float64
	}{{100, 0}, {105, 0.5}, {105, 0.5}, {3, 0.5}, {13, 1}} {
		x.rate(c.count, c.seconds)
	}
	if v, ok := x.now(); !ok || v != (10+0+10)/3.0 {
		t.Errorf("%v, %v", v, ok)
	}
	if _, ok := (*track)(nil).now(); ok {
		t.Error("of nothing there is a rate")
	}
}

// Numbers and spans are as narrow as their columns.
func TestNarrow(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{number(9999), "9999"},
		{number(10_000), "10.0k"},
		{number(999_949), "999.9k"},
		{number(999_950), "1.0M"},
		{number(uint64(5e9)), "5.0G"},
		{span(0), "0s"},
		{span(350 * time.Microsecond), "350us"},
		{span(4200 * time.Microsecond), "4.2ms"},
		{span(42 * time.Millisecond), "42ms"},
		{span(1500 * time.Millisecond), "1.5s"},
		{span(59 * time.Second), "59s"},
		{span(200 * time.Second), "3m20s"},
		{span(10 * time.Minute), "10m"},
		{span(125 * time.Minute), "2h05m"},
		{span(8 * time.Hour), "8h"},
		{span(99 * time.Hour), "4d03h"},
		{span(-time.Second), "-1.0s"},
		{bytesOf(1023), "1023B"},
		{bytesOf(3 << 20), "3MiB"},
		{bytesOf(5 << 29), "2.5GiB"},
		{clean("a\x1b[2Jb\tc\nd\u202e\x7f"), "a[2Jb c d"},
		{clean(strings.Repeat("é", 5000))[:4], "éé"},
		{value([]any{map[string]any{"label": "dog"}, map[string]any{"label": "dog"}, map[string]any{}}), "2 dog, 1 box"},
		{value(nil), "-"},
		{value(0.123456789), "0.12346"},
		{value([]any{}), "no boxes"},
		{value(true), "true"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(9999*time.Hour)).Draw(t, "d"))
		if got := span(d); len(got) > 6 {
			t.Fatalf("%s is %q", d, got)
		}
		if got := number(rapid.Uint64Range(0, 1e12).Draw(t, "n")); len(got) > 7 {
			t.Fatalf("%q", got)
		}
	})
}

// A table leaves out what is wanted least, fills the line, and keeps what has to stay.
func TestLayoutLaw(t *testing.T) {
	cols := (&model{data: newData(), g: unicodeGlyphs(), zone: time.UTC}).cameras().columns
	for w := 60; w < 260; w++ {
		widths := layout(cols, w)
		sum, n := 0, 0
		for i, c := range cols {
			if c.drop == 0 && widths[i] < c.width {
				t.Fatalf("at %d columns %q is left out", w, c.title)
			}
			if widths[i] > 0 {
				sum += widths[i]
				n++
			}
		}
		if sum+n-1 != w {
			t.Errorf("%d columns are filled with %d", w, sum+n-1)
		}
	}
}

// Memory stays bounded however much is told: events, records, log and histories.
func TestBounded(t *testing.T) {
	d := newData()
	for i := range 20_000 {
		if err := d.log(fmt.Appendf(nil, `{"time_ms":%d,"level":"INFO","message":"line"}`, i)); err != nil {
			t.Fatal(err)
		}
		if err := d.record(fmt.Appendf(nil, `{"id":"%d","state":"confirmed"}`, i)); err != nil {
			t.Fatal(err)
		}
	}
	s := map[string]any{}
	for i := range 2 * maxTracks {
		s[strconv.Itoa(i)] = map[string]any{"value": 1, "fresh": true}
	}
	raw, err := json.Marshal(map[string]any{"time_ms": 1, "signals": s})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.whole(raw); err != nil {
		t.Fatal(err)
	}
	if len(d.lines.all()) != keptLines || len(d.events.all()) != keptRecords || len(d.seen) > 4*keptRecords+1 || len(d.tracks) > maxTracks {
		t.Errorf("%d lines, %d records, %d seen, %d histories", len(d.lines.all()), len(d.events.all()), len(d.seen), len(d.tracks))
	}
	if l := d.lines.all(); l[0].at.UnixMilli() != 20_000-keptLines {
		t.Errorf("the oldest line is %v", l[0].at)
	}
}
