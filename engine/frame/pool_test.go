package frame

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestPoolLaws runs random gets, retains and releases against a list of what is held: never more than the bound, a failed
// Get only at the bound, a slab never in two frames, all memory back at the end.
func TestPoolLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 5).Draw(t, "bound")
		p := NewPool(PoolOptions{Camera: "c", Slabs: bound})
		type held struct {
			f    *Frame
			refs int
			mark byte
		}
		var list []held
		closed := false
		peak, mark := 0, byte(0)
		for range rapid.IntRange(1, 80).Draw(t, "n") {
			switch op := rapid.IntRange(0, 10).Draw(t, "op"); {
			case op == 10 && !closed:
				bound = rapid.IntRange(1, 5).Draw(t, "other bound")
				if err := p.Resize(bound, false); err != nil {
					t.Fatal(err)
				}
			case op < 4:
				w, h := rapid.SampledFrom([]int{2, 4, 400}).Draw(t, "w"), rapid.SampledFrom([]int{2, 6}).Draw(t, "h")
				format := Format(rapid.IntRange(0, 2).Draw(t, "format"))
				f, err := p.Get(format, w, h)
				switch {
				case closed:
					if err == nil || errors.Is(err, ErrNoBuffer) {
						t.Fatalf("get from a closed pool: %v", err)
					}
					continue
				case len(list) >= bound:
					if !errors.Is(err, ErrNoBuffer) {
						t.Fatalf("get at the bound: %v", err)
					}
					continue
				case err != nil:
					t.Fatal(err)
				}
				mark++
				for i := range f.Pix() {
					f.Pix()[i] = mark
				}
				if f.Refs() != 1 || f.Camera != "c" || f.PTS != NoPTS || f.Seq != 0 {
					t.Fatalf("fresh frame: %d refs, %+v", f.Refs(), f.PTS)
				}
				list = append(list, held{f, 1, mark})
			case op < 6 && len(list) > 0:
				i := rapid.IntRange(0, len(list)-1).Draw(t, "i")
				if list[i].f.Retain() != list[i].f {
					t.Fatal("Retain returned another frame")
				}
				list[i].refs++
			case op < 9 && len(list) > 0:
				i := rapid.IntRange(0, len(list)-1).Draw(t, "i")
				list[i].f.Release()
				if list[i].refs--; list[i].refs == 0 {
					list = append(list[:i], list[i+1:]...)
				}
			case op == 9 && rapid.IntRange(0, 9).Draw(t, "close") == 0:
				p.Close()
				closed = true
			}
			for _, h := range list {
				if h.f.Refs() != h.refs {
					t.Fatalf("%d references, want %d", h.f.Refs(), h.refs)
				}
				h.f.Luma()
				h.f.SmallLuma()
				h.f.BGR()
				for _, b := range h.f.Pix() {
					if b != h.mark {
						t.Fatal("a held picture was overwritten")
					}
				}
			}
			peak = max(peak, len(list))
			if s := p.Stats(); s.Held != len(list) || s.Bound != bound || s.Peak != peak {
				t.Fatalf("%+v, want %d held, peak %d", s, len(list), peak)
			}
		}
		for _, h := range list {
			for range h.refs {
				h.f.Release()
			}
		}
		p.Close()
		if s := p.Stats(); s.Held != 0 || s.Bytes != 0 {
			t.Fatalf("at the end: %+v", s)
		}
	})
}

// TestSizeChangesInMidStream: frames of the old size stay valid while held, their slabs go back to the system, and the
// bound counts both.
func TestSizeChangesInMidStream(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 2})
	defer p.Close()
	old := get(t, p, BGR, 64, 48, noise(1))
	small := p.Stats().Bytes
	fresh := get(t, p, BGR, 640, 480, noise(2))
	both := p.Stats().Bytes
	if _, err := p.Get(BGR, 640, 480); !errors.Is(err, ErrNoBuffer) {
		t.Errorf("past the bound: %v", err)
	}
	if want := noise(1)(77); old.Pix()[77] != want {
		t.Error("the old frame lost its picture")
	}
	old.Release()
	if got := p.Stats().Bytes; got != both-small {
		t.Errorf("%d bytes mapped after the old size went, want %d", got, both-small)
	}
	again := get(t, p, BGR, 640, 480, noise(3))
	again.Release()
	fresh.Release()
	if s := p.Stats(); s.Held != 0 || s.Bytes != 2*(both-small) {
		t.Errorf("%+v: two slabs of the new size are to be kept for reuse", s)
	}
}

