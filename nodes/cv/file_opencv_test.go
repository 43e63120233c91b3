//go:build cgo && opencv

package cv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

// steps makes a clip of n pictures at 10 a second, each a little brighter than the one before, so that a picture tells
// its own number, up to 42.
func steps(t testing.TB, n int, args ...string) string {
	t.Helper()
	in := []string{"-f", "lavfi", "-i", fmt.Sprintf("color=black:s=64x48:r=10:d=%f,geq=lum='16+5*N':cb=128:cr=128", float64(n)/10)}
	return ffmpeg(t, append(in, args...)...)
}

// number returns which picture of steps f is.
func number(f *frame.Frame) int {
	sum := 0
	for _, v := range f.Pix() {
		sum += int(v)
	}
	mean := float64(sum) / float64(len(f.Pix()))
	return int(mean/(5*255.0/219) + 0.5)
}

func TestFileKind(t *testing.T) {
	dir := filepath.Dir(steps(t, 30, "-c:v", "mpeg4", "-q:v", "1", "clip.mp4"))
	nodetest.Run(t, kind(t, "file"),
		nodetest.Case{Name: "plays", Options: `{"path": "clip.mp4"}`, Env: func(_ *testing.T, e *node.Env) { e.Dir = dir }},
		nodetest.Case{Name: "loops", Options: `{"path": "clip.mp4"}`, Loop: true, Pictures: 70, Env: func(_ *testing.T, e *node.Env) { e.Dir = dir }},
		nodetest.Case{Name: "missing", Options: `{"path": "clip.avi"}`, Refused: "clip.avi: correct the path"},
		nodetest.Case{Name: "no path", Refused: "path is empty"},
	)
}

func TestFilePictures(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
	}{
		{"mpeg4 in mp4", []string{"-c:v", "mpeg4", "-q:v", "1", "a.mp4"}},
		{"h264 with B frames", []string{"-c:v", "libx264", "-qp", "4", "-bf", "3", "-pix_fmt", "yuv420p", "a.mp4"}},
		{"h264 in mkv", []string{"-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "a.mkv"}},
		{"mpeg2 in ts, 2 or 3 periods of 25 a second", []string{"-c:v", "mpeg2video", "-r", "25", "-fps_mode", "vfr", "-q:v", "1", "a.ts"}},
		{"motion jpeg in avi", []string{"-c:v", "mjpeg", "-q:v", "2", "a.avi"}},
		{"raw h264, no times", []string{"-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "-f", "h264", "a.h264"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := steps(t, 30, c.args...)
			s, err := openClip(t, path, false)
			if err != nil {
				t.Fatal(err)
			}
			info := s.Info()
			fps, apart := 10.0, 100*time.Millisecond
			if strings.HasSuffix(path, ".ts") {
				fps = 25
			}
			if strings.HasSuffix(path, ".h264") {
				fps = info.FPS // of the stream's timing, or FFmpeg's guess: such a file has no times
				apart = time.Duration(float64(time.Second) / fps)
			}
			if info.Width != 64 || info.Height != 48 || info.FPS != fps {
				t.Errorf("info %+v, want 64 x 48 at %v", info, fps)
			}
			i := 0
			corrupt := all(t, s, newPool(t, 1), func(f *frame.Frame) {
				if got := number(f); got != i {
					t.Errorf("picture %d shows number %d", i, got)
				}
				// MPEG-2 can only say every fortieth millisecond.
				if d := f.PTS - time.Duration(i)*apart; d < -time.Millisecond || d > 21*time.Millisecond {
					t.Errorf("picture %d is at %s, want %s", i, f.PTS, time.Duration(i)*apart)
				}
				i++
			})
			if i != 30 || len(corrupt) != 0 {
				t.Errorf("%d pictures and %v, want 30", i, corrupt)
			}
			if _, err := s.Next(t.Context(), newPool(t, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("after the end Next gives %v, want io.EOF", err)
			}
		})
	}
}

func TestFileLoop(t *testing.T) {
	path := steps(t, 10, "-c:v", "libx264", "-qp", "4", "-bf", "2", "-pix_fmt", "yuv420p", "a.mp4")
	s, err := openClip(t, path, true)
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, 1)
	for i := range 35 {
		f, err := s.Next(t.Context(), pool)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := number(f), i%10; got != want {
			t.Errorf("picture %d shows number %d, want %d", i, got, want)
		}
		if want := time.Duration(i) * 100 * time.Millisecond; f.PTS != want {
			t.Errorf("picture %d is at %s, want %s", i, f.PTS, want)
		}
		f.Release()
	}
	// The clip is taken away while it plays: the end of the pass is an error that says so, not a busy loop.
	if err := os.WriteFile(path, []byte("gone"), 0o644); err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ {
		f, err := s.Next(t.Context(), pool)
		if err == nil {
			f.Release()
			if i > 40 {
				t.Fatal("it goes on playing a file that is gone")
			}
			continue
		}
		if errors.Is(err, node.ErrCorrupt) {
			continue
		}
		if errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "a.mp4") {
			t.Errorf("without the file the loop ends with %v", err)
		}
		break
	}
}

// TestFileNoBuffer checks that a picture without a buffer is passed over and the next one comes.
func TestFileNoBuffer(t *testing.T) {
	s, err := openClip(t, steps(t, 10, "-c:v", "mpeg4", "-q:v", "1", "a.mp4"), false)
	if err != nil {
		t.Fatal(err)
	}
	pool := newPool(t, 1)
	held, err := s.Next(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if f, err := s.Next(t.Context(), pool); !errors.Is(err, frame.ErrNoBuffer) {
			t.Fatalf("without a buffer Next gives %v, %v", f, err)
		}
	}
	held.Release()
	f, err := s.Next(t.Context(), pool)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	if f.PTS != 400*time.Millisecond || number(f) != 4 {
		t.Errorf("after three dropped pictures comes number %d at %s", number(f), f.PTS)
	}
}

