package graph_test

import (
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/graph"
)

func TestMemoryOf(t *testing.T) {
	s := spec()
	s.Cameras[0].Width, s.Cameras[0].Height = 640, 480
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]graph.MemoryItem{}
	items := graph.MemoryOf(g, nil)
	for _, i := range items {
		got[i.Node] = i
	}
	// a has three instances and evidence, b one and evidence; a picture in BGR brings its luma and small luma along.
	picture := int64(640*480*3 + 640*480 + 320*240)
	if a := got["camera/a"]; a.Bytes != (4+3*4+3)*picture || a.Source != graph.Given || !a.Pictures {
		t.Errorf("buffers of a: %+v, want 19 of %d bytes", a, picture)
	}
	if b := got["camera/b"]; b.Bytes != (4+4+3)*int64(frame.SlabBytes(frame.BGR, 1920, 1080)) || b.Source != graph.Assumed {
		t.Errorf("buffers of b: %+v, want 11 of an assumed size", b)
	}
	if r := got["ring/a"]; r.Bytes != graph.DefaultRingMemory/2 || !r.Pictures {
		t.Errorf("ring %+v", r)
	}
	if k := got["sink/two"]; k.Bytes != 7*8<<10 || k.Pictures {
		t.Errorf("sink %+v", k)
	}
	all, pictures := graph.Sum(items)
	if want := got["camera/a"].Bytes + got["camera/b"].Bytes + graph.DefaultRingMemory; pictures != want || all <= pictures {
		t.Errorf("%d in all, %d of pictures, want %d", all, pictures, want)
	}
	items = graph.MemoryOf(g, func(ci int) (int, int) { return ci * 320, ci * 240 }) // of b alone
	if items[0].Source != graph.Given || items[2].Source != graph.Measured || items[2].Bytes != 11*320*240*4 {
		t.Errorf("with sizes measured: %+v", items)
	}
}

// TestRingsInMemory: what is not said of the rings leaves half of the memory for pictures that run.
func TestRingsInMemory(t *testing.T) {
	for memory, want := range map[int64]int64{0: graph.DefaultRingMemory, 100 << 20: 50 << 20, 1 << 30: graph.DefaultRingMemory} {
		s := spec()
		s.Engine.Memory = memory
		g, err := graph.Build(s, kinds(t))
		if err != nil {
			t.Fatal(err)
		}
		if g.RingMemory != want || g.Memory != memory {
			t.Errorf("memory %d: rings %d, want %d", memory, g.RingMemory, want)
		}
	}
	s := spec()
	s.Engine.Memory, s.Engine.RingMemory = 10, 20
	if _, err := graph.Build(s, kinds(t)); err == nil {
		t.Error("rings above the memory they are part of are accepted")
	}
}
