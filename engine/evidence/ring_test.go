package evidence

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/tick"
)

func frames(s []Sample) []uint64 {
	out := make([]uint64, len(s))
	for i := range s {
		out[i] = s[i].Frame
	}
	return out
}

// TestRingIsNaiveList compares a ring without pins to a list that is trimmed after every push.
func TestRingIsNaiveList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.Int64Range(sampleOverhead+1, 8000).Draw(t, "bound")
		span := time.Duration(rapid.IntRange(0, 50).Draw(t, "span"))
		r := NewRing(bound, 0, span)
		var list []Sample
		var now tick.Time
		cost := func() (n int64) {
			for i := range list {
				n += list[i].Cost()
			}
			return n
		}
		var refused uint64
		for n := range rapid.IntRange(0, 200).Draw(t, "n") {
			now += tick.Time(rapid.IntRange(-1, 10).Draw(t, "step"))
			s := Sample{Bytes: make([]byte, rapid.IntRange(0, 2000).Draw(t, "size")), Capture: now, Frame: uint64(n)}
			newest := tick.Time(0)
			if st := r.Stats(); st.Pushed > 0 {
				newest = r.Newest()
			}
			if err := r.Push(s); err != nil {
				if s.Capture >= newest && s.Cost() <= bound {
					t.Fatalf("refused without a reason: %v", err)
				}
				refused++
			} else {
				list = append(list, s)
				for cost() > bound || span > 0 && now.Sub(list[0].Capture) > span {
					list = list[1:]
				}
			}
			now = max(now, newest)
			st := r.Stats()
			if st.Bytes > bound || st.Bytes != cost() || st.Samples != len(list) {
				t.Fatalf("ring has %d samples of %d bytes, the list %d of %d, bound %d", st.Samples, st.Bytes, len(list), cost(), bound)
			}
			if st.Pushed != uint64(st.Samples)+st.EvictedBytes+st.EvictedSpan || st.Refused != refused {
				t.Fatalf("counters do not add up: %+v, refused %d", st, refused)
			}
			from := tick.Time(rapid.IntRange(-5, 300).Draw(t, "from"))
			to := from + tick.Time(rapid.IntRange(-5, 100).Draw(t, "len"))
			var want []Sample
			for _, s := range list {
				if from <= s.Capture && s.Capture <= to {
					want = append(want, s)
				}
			}
			if got := r.Slice(from, to); !slices.Equal(frames(got), frames(want)) {
				t.Fatalf("slice [%d, %d] is %v, want %v", from, to, frames(got), frames(want))
			}
			near, ok := r.Nearest(from)
			for _, s := range list {
				if !ok || distance(s.Capture, from) < distance(near.Capture, from) {
					t.Fatalf("nearest to %d is %d, but there is %d", from, near.Capture, s.Capture)
				}
			}
		}
	})
}

// TestPinsKeepOrTell checks the law of pins: a sample of the pin's span that came is there, or lies in the stretch that
// the pin reports as lost; and neither bound is ever passed, whatever pins ask for.
func TestPinsKeepOrTell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytes, hold := rapid.Int64Range(600, 6000).Draw(t, "bytes"), rapid.Int64Range(0, 6000).Draw(t, "hold")
		r := NewRing(bytes, hold, 0)
		var all []Sample
		type live struct {
			p    *pin
			span span
		}
		var pins []live
		now := tick.Time(0)
		anySpan := func() (span, span) {
			from := now - tick.Time(rapid.IntRange(-20, 200).Draw(t, "from"))
			to := from + tick.Time(rapid.IntRange(0, 300).Draw(t, "len"))
			return span{from, to}, span{from, from + tick.Time(rapid.IntRange(0, 50).Draw(t, "core"))}
		}
		for n := range rapid.IntRange(1, 150).Draw(t, "n") {
			switch rapid.IntRange(0, 12).Draw(t, "op") {
			case 0:
				s, core := anySpan()
				pins = append(pins, live{r.pin(s, core), s})
			case 1:
				if len(pins) > 0 {
					i := rapid.IntRange(0, len(pins)-1).Draw(t, "which")
					pins[i].p.release()
					pins[i].p.release()
					pins = slices.Delete(pins, i, i+1)
				}
			case 2:
				if len(pins) > 0 {
					i := rapid.IntRange(0, len(pins)-1).Draw(t, "which")
					s, core := anySpan()
					pins[i].p.move(s, core)
					pins[i].span = s
				}
			case 3:
				bytes, hold = rapid.Int64Range(600, 6000).Draw(t, "bytes"), rapid.Int64Range(0, 6000).Draw(t, "hold")
				r.Resize(bytes, hold, 0)
			default:
				now += tick.Time(rapid.IntRange(0, 10).Draw(t, "step"))
				s := Sample{Bytes: make([]byte, rapid.IntRange(0, 300).Draw(t, "size")), Capture: now, Frame: uint64(n)}
				if err := r.Push(s); err != nil {
					t.Fatal(err)
				}
				all = append(all, s)
			}
			st := r.Stats()
			if st.Bytes > bytes || st.HeldBytes > hold {
				t.Fatalf("bounds %d and %d passed: %+v", bytes, hold, st)
			}
			if len(pins) == 0 && st.Held > 0 {
				t.Fatalf("%d samples held for nobody", st.Held)
			}
			for _, l := range pins {
				c := l.p.cut(l.span)
				for _, s := range all {
					if !l.span.covers(s.Capture) || slices.Contains(frames(c.samples), s.Frame) {
						continue
					}
					if !c.anyLost || !c.lost.covers(s.Capture) {
						t.Fatalf("frame %d at %d of pin %v is gone and not told: lost %v %v", s.Frame, s.Capture, l.span, c.anyLost, c.lost)
					}
				}
				if !slices.IsSortedFunc(c.samples, func(a, b Sample) int { return int(a.Capture - b.Capture) }) {
					t.Fatalf("cut out of order: %v", frames(c.samples))
				}
			}
		}
	})
}

