package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rvo.dev/engine/event"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// epoch is the wall time of core time 0 in these tests.
func epoch() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

const ms = time.Millisecond

func at(d time.Duration) tick.Time { return tick.Time(d) }

// sample returns a sample whose bytes tell its frame and are no JPEG.
func sample(frame uint64, capture time.Duration) Sample {
	return Sample{
		Bytes: []byte(fmt.Sprintf("picture %06d", frame)), Capture: at(capture), Frame: frame,
		Codec: JPEG, Encoder: "test", Quality: 85, Key: true, Width: 64, Height: 48,
	}
}

// picture returns a grey JPEG.
func picture(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = color.Gray{Y: 0x80}.Y
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// feed pushes a sample every period in [from, to), numbered by the period.
func feed(t testing.TB, r *Recorder, camera string, from, to, period time.Duration) {
	t.Helper()
	for d := from; d < to; d += period {
		if err := r.Push(camera, sample(uint64(d/period)+1, d)); err != nil {
			t.Fatal(err)
		}
	}
}

func policy(dir string) Policy {
	return Policy{ID: "clip", Dir: dir, Pre: 2 * time.Second, Post: time.Second, Quality: 85}
}

func recorder(t testing.TB, p ...Policy) *Recorder {
	t.Helper()
	r, err := New(Options{
		Pipeline: "demo", Run: "run1", Policies: p,
		Cameras: []CameraOptions{{ID: "front", Bytes: 1 << 20}, {ID: "back", Bytes: 1 << 20}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// recorderOf returns a recorder of one camera.
func recorderOf(t testing.TB, c CameraOptions, p ...Policy) *Recorder {
	t.Helper()
	r, err := New(Options{Pipeline: "demo", Run: "run1", Policies: p, Cameras: []CameraOptions{c}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func request(id string, confirmed time.Duration) Request {
	return Request{
		Policy: "clip", Event: "intruder", Camera: "front", RecordID: id, Revision: "abc", Generation: 1,
		Since: at(confirmed), Confirmed: at(confirmed), Capture: at(confirmed), Epoch: epoch(), Ended: true, Severity: "warning",
	}
}

func open(t testing.TB, r *Recorder, q Request) string {
	t.Helper()
	name, err := r.Open(q)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// one runs Step and returns its one result.
func one(t testing.TB, r *Recorder, now time.Duration) Result {
	t.Helper()
	done, _ := r.Step(at(now))
	if len(done) != 1 {
		t.Fatalf("Step at %s: %d results, want 1", now, len(done))
	}
	return done[0]
}

// read reads a clip's manifest.
func read(t testing.TB, path string) Manifest {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// verify reads a clip from the disk and checks it against everything that can be known of it: the published schema, the
// files that are there, their sizes and hashes.
func verify(t testing.TB, path string) Manifest {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "schema", "meta.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Fatalf("manifest does not validate: %v\n%s", err, data)
	}
	m := read(t, path)
	there, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(there) != len(m.Files)+1 {
		t.Errorf("%s has %d files, its manifest lists %d", path, len(there)-1, len(m.Files))
	}
	var total int64
	for _, f := range m.Files {
		data, err := os.ReadFile(filepath.Join(path, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(data)) != f.Size {
			t.Errorf("%s: size or hash is not what the manifest says", f.Name)
		}
		total += f.Size
	}
	if total != m.Bytes {
		t.Errorf("bytes %d, want %d", m.Bytes, total)
	}
	if m.Clip != filepath.Base(path) {
		t.Errorf("manifest names clip %q in folder %s", m.Clip, path)
	}
	return m
}

func TestClip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evidence")
	r := recorder(t, policy(dir))
	feed(t, r, "front", 0, 10*time.Second, 100*ms)

	name := open(t, r, request("r1", 10*time.Second))
	if !strings.HasPrefix(name, "intruder_front_20260304T050617.000Z_") {
		t.Errorf("folder %q", name)
	}
	if done, wake := r.Step(at(10 * time.Second)); len(done) != 0 || wake != at(11*time.Second) {
		t.Fatalf("before the post-roll is over: %v, wake %s", done, wake)
	}
	feed(t, r, "front", 10*time.Second, 11100*ms, 100*ms)
	if done, wake := r.Step(at(11 * time.Second)); len(done) != 0 || wake != at(11*time.Second+CutDelay) {
		t.Fatalf("while pictures may still come: %v, wake %s", done, wake)
	}
	res := one(t, r, 11*time.Second+CutDelay)
	if res.Err != nil || res.Clip != name || res.Frames != 31 || len(res.Short) != 0 {
		t.Fatalf("result %+v", res)
	}
	m := verify(t, filepath.Join(dir, name))
	if m.Delivered.From != "2026-03-04T05:06:15.000000000Z" || m.Delivered.To != "2026-03-04T05:06:18.000000000Z" {
		t.Errorf("delivered %+v", m.Delivered)
	}
	if m.Asked.From != m.Delivered.From || m.Asked.To != m.Delivered.To {
		t.Errorf("asked %+v, delivered %+v", m.Asked, m.Delivered)
	}
	if s := r.Status()[0]; s.Asked != 1 || s.Clips != 1 || s.Pending != 0 || s.Frames != 31 || int64(s.Bytes) != res.Bytes {
		t.Errorf("status %+v", s)
	}
	if got := r.Flush(context.Background(), at(12*time.Second)); len(got) != 0 {
		t.Errorf("flush found %v", got)
	}
}

// TestConcurrentUse has encoders, the core and the evidence goroutine at the recorder at once; the race detector watches,
// and the account must add up.
func TestConcurrentUse(t *testing.T) {
	p := policy(t.TempDir())
	p.Pre, p.Post = 200*ms, 100*ms
	r := recorder(t, p)
	inject(r, nil)
	const pictures = 600
	var now atomic.Int64
	var wg, pushers sync.WaitGroup
	for _, camera := range []string{"front", "back"} {
		pushers.Go(func() {
			for i := range pictures {
				d := time.Duration(i) * 10 * ms
				if err := r.Push(camera, sample(uint64(i), d)); err != nil {
					t.Error(err)
				}
				now.Store(max(now.Load(), int64(d)))
			}
		})
	}
	wg.Go(func() { // the core
		for i := range 60 {
			q := request(fmt.Sprint("r", i), time.Duration(now.Load()))
			q.Camera = []string{"front", "back"}[i%2]
			q.Ended = i%3 == 0
			_, _ = r.Open(q)
			if i > 5 {
				r.Ended(fmt.Sprint("r", i-5), tick.Time(now.Load()))
			}
			_, _, _ = r.Status(), r.Rings(), r.Wait(tick.Time(now.Load()))
		}
	})
	var done []Result
	stop := make(chan struct{})
	wg.Go(func() { // the evidence goroutine
		for {
			got, _ := r.Step(tick.Time(now.Load()))
			done = append(done, got...)
			if _, err := r.Retain(epoch()); err != nil {
				t.Error(err)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	pushers.Wait()
	close(stop)
	wg.Wait()
	done = append(done, r.Flush(context.Background(), at(10*time.Second))...)
	st := r.Status()[0]
	dropped := uint64(0)
	for _, n := range st.Dropped {
		dropped += n
	}
	if st.Asked != 60 || st.Asked != st.Clips+st.Merged+dropped || st.Pending != 0 || uint64(len(done))+st.Dropped[CauseBacklog] != st.Clips+dropped {
		t.Errorf("%d results, %+v", len(done), st)
	}
	for _, s := range r.Rings() {
		if s.Held != 0 || s.Pushed != pictures {
			t.Errorf("%+v", s)
		}
	}
}

// TestConfigure: a swap keeps what stays, and clips in hand keep what they were promised.
func TestConfigure(t *testing.T) {
	dir := t.TempDir()
	p := policy(dir)
	r := recorder(t, p)
	feed(t, r, "front", 0, 5*time.Second, 100*ms)
	feed(t, r, "back", 0, 5*time.Second, 100*ms)
	q := request("r1", 4500*ms)
	q.Camera = "back"
	name := open(t, r, q)

	if err := r.Configure([]Policy{{ID: "x"}}, nil); err == nil {
		t.Fatal("a policy without a dir passes")
	}
	if err := r.Configure([]Policy{p, p}, nil); err == nil {
		t.Fatal("two policies of one id pass")
	}
	if len(r.Rings()) != 2 {
		t.Fatal("a refused change changed something")
	}

	p2 := policy(t.TempDir())
	p2.ID = "new"
	one100 := sample(1, 0)
	if err := r.Configure([]Policy{p2}, []CameraOptions{{ID: "front", Bytes: 10 * one100.Cost()}}); err != nil {
		t.Fatal(err)
	}
	if st := r.Rings()["front"]; st.Samples != 10 || st.EvictedBytes != 40 {
		t.Errorf("ring of the camera that stays: %+v", st)
	}
	if _, err := r.Open(request("r2", 5*time.Second)); err == nil {
		t.Error("a policy that is gone takes requests")
	}
	if err := r.Push("back", sample(99, 6*time.Second)); err == nil || r.Unknown() != 1 {
		t.Error("a camera that is gone takes pictures")
	}
	res := one(t, r, 6*time.Second)
	if m := verify(t, filepath.Join(dir, name)); res.Err != nil || m.Delivered.Frames != 25 {
		t.Errorf("clip of the camera that is gone: %+v", res)
	}
	if st, rings := r.Status(), r.Rings(); len(st) != 1 || st[0].ID != "new" || len(rings) != 1 {
		t.Errorf("after its last clip what is gone is forgotten: %+v, %v", st, rings)
	}
}

// TestOpenKeepsNothingOfTheCaller: leaves and labels are reused by the core.
func TestOpenKeepsNothingOfTheCaller(t *testing.T) {
	r := recorder(t, policy(t.TempDir()))
	feed(t, r, "front", 0, 5*time.Second, 100*ms)
	q := request("r1", 3*time.Second)
	q.Labels = map[string]string{"area": "yard"}
	q.Leaves = []event.Leaf{
		{Path: "when.all.0", Signal: "hog.count", Test: "gte 1", Answer: event.Yes, Value: signal.Int(2), Age: 40 * ms, Frame: 30, Decided: true},
		{Path: "when.all.1", Signal: "door.open", Answer: event.Unknown, Age: -1},
	}
	open(t, r, q)
	q.Labels["area"] = "changed"
	q.Leaves[0] = event.Leaf{}
	m := verify(t, one(t, r, 5*time.Second).Path)
	e := m.Events[0]
	if e.Labels["area"] != "yard" || len(e.Leaves) != 2 {
		t.Fatalf("%+v", e)
	}
	if l := e.Leaves[0]; l.Signal != "hog.count" || l.Value != 2.0 || l.Age != "40ms" || l.Frame != 30 || !l.Decided || l.Answer != "yes" {
		t.Errorf("%+v", l)
	}
	if l := e.Leaves[1]; l.Value != nil || l.Age != "" || l.Answer != "unknown" || l.Decided {
		t.Errorf("%+v", l)
	}
	if e.Revision != "abc" || e.Generation != 1 || m.Run != "run1" || m.Pipeline != "demo" || e.Severity != "warning" {
		t.Errorf("%+v of run %s", e, m.Run)
	}
}

// Configure makes a change at once.
func (r *Recorder) Configure(policies []Policy, cameras []CameraOptions) error {
	c, err := r.Prepare(policies, cameras)
	if err != nil {
		return err
	}
	c.Switch()
	c.Settle()
	return nil
}

// TestChangeInSteps looks at what holds between the steps of a change: nothing of it before Switch, and a camera that comes
// back while its last clip waits has its pictures still.
func TestChangeInSteps(t *testing.T) {
	p := Policy{ID: "clip", Dir: t.TempDir(), Quality: 80, Post: time.Second}
	r, err := New(Options{Policies: []Policy{p}, Cameras: []CameraOptions{{ID: "front", Bytes: 1 << 20}}})
	if err != nil {
		t.Fatal(err)
	}
	sample := Sample{Bytes: []byte("x"), Capture: 1, Frame: 1, Codec: JPEG}
	if err := r.Push("front", sample); err != nil {
		t.Fatal(err)
	}
	q := Request{Policy: "clip", Event: "e", Camera: "front", RecordID: "1", Confirmed: 2, Capture: 1}
	if _, err := r.Open(q); err != nil {
		t.Fatal(err)
	}
	without, err := r.Prepare(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Push("front", sample); err != nil {
		t.Errorf("a change that is only prepared holds: %v", err)
	}
	without.Switch()
	if err := r.Push("front", sample); err == nil {
		t.Error("a camera that is gone takes pictures")
	}
	without.Settle()
	again, err := r.Prepare([]Policy{p}, []CameraOptions{{ID: "front", Bytes: 2 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	again.Switch()
	if err := r.Push("front", sample); err != nil {
		t.Error(err)
	}
	again.Settle()
	if s := r.Rings()["front"]; s.Pushed != 3 || s.Bound != 2<<20 {
		t.Errorf("%d pictures in a ring of %d bytes, want the 3 of before in one of %d", s.Pushed, s.Bound, 2<<20)
	}
	if s := r.Status()[0]; s.Asked != 1 || s.Pending != 1 {
		t.Errorf("%+v: the clip of before is not the policy's", s)
	}
}

// TestAdopt checks a folder before its policy is there.
func TestAdopt(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := r.Adopt(&Policy{ID: "clip", Dir: filepath.Join(dir, "new"), Quality: 80}); err != nil {
		t.Error(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Adopt(&Policy{ID: "clip", Dir: file, Quality: 80}); err == nil {
		t.Error("a file was taken for a folder")
	}
}
