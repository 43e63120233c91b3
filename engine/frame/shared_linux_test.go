package frame

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// descriptors counts what the process has open.
func descriptors(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestMappedFramesShowTheSame: whatever a shared pool holds, a mapping of its file shows it, pixels and views.
func TestMappedFramesShowTheSame(t *testing.T) {
	before := descriptors(t)
	rapid.Check(t, func(t *rapid.T) {
		bound := rapid.IntRange(1, 4).Draw(t, "bound")
		p := NewPool(PoolOptions{Camera: "c", Slabs: bound, Shared: true})
		defer p.Close()
		format := Format(rapid.IntRange(0, 2).Draw(t, "format"))
		w, h := 2*rapid.IntRange(1, 400).Draw(t, "w"), 2*rapid.IntRange(1, 200).Draw(t, "h")
		for n := range bound {
			f, err := p.Get(format, w, h)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(f.Release)
			for i := range f.Pix() {
				f.Pix()[i] = noise(uint32(n))(i)
			}
			file, offset := f.Place()
			m, err := MapFile(file.FD(), file.Size())
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second has the first one's view memory
				g, err := m.Frame(offset, format, w, h)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(g.Pix(), f.Pix()) || !bytes.Equal(g.SmallLuma().Pix, f.SmallLuma().Pix) ||
					!bytes.Equal(g.Luma().Pix, f.Luma().Pix) || !bytes.Equal(g.BGR().Pix, f.BGR().Pix) {
					t.Fatalf("%s %d x %d: the mapping shows something else", format, w, h)
				}
				m.Close() // takes effect with the release
				g.Release()
				if m, err = MapFile(file.FD(), file.Size()); err != nil {
					t.Fatal(err)
				}
			}
			m.Close()
		}
	})
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, were %d", after, before)
	}
}

// TestSharedMemoryIsReadOnlyForOthers: who has the file that is handed out can neither write it nor cut it short.
func TestSharedMemoryIsReadOnlyForOthers(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 1, Shared: true})
	defer p.Close()
	f := get(t, p, Gray, 64, 48, noise(1))
	defer f.Release()
	file, _ := f.Place()
	if mem, err := mmap(file.FD(), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		unmap(mem)
		t.Error("the file can be mapped for writing")
	}
	if err := unix.Ftruncate(file.file, 0); err == nil {
		t.Error("the file can be cut")
	}
}

// TestSharedFilesAreClosed: a size's file lives as long as its pictures, no longer.
func TestSharedFilesAreClosed(t *testing.T) {
	before := descriptors(t)
	p := NewPool(PoolOptions{Camera: "c", Slabs: 3, Shared: true})
	old := get(t, p, BGR, 64, 48, noise(1))
	get(t, p, BGR, 64, 48, noise(2)).Release()
	fresh := get(t, p, BGR, 640, 480, noise(3))
	a, _ := old.Place()
	if b, _ := fresh.Place(); a == b {
		t.Fatal("one file for two sizes")
	}
	if want := noise(1)(77); old.Pix()[77] != want {
		t.Error("the old frame lost its picture")
	}
	if got := descriptors(t) - before; got != 4 {
		t.Errorf("%d descriptors for two files, want 4", got)
	}
	old.Release()
	if got := descriptors(t) - before; got != 2 {
		t.Errorf("%d descriptors after the old size went, want 2", got)
	}
	p.Close()
	if want := noise(3)(77); fresh.Pix()[77] != want {
		t.Error("a held frame lost its picture when the pool closed")
	}
	fresh.Release()
	if s := p.Stats(); s.Held != 0 || s.Bytes != 0 || descriptors(t) != before {
		t.Errorf("at the end: %+v, %d descriptors more", s, descriptors(t)-before)
	}
}

// TestSharedPoolReuses: a shared pool takes no more memory than its bound, whatever comes and goes.
func TestSharedPoolReuses(t *testing.T) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 2, Shared: true})
	defer p.Close()
	for range 50 {
		a, b := get(t, p, Gray, 16, 16, noise(1)), get(t, p, Gray, 16, 16, noise(2))
		if _, err := p.Get(Gray, 16, 16); err == nil {
			t.Fatal("past the bound")
		}
		b.Release()
		a.Release()
	}
	if n := p.mu.file.taken; n != 2 {
		t.Errorf("%d slabs were mapped, want 2", n)
	}
}

// FuzzMappedFrame: whatever another process says about a picture, the answer is a frame inside the mapping or an error.
func FuzzMappedFrame(f *testing.F) {
	f.Add(int64(0), uint8(0), 64, 48)
	f.Add(int64(-1), uint8(1), 64, 48)
	f.Add(int64(1)<<62, uint8(2), 2, 2)
	f.Add(int64(4096), uint8(9), 64, 48)
	p := NewPool(PoolOptions{Camera: "c", Slabs: 1, Shared: true})
	defer p.Close()
	src := get(f, p, BGR, 64, 48, noise(1))
	defer src.Release()
	file, _ := src.Place()
	f.Fuzz(func(t *testing.T, offset int64, format uint8, w, h int) {
		m, err := MapFile(file.FD(), file.Size())
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		g, err := m.Frame(offset, Format(format), w, h)
		if err != nil {
			return
		}
		if len(g.Pix()) != g.Format.Bytes(w, h) || offset < 0 || offset+int64(len(g.Pix())) > file.Size() {
			t.Fatalf("%d bytes at %d of %d", len(g.Pix()), offset, file.Size())
		}
		g.SmallLuma()
		g.BGR()
		g.Release()
	})
}

// TestResizeShared changes bound and visibility of a pool while pictures are held: those stay as they were, no descriptor is
// left behind.
func TestResizeShared(t *testing.T) {
	before := descriptors(t)
	p := NewPool(PoolOptions{Camera: "c", Slabs: 2})
	take := func() *Frame {
		f, err := p.Get(Gray, 64, 48)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	private := take()
	for _, bound := range []int{3, 1, 4} {
		if err := p.Resize(bound+1, true); err != nil {
			t.Fatal(err)
		}
		var held []*Frame
		for range bound {
			held = append(held, take())
		}
		for _, f := range held {
			if file, _ := f.Place(); file == nil {
				t.Error("a picture of a shared pool is in private memory")
			}
			f.Release()
		}
		for range 3 * bound { // its places are used again
			take().Release()
		}
	}
	if file, _ := private.Place(); file != nil {
		t.Error("a picture moved")
	}
	private.Release()
	if err := p.Resize(1, false); err != nil {
		t.Fatal(err)
	}
	take().Release()
	p.Close()
	if s := p.Stats(); s.Bytes != 0 || descriptors(t) != before {
		t.Errorf("at the end: %+v, %d descriptors more", s, descriptors(t)-before)
	}
}