// TestHoldThinsOutALongEvent shows that a clip whose event lasts longer than the hold has room for is covered at a lower
// rate, with its core whole.
func TestHoldThinsOutALongEvent(t *testing.T) {
	const cost = sampleOverhead + 100
	r := NewRing(10*cost, 40*cost, 0)
	p := r.pin(span{0, at(60 * time.Second)}, span{0, at(time.Second)})
	for i := range 600 { // ten a second for a minute
		if err := r.Push(Sample{Bytes: make([]byte, 100), Capture: at(time.Duration(i) * 100 * ms), Frame: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	c := p.cut(p.span)
	if got := r.Slice(0, at(time.Second)); len(got) != 11 {
		t.Errorf("core has %d of its 11 samples", len(got))
	}
	longest := time.Duration(0)
	for i := range len(c.samples) - 1 {
		longest = max(longest, c.samples[i+1].Capture.Sub(c.samples[i].Capture))
	}
	// 29 places beside the core for 58 s: the stride has doubled from 100 ms until they suffice.
	if longest > maxStride || c.samples[len(c.samples)-1].Frame != 599 {
		t.Errorf("longest silence %s, last frame %d", longest, c.samples[len(c.samples)-1].Frame)
	}
	if !c.anyLost || c.lost.from <= at(time.Second) {
		t.Errorf("lost %v %v: the core must not be in it", c.anyLost, c.lost)
	}
	p.release()
	if st := r.Stats(); st.Held != 0 || st.HeldBytes != 0 {
		t.Errorf("held after the release: %+v", st)
	}
}

// TestFault4SliceCopiesNoPicture: the seed copied a clip's pictures under the lock that the live path needs.
func TestFault4SliceCopiesNoPicture(t *testing.T) {
	r := NewRing(64<<20, 0, 0)
	for i := range 150 {
		if err := r.Push(Sample{Bytes: make([]byte, 200<<10), Capture: at(time.Duration(i) * 33 * ms), Frame: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	a, b := r.Slice(0, tick.Never), r.Slice(0, tick.Never)
	for i := range a {
		if &a[i].Bytes[0] != &b[i].Bytes[0] {
			t.Fatalf("sample %d was copied", i)
		}
	}
	res := testing.Benchmark(func(b *testing.B) {
		b.Helper()
		for b.Loop() {
			r.Slice(0, tick.Never)
		}
	})
	if got := res.AllocedBytesPerOp(); got > 128<<10 {
		t.Errorf("a slice of 150 samples of 200 KiB allocates %d bytes: descriptors alone are 30 KiB", got)
	}
}

// TestFault5RingIsBoundedInBytes: the seed kept 300 raw pictures, however large, and as many again for each clip.
func TestFault5RingIsBoundedInBytes(t *testing.T) {
	const bound = 1 << 20
	r := recorderOf(t, CameraOptions{ID: "front", Bytes: bound, Hold: bound}, policy(t.TempDir()))
	for i := range 3000 {
		if err := r.Push("front", Sample{Bytes: make([]byte, 1<<(i%16)), Capture: at(time.Duration(i) * 33 * ms), Frame: uint64(i), Codec: JPEG}); err != nil {
			t.Fatal(err)
		}
		if i%50 == 0 {
			q := request(fmt.Sprint("r", i), time.Duration(i)*33*ms)
			q.Ended = false
			_, _ = r.Open(q) // every clip stays open: none is ever cut here
		}
		if st := r.Rings()["front"]; st.Bytes > bound || st.HeldBytes > bound {
			t.Fatalf("after %d samples: %+v", i, st)
		}
	}
	if st := r.Rings()["front"]; st.EvictedBytes == 0 || st.Held == 0 || st.Lost == 0 {
		t.Errorf("the bound was never reached: %+v", st)
	}
}

func TestRingPushSliceRace(t *testing.T) {
	r := NewRing(200*(sampleOverhead+64), 100*(sampleOverhead+64), 0)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range 5000 {
			if err := r.Push(Sample{Bytes: make([]byte, 64), Capture: tick.Time(i), Frame: uint64(i)}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2 {
		wg.Go(func() {
			for i := range 500 {
				p := r.pin(span{tick.Time(i * 5), tick.Time(i*5 + 200)}, span{tick.Time(i * 5), tick.Time(i*5 + 100)})
				s := r.Slice(0, tick.Never)
				for j := range len(s) - 1 {
					if s[j].Frame >= s[j+1].Frame {
						t.Errorf("out of order: %d, %d", s[j].Frame, s[j+1].Frame)
					}
				}
				p.release()
			}
		})
	}
	wg.Wait()
	if st := r.Stats(); st.Pushed != 5000 || st.Held != 0 {
		t.Errorf("%+v", st)
	}
}

// TestRingPushAllocatesNothing: once a ring is full, a picture costs the ring no memory.
func TestRingPushAllocatesNothing(t *testing.T) {
	r := NewRing(100*(sampleOverhead+1000), 0, 0)
	data := make([]byte, 1000)
	n := 0
	push := func() {
		n++
		if err := r.Push(Sample{Bytes: data, Capture: tick.Time(n)}); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		push()
	}
	if got := testing.AllocsPerRun(1000, push); got != 0 {
		t.Errorf("%v allocations a push, want 0", got)
	}
}

func BenchmarkRingPush(b *testing.B) {
	r := NewRing(300*(sampleOverhead+1000), 0, 0)
	data := make([]byte, 1000)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		_ = r.Push(Sample{Bytes: data, Capture: tick.Time(n)})
	}
}
