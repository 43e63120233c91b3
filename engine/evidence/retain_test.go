package evidence

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// clips writes n clips of one picture, one a second, and returns their folders in order.
func clips(t testing.TB, r *Recorder, policy string, n int) []string {
	t.Helper()
	start := r.Rings()["front"].Pushed
	var out []string
	for i := range n {
		d := time.Duration(start+uint64(i)) * time.Second
		if err := r.Push("front", sample(uint64(i+1), d)); err != nil {
			t.Fatal(err)
		}
		q := request(fmt.Sprintf("%s-%s-%d", r.run, policy, d), d)
		q.Policy = policy
		out = append(out, open(t, r, q))
		done, _ := r.Step(at(d + CutDelay))
		for _, res := range done {
			if res.Err != nil {
				t.Fatal(res.Err)
			}
		}
	}
	return out
}

func bare(id, dir string) Policy { return Policy{ID: id, Dir: dir, Quality: 80} }

func TestRetention(t *testing.T) {
	size := func(t *testing.T, dir string) (n int64) {
		t.Helper()
		for _, clip := range ls(t, dir) {
			for _, f := range ls(t, filepath.Join(dir, clip)) {
				st, err := os.Stat(filepath.Join(dir, clip, f))
				if err != nil {
					t.Fatal(err)
				}
				n += st.Size()
			}
		}
		return n
	}
	t.Run("keep", func(t *testing.T) {
		dir := t.TempDir()
		p := bare("clip", dir)
		p.Keep = time.Hour
		r := recorder(t, p)
		names := clips(t, r, "clip", 5)
		if n, err := r.Retain(epoch().Add(time.Hour)); n != 0 || err != nil {
			t.Fatalf("too early: %d, %v", n, err)
		}
		// Clip i was written at i s + CutDelay.
		n, err := r.Retain(epoch().Add(time.Hour + 3*time.Second))
		if n != 3 || err != nil || !slices.Equal(ls(t, dir), names[3:]) {
			t.Errorf("%d removed, %v, left %v", n, err, ls(t, dir))
		}
		if st := r.Status()[0]; st.Removed["keep"] != 3 {
			t.Errorf("%+v", st)
		}
	})
	t.Run("maxBytes", func(t *testing.T) {
		dir := t.TempDir()
		all := recorder(t, bare("clip", dir))
		names := clips(t, all, "clip", 6)
		p := bare("clip", dir)
		p.MaxBytes = size(t, dir) * 7 / 12 // room for three and a half
		r := recorder(t, p)
		n, err := r.Retain(epoch())
		if n != 3 || err != nil || !slices.Equal(ls(t, dir), names[3:]) || size(t, dir) > p.MaxBytes {
			t.Errorf("%d removed, %v, left %v", n, err, ls(t, dir))
		}
	})
	t.Run("maxBytes before writing", func(t *testing.T) {
		dir := t.TempDir()
		p := bare("clip", dir)
		p.MaxBytes = 40 << 10 // the estimate of a manifest is 16 KiB: two fit
		r := recorder(t, p)
		inject(r, nil)
		names := clips(t, r, "clip", 30)
		if got := size(t, dir); got > p.MaxBytes {
			t.Errorf("%d bytes, at most %d", got, p.MaxBytes)
		}
		if l := ls(t, dir); len(l) < 2 || l[len(l)-1] != names[29] || r.Status()[0].Removed["maxBytes"] == 0 {
			t.Errorf("left %v, %+v", l, r.Status()[0])
		}
		p.MaxBytes = 1000
		if err := r.Configure([]Policy{p}, []CameraOptions{{ID: "front", Bytes: 1 << 20}}); err != nil {
			t.Fatal(err)
		}
		open(t, r, request("big", 40*time.Second))
		feed(t, r, "front", 40*time.Second, 41*time.Second, 100*ms)
		if res := one(t, r, 50*time.Second); res.Cause != CauseMaxBytes || !strings.Contains(res.Err.Error(), "raise maxBytes") {
			t.Errorf("%+v", res)
		}
		if l := ls(t, dir); len(l) < 2 {
			t.Error("clips were removed for one that cannot fit")
		}
	})
	t.Run("minFree", func(t *testing.T) {
		dir := t.TempDir()
		r := recorder(t, bare("clip", dir))
		f := inject(r, nil)
		f.free, f.used = 1<<20, func() int64 { return size(t, dir) }
		names := clips(t, r, "clip", 6)
		p := bare("clip", dir)
		p.MinFree = 1<<20 - size(t, dir)*7/12
		if err := r.Configure([]Policy{p}, []CameraOptions{{ID: "front", Bytes: 1 << 20}}); err != nil {
			t.Fatal(err)
		}
		if n, err := r.Retain(epoch()); n != 3 || err != nil || !slices.Equal(ls(t, dir), names[3:]) {
			t.Errorf("%d removed, %v, left %v", n, err, ls(t, dir))
		}
		// Nothing old is left to remove and there is too little: the clip is dropped at once, without a second try.
		p.MinFree = 1 << 20
		if err := r.Configure([]Policy{p}, []CameraOptions{{ID: "front", Bytes: 1 << 20}}); err != nil {
			t.Fatal(err)
		}
		feed(t, r, "front", 10*time.Second, 11*time.Second, 100*ms)
		open(t, r, request("late", 10*time.Second))
		if res := one(t, r, 12*time.Second); res.Cause != CauseMinFree || res.Tries != 1 || !strings.Contains(res.Err.Error(), "lower minFree") {
			t.Errorf("%+v", res)
		}
		if st := r.Status()[0]; st.Dropped[CauseMinFree] != 1 || st.Removed["minFree"] != 6 {
			t.Errorf("%+v", st)
		}
	})
}

