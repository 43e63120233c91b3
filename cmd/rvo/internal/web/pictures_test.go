package web

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/frame"
)

// counting is a codec that counts what it encodes.
type counting struct {
	n     atomic.Int64
	codec frame.StdCodec
}

func (c *counting) Name() string { return "counting" }

func (c *counting) EncodeJPEG(p frame.Plane, quality int) ([]byte, error) {
	c.n.Add(1)
	return c.codec.EncodeJPEG(p, quality)
}

// TestWatchersShare: ten who watch the same cost one encoding a picture, at the rate they asked for; those who take nothing
// hold one picture, and after the last has gone nothing is done.
func TestWatchersShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, codec := newStill(t), &counting{}
		ctx, cancel := context.WithCancel(context.Background())
		p := newPictures(ctx, s, codec, &look{engine: s}, func() {})
		var all []*watcher
		var taken atomic.Int64
		var wg sync.WaitGroup
		for i := range 10 {
			w, _, err := p.watch("gate", variant{width: 64}, 10, nil)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, w)
			if i%2 == 0 {
				continue // this one takes nothing
			}
			wg.Go(func() {
				for {
					select {
					case pic := <-w.got:
						if pic.err != nil {
							t.Error(pic.err)
						}
						taken.Add(1)
					case <-ctx.Done():
						return
					}
				}
			})
		}
		time.Sleep(10 * time.Second)
		if n := p.watchers()["gate"]; n != 10 {
			t.Errorf("%d watch", n)
		}
		for _, w := range all {
			p.leave(w)
		}
		encoded := codec.n.Load()
		// All began within one picture of each other: some pictures are made for a part of them.
		if encoded < 95 || encoded > 115 {
			t.Errorf("%d pictures were encoded in ten seconds at ten a second for ten watchers", encoded)
		}
		if n := taken.Load(); n < 5*95 || n > 5*101 {
			t.Errorf("five took %d pictures, want a hundred each", n)
		}
		time.Sleep(time.Minute)
		s.mu.Lock()
		asked := s.pictures
		s.mu.Unlock()
		time.Sleep(time.Minute)
		s.mu.Lock()
		more := s.pictures - asked
		s.mu.Unlock()
		if more > 0 || codec.n.Load() > encoded+1 || len(p.watchers()) > 0 {
			t.Errorf("nobody watches, and %d more pictures were asked for", more)
		}
		cancel()
		wg.Wait()
		p.stop()
	})
}

// TestWatchersAreBounded: by number, and by looks of one camera.
func TestWatchersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStill(t)
		ctx, cancel := context.WithCancel(context.Background())
		p := newPictures(ctx, s, frame.StdCodec{}, &look{engine: s}, func() {})
		for i := range maxVariants {
			if _, _, err := p.watch("gate", variant{width: 64 + i}, 1, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := p.watch("gate", variant{width: 640}, 1, nil); err == nil {
			t.Errorf("more than %d looks of one camera", maxVariants)
		}
		for range maxWatchers - maxVariants {
			if _, _, err := p.watch("yard", variant{width: 64}, 1, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := p.watch("yard", variant{width: 64}, 1, nil); err == nil {
			t.Errorf("more than %d watch", maxWatchers)
		}
		cancel()
		p.stop()
		if _, _, err := p.watch("yard", variant{width: 64}, 1, nil); err == nil {
			t.Error("somebody watches after the end")
		}
	})
}

// TestQuietCamera: who waits for a camera that gives nothing is told so.
func TestQuietCamera(t *testing.T) {
	s := newStill(t)
	s.quiet = true
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		p := newPictures(ctx, s, frame.StdCodec{}, &look{engine: s}, func() {})
		w, _, err := p.watch("gate", variant{width: 64}, 5, nil)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if pic := <-w.got; pic.err == nil || time.Since(begin) != waitPicture {
			t.Errorf("%v after %v", pic.err, time.Since(begin))
		}
		p.leave(w)
		cancel()
		p.stop()
	})
}

// TestHistory: samples by second, gaps where there was nothing, words by number.
func TestHistory(t *testing.T) {
	s := newStill(t)
	h := newHistory()
	add := func(n int) {
		for range n {
			s.now += 1_000_000_000
			v := s.View()
			h.add(&v)
		}
	}
	add(historyLen + 20)
	got := h.find("look.count@gate", 3)
	if len(got.Values) != 3 || *got.Values[2] != *got.Values[1]+1 || got.Fresh != "111" {
		t.Errorf("%+v", got)
	}
	if m := h.find("look.mood@gate", 2); len(m.Words) != 1 || m.Words[0] != "calm" || *m.Values[1] != 0 {
		t.Errorf("%+v", m)
	}
	if b := h.find("look.boxes@gate", 1); *b.Values[0] != 1 {
		t.Errorf("%+v", b)
	}
	if d := h.find("door.open@gate", 2); d.Values[0] != nil || d.Fresh != "00" {
		t.Errorf("%+v", d)
	}
	if all := h.find("look.count@gate", historyLen); len(all.Values) != historyLen {
		t.Errorf("%d samples", len(all.Values))
	}
	// The signals go away, and come back: the time between has no samples.
	v := s.View()
	away := *v.Graph
	away.Cells = nil
	v.Graph, v.Cells = &away, nil
	h.add(&v)
	h.add(&v)
	add(1)
	if got := h.find("look.count@gate", 4); got.Values[0] == nil || got.Values[1] != nil || got.Values[2] != nil || got.Values[3] == nil || got.Fresh != "1001" {
		t.Errorf("after a gap: %+v", got)
	}
	for range historyLen {
		h.add(&v)
	}
	if len(h.mu.series) != 0 {
		t.Errorf("%d series are kept of signals that are gone", len(h.mu.series))
	}
	if h.find("nothing", 3) != nil {
		t.Error("samples of a signal that never was")
	}
}
