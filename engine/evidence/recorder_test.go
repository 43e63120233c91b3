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
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

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