// TestRetentionRemovesOnlyItsOwn: what is not a clip of this pipeline, what another policy in the same folder wrote and
// what a person put there stays, however far over the limit; clips of a policy that is gone are taken over.
func TestRetentionRemovesOnlyItsOwn(t *testing.T) {
	dir := t.TempDir()
	other, err := New(Options{Pipeline: "elsewhere", Run: "x", Policies: []Policy{bare("clip", dir)}, Cameras: []CameraOptions{{ID: "front", Bytes: 1 << 20}}})
	if err != nil {
		t.Fatal(err)
	}
	foreign := clips(t, other, "clip", 1)
	old, err := New(Options{Pipeline: "demo", Run: "old", Policies: []Policy{bare("renamed", dir), bare("kept", dir)}, Cameras: []CameraOptions{{ID: "front", Bytes: 1 << 20}}})
	if err != nil {
		t.Fatal(err)
	}
	clips(t, old, "renamed", 1)
	kept := clips(t, old, "kept", 1)
	if err := os.MkdirAll(filepath.Join(dir, "holiday"), 0o755); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "copy-of-a-clip")
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(dir, kept[0]))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, q := bare("clip", dir), bare("kept", dir)
	p.MaxBytes = 1
	r := recorder(t, p, q)
	n, err := r.Retain(epoch())
	want := []string{"copy-of-a-clip", "holiday", foreign[0], kept[0], "notes.txt"}
	slices.Sort(want)
	if n != 1 || err != nil || !slices.Equal(ls(t, dir), want) {
		t.Errorf("%d removed, %v, left %v, want %v", n, err, ls(t, dir), want)
	}
}

// TestHalfRemovedClipGoesLater: a clip whose removal fails half way is out of sight at once and removed by the next round.
func TestHalfRemovedClipGoesLater(t *testing.T) {
	dir := t.TempDir()
	p := bare("clip", dir)
	p.Keep = time.Second
	r := recorder(t, p)
	names := clips(t, r, "clip", 1)
	f := inject(r, func(op, _ string, _ int) error {
		if op == "remove" {
			return syscall.EIO
		}
		return nil
	})
	late := epoch().Add(time.Hour)
	if _, err := r.Retain(late); err == nil || !strings.Contains(err.Error(), names[0]) {
		t.Errorf("error %v", err)
	}
	if l := ls(t, dir); !slices.Equal(l, []string{tmpPrefix + names[0]}) {
		t.Errorf("left %v", l)
	}
	f.mu.Lock()
	f.err = nil
	f.mu.Unlock()
	if _, err := r.Retain(late); err != nil {
		t.Error(err)
	}
	if l := ls(t, dir); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

func FuzzReadHeader(f *testing.F) {
	f.Add([]byte(`{"schema":"rvo.evidence/v1","clip":"c","policy":"p","pipeline":"x","created":"2026-03-04T05:06:07.000000000Z","bytes":10}`))
	f.Add([]byte(`{"schema":"rvo.evidence/v1","clip":"c","bytes":-1}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readHeader(data, "c")
		if err == nil && (h.Schema != ManifestSchema || h.Clip != "c" || h.Bytes < 0 || h.created.IsZero() && h.Created == "") {
			t.Errorf("accepted %+v", h)
		}
		if err != nil && h != (header{}) {
			t.Errorf("header %+v with an error", h)
		}
	})
}