func TestWrongUsePanics(t *testing.T) {
	panics := func(name, says string, f func()) {
		t.Helper()
		defer func() {
			if r := recover(); r == nil || !strings.Contains(toString(r), says) {
				t.Errorf("%s: panic %v, want one with %q", name, r, says)
			}
		}()
		f()
	}
	p := NewPool(PoolOptions{Camera: "front", Slabs: 1})
	defer p.Close()
	f := get(t, p, Gray, 4, 4, noise(1))
	f.Seq = 7
	f.Release()
	panics("second release", "release of released frame front#7", f.Release)
	f = get(t, p, Gray, 4, 4, noise(1))
	f.Release()
	panics("retain after release", "retain of released frame", func() { f.Retain() })
	panics("pixels after release", "nil pointer", func() { f.Pix() })
	panics("pool of nothing", "at least 1", func() { NewPool(PoolOptions{}) })
	if s := p.Stats(); s.Held != 0 {
		t.Errorf("a wrong release changed the account: %+v", s)
	}
}

func toString(v any) string {
	if err, ok := v.(error); ok {
		return err.Error()
	}
	s, _ := v.(string)
	return s
}

func TestPoolRace(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 4})
	frames := make(chan *Frame)
	var source, readers sync.WaitGroup
	source.Go(func() {
		for i := range 2000 {
			f, err := p.Get(BGR, 16+16*(i/1000), 16)
			if errors.Is(err, ErrNoBuffer) {
				continue
			}
			if err != nil {
				t.Error(err)
				return
			}
			f.Pix()[0] = byte(i)
			frames <- f.Retain()
			f.Release()
		}
		close(frames)
	})
	for range 3 {
		readers.Go(func() {
			for f := range frames {
				var both sync.WaitGroup
				g := f.Retain()
				both.Go(func() { g.Luma(); g.SmallLuma(); g.Release() })
				f.Luma()
				both.Wait()
				f.Release()
			}
		})
	}
	source.Wait()
	readers.Wait()
	p.Close()
	if s := p.Stats(); s.Held != 0 || s.Bytes != 0 {
		t.Errorf("%+v", s)
	}
}

// TestGetReusesSlabs: once its slabs are there, a camera's next picture allocates a header and no pixels.
func TestGetReusesSlabs(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 2})
	defer p.Close()
	one := func() {
		f, err := p.Get(BGR, 640, 480)
		if err != nil {
			t.Fatal(err)
		}
		f.Release()
	}
	one()
	mapped := p.Stats().Bytes
	if n := testing.AllocsPerRun(100, one); n > 1 {
		t.Errorf("%v allocations a picture, want the frame's header alone", n)
	}
	if got := p.Stats().Bytes; got != mapped {
		t.Errorf("%d bytes mapped, were %d", got, mapped)
	}
}

// FuzzGet: whatever size a broken stream tells, Get returns a frame of that size or an error, and never panics.
func FuzzGet(f *testing.F) {
	f.Add(uint8(0), 640, 480)
	f.Add(uint8(2), 641, 480)
	f.Add(uint8(1), -1, 1<<40)
	f.Add(uint8(2), 0, 0)
	f.Fuzz(func(t *testing.T, format uint8, w, h int) {
		if w > 2048 && w <= MaxSide {
			w = w%2048 + 1 // large sizes are valid and only cost time here
		}
		if h > 2048 && h <= MaxSide {
			h = h%2048 + 1
		}
		p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
		defer p.Close()
		ft := Format(format % 3)
		fr, err := p.Get(ft, w, h)
		valid := w >= 1 && h >= 1 && w <= MaxSide && h <= MaxSide && (ft != I420 || w%2 == 0 && h%2 == 0)
		if (err == nil) != valid {
			t.Fatalf("%s %d x %d: %v", ft, w, h, err)
		}
		if err != nil {
			if s := p.Stats(); s.Held != 0 || s.Bytes != 0 {
				t.Fatalf("a failed Get holds %+v", s)
			}
			return
		}
		if len(fr.Pix()) != ft.Bytes(w, h) || len(fr.Luma().Pix) != w*h || len(fr.BGR().Pix) != 3*w*h {
			t.Fatalf("%s %d x %d: views of wrong size", ft, w, h)
		}
		fr.SmallLuma()
		fr.Release()
	})
}

func BenchmarkGetRelease(b *testing.B) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 8})
	defer p.Close()
	b.ReportAllocs()
	for b.Loop() {
		f, err := p.Get(BGR, 1920, 1080)
		if err != nil {
			b.Fatal(err)
		}
		f.Release()
	}
}