// TestFileDamaged checks that damage in the middle is reported and does not end the clip.
func TestFileDamaged(t *testing.T) {
	path := steps(t, 40, "-c:v", "mjpeg", "-q:v", "2", "a.avi")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The chunks of pictures 15 to 19 keep their place and lose their content.
	at, chunk := 0, []byte("00dc")
	for i := range 20 {
		k := bytes.Index(data[at:], chunk)
		if k < 0 {
			t.Fatalf("no chunk %d in the clip", i)
		}
		at += k + 8
		if i >= 15 {
			size := int(data[at-4]) | int(data[at-3])<<8 | int(data[at-2])<<16
			clear(data[at : at+size])
		}
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := openClip(t, path, false)
	if err != nil {
		t.Fatal(err)
	}
	var seen []int
	corrupt := all(t, s, newPool(t, 1), func(f *frame.Frame) { seen = append(seen, number(f)) })
	if len(corrupt) != 1 || !strings.Contains(corrupt[0].Error(), "5 pictures before 1.9s") {
		t.Errorf("the damage is reported as %v", corrupt)
	}
	// The decoder, which works on several pictures at once, may take one more with the damaged ones.
	if n := len(seen); n < 34 || n > 35 || seen[n-1] != 39 {
		t.Errorf("pictures %v, want 0 to 14 and 20 to 39", seen)
	}
}

// TestFileCut checks that a clip that ends before its time says so once.
func TestFileCut(t *testing.T) {
	path := steps(t, 40, "-c:v", "mpeg4", "-q:v", "1", "-movflags", "+faststart", "a.mp4")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := openClip(t, path, false)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	corrupt := all(t, s, newPool(t, 1), func(*frame.Frame) { n++ })
	if len(corrupt) != 1 || !strings.Contains(corrupt[0].Error(), "damaged or cut off") || n < 10 || n > 30 {
		t.Errorf("%d pictures, then %v; want about half of 40 and one report", n, corrupt)
	}
}

func TestFileRefused(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sound := ""
	for _, c := range []struct{ name, path, want string }{
		{"missing", filepath.Join(dir, "no.mp4"), "there is no " + filepath.Join(dir, "no.mp4")},
		{"folder", dir, "is a folder"},
		{"empty", write("empty.mp4", "", 0o644), "is empty"},
		{"text", write("text.mp4", strings.Repeat("not a video\n", 1000), 0o644), "is no video that OpenCV can read"},
		{"device", "/dev/null", "is no regular file"},
		{"sound only", sound, "video"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.path == "" {
				c.path = ffmpeg(t, "-f", "lavfi", "-i", "sine=d=1", "a.wav")
			}
			_, err := openClip(t, c.path, false)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("opening gives %v, want an error with %q", err, c.want)
			}
		})
	}
	t.Run("no picture", func(t *testing.T) {
		path := steps(t, 3, "-c:v", "mjpeg", "a.avi")
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, pictures, ok := bytes.Cut(data, []byte("movi"))
		if !ok {
			t.Fatal("ffmpeg wrote an AVI without a list of pictures")
		}
		clear(pictures)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := openClip(t, path, false); err == nil || !strings.Contains(err.Error(), "no picture that can be decoded") {
			t.Errorf("opening a clip without pictures gives %v", err)
		}
	})
}

// TestFileRotated checks a clip that is to be turned by a quarter: its pictures have another shape than its header says,
// and go the long way into the frame.
func TestFileRotated(t *testing.T) {
	in := steps(t, 5, "-c:v", "mpeg4", "-q:v", "1", "a.mp4")
	path := ffmpeg(t, "-i", in, "-c", "copy", "-metadata:s:v:0", "rotate=90", "b.mp4")
	s, err := openClip(t, path, false)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	all(t, s, newPool(t, 1), func(f *frame.Frame) {
		if f.Width != 48 || f.Height != 64 || number(f) != n {
			t.Errorf("picture %d is number %d with %d x %d, want 48 x 64", n, number(f), f.Width, f.Height)
		}
		n++
	})
	if n != 5 || s.Info().Width != 48 {
		t.Errorf("%d pictures, info %+v", n, s.Info())
	}
}

func TestFileClosed(t *testing.T) {
	path := steps(t, 5, "-c:v", "mpeg4", "a.mp4")
	k := kind(t, "file")
	src, err := k.OpenCamera(node.CameraEnv{Env: env(t)}, options(t, FileOptions{Path: path}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := src.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(t.Context(), newPool(t, 1)); !errors.Is(err, node.ErrClosed) {
		t.Errorf("Next after Close gives %v, want node.ErrClosed", err)
	}
}

func BenchmarkFile(b *testing.B) {
	path := ffmpeg(b, "-f", "lavfi", "-i", "testsrc2=s=640x480:r=30:d=4", "-c:v", "libx264", "-g", "60", "-bf", "0", "-pix_fmt", "yuv420p", "a.mp4")
	s, err := openClip(b, path, true)
	if err != nil {
		b.Fatal(err)
	}
	pool := newPool(b, 2)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		f, err := s.Next(b.Context(), pool)
		if err != nil {
			b.Fatal(err)
		}
		f.Release()
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
}
