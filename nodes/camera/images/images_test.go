package images

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
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

// flat is a picture of one colour with a red pixel in its top left corner.
func flat(w, h int, c color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	img.Set(0, 0, color.NRGBA{255, 0, 0, 255})
	return img
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// folder fills dir with three pictures and things that are none.
func folder(t testing.TB, dir string) {
	t.Helper()
	put(t, filepath.Join(dir, "b.png"), asPNG(t, flat(8, 6, color.NRGBA{0, 255, 0, 255})))
	put(t, filepath.Join(dir, "a.JPG"), asJPEG(t, flat(8, 6, color.NRGBA{90, 90, 90, 255})))
	put(t, filepath.Join(dir, "c.jpeg"), asJPEG(t, &image.Gray{Pix: bytes.Repeat([]byte{200}, 48), Stride: 8, Rect: image.Rect(0, 0, 8, 6)}))
	put(t, filepath.Join(dir, "notes.txt"), []byte("no picture"))
	put(t, filepath.Join(dir, ".hidden.png"), []byte("no picture either"))
	if err := os.Mkdir(filepath.Join(dir, "d.png"), 0o755); err != nil {
		t.Fatal(err)
	}
}

const shots = `{"path": "."}`

func TestKind(t *testing.T) {
	fill := func(t *testing.T, env *node.Env) { folder(t, env.Dir) }
	nodetest.Run(t, Kind(),
		nodetest.Case{Name: "once", Options: shots, Env: fill, Pictures: 3},
		nodetest.Case{Name: "loop", Options: shots, Env: fill, Loop: true, Pictures: 10, FPS: 25},
		nodetest.Case{Name: "scaled", Options: shots, Env: fill, Pictures: 3, Width: 5, Height: 11},
		nodetest.Case{Name: "no path", Refused: "path is empty"},
		nodetest.Case{Name: "no folder", Options: `{"path": "gone"}`, Refused: "no such file or directory: it must be a folder with files that end in .jpg"},
		nodetest.Case{Name: "empty", Options: shots, Refused: "(0 other entries): it must be a folder with files"},
	)
}

// start opens the camera on a folder that fill makes.
func start(t *testing.T, fill func(dir string), change func(*node.CameraEnv)) *nodetest.Camera {
	t.Helper()
	env := nodetest.CameraEnv(t)
	fill(env.Dir)
	if change != nil {
		change(&env)
	}
	return nodetest.OpenCamera(t, Kind(), shots, env)
}

func TestPictures(t *testing.T) {
	c := start(t, func(dir string) { folder(t, dir) }, func(e *node.CameraEnv) { e.FPS = 4 })
	if got, want := c.Stream.Info(), (node.StreamInfo{Width: 8, Height: 6, FPS: 4, Frames: 3}); got != want {
		t.Errorf("info %+v, want %+v", got, want)
	}
	want := []struct {
		pts     time.Duration
		b, g, r byte // of the last pixel
	}{{0, 90, 90, 90}, {250 * time.Millisecond, 0, 255, 0}, {500 * time.Millisecond, 200, 200, 200}}
	n := c.Each(0, func(f *frame.Frame) {
		w := want[f.Seq-1]
		p := f.Pix()[len(f.Pix())-3:]
		if f.PTS != w.pts || !near(p[0], w.b) || !near(p[1], w.g) || !near(p[2], w.r) {
			t.Errorf("picture %d at %s ends with %d, want %+v", f.Seq, f.PTS, p, w)
		}
		if f.Seq == 2 && !bytes.Equal(f.Pix()[:3], []byte{0, 0, 255}) {
			t.Errorf("the red pixel is %d in BGR", f.Pix()[:3])
		}
	})
	if n != 3 {
		t.Errorf("%d pictures, want 3", n)
	}
}

// near allows what JPEG changes.
func near(a, b byte) bool { return max(a, b)-min(a, b) <= 6 }

func TestDefaultRateAndLoop(t *testing.T) {
	c := start(t, func(dir string) { folder(t, dir) }, func(e *node.CameraEnv) { e.Loop = true })
	if got := c.Stream.Info(); got.FPS != 1 || got.Frames != 0 {
		t.Errorf("info %+v, want 1 a second without an end", got)
	}
	var last time.Duration
	var green []uint64
	c.Each(8, func(f *frame.Frame) {
		last = f.PTS
		if f.Pix()[10] == 255 {
			green = append(green, f.Seq)
		}
	})
	if last != 7*time.Second || len(green) != 3 || green[2] != 8 {
		t.Errorf("the eighth picture is at %s, green ones are %d; want 7s and 2, 5, 8", last, green)
	}
}

func TestScaled(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 4, 2))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	img.Set(0, 0, color.NRGBA{0, 0, 0, 255})
	img.Set(3, 1, color.NRGBA{0, 0, 0, 255})
	fill := func(dir string) { put(t, filepath.Join(dir, "a.png"), asPNG(t, img)) }
	for _, c := range []struct {
		width, height, w, h int
		want                []byte // the blue channel
	}{
		{2, 1, 2, 1, []byte{191, 191}},
		{2, 0, 2, 1, []byte{191, 191}},
		{0, 1, 2, 1, []byte{191, 191}},
		{8, 2, 8, 2, []byte{0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0}},
		{1, 1, 1, 1, []byte{191}},
	} {
		cam := start(t, fill, func(e *node.CameraEnv) { e.Width, e.Height = c.width, c.height })
		cam.Each(1, func(f *frame.Frame) {
			var got []byte
			for i := 0; i < len(f.Pix()); i += 3 {
				got = append(got, f.Pix()[i])
			}
			if f.Width != c.w || f.Height != c.h || !bytes.Equal(got, c.want) {
				t.Errorf("asked for %d x %d: %d x %d %d, want %d", c.width, c.height, f.Width, f.Height, got, c.want)
			}
		})
	}
}

func TestTransparent(t *testing.T) {
	fill := func(dir string) {
		put(t, filepath.Join(dir, "a.png"), asPNG(t, flat(4, 4, color.NRGBA{200, 100, 50, 128})))
	}
	start(t, fill, nil).Each(1, func(f *frame.Frame) {
		if p := f.Pix()[3:6]; !near(p[0], 25) || !near(p[1], 50) || !near(p[2], 100) {
			t.Errorf("half of 50, 100, 200 on black is %d", p)
		}
	})
}

// bomb is a PNG whose few bytes claim a picture of any size.
func bomb(w, h uint32) []byte {
	var b bytes.Buffer
	b.WriteString("\x89PNG\r\n\x1a\n")
	ihdr := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	ihdr = append(ihdr, 8, 2, 0, 0, 0)
	b.Write(binary.BigEndian.AppendUint32(nil, 13))
	b.Write(ihdr)
	b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(ihdr)))
	return b.Bytes()
}

func TestCorrupt(t *testing.T) {
	good := asJPEG(t, flat(64, 48, color.NRGBA{90, 90, 90, 255}))
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"b.jpg", good[:len(good)/2], "unexpected EOF"},
		{"b.jpg", nil, "EOF"},
		{"b.jpg", []byte("<html>"), "missing SOI marker"},
		{"b.png", good, "not a PNG file"},
		{"b.png", bomb(20000, 10), "picture of 20000 x 10: each side must be from 1 to 16384"},
		{"b.png", bomb(16000, 16000), "picture of 16000 x 16000: must have at most 128 million pixels"},
		{"b.png", bomb(64, 48), "unexpected EOF"},
	} {
		cam := start(t, func(dir string) {
			put(t, filepath.Join(dir, "a.jpg"), good)
			put(t, filepath.Join(dir, c.name), c.data)
			put(t, filepath.Join(dir, "c.jpg"), good)
		}, nil)
		f, err := cam.Next()
		if err != nil {
			t.Fatal(err)
		}
		f.Release()
		if _, err := cam.Next(); !errors.Is(err, node.ErrCorrupt) || !strings.Contains(err.Error(), c.name) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\nwant a corrupt picture with its name and %q", c.name, err, c.want)
		}
		f, err = cam.Next()
		if err != nil {
			t.Fatalf("after %s: %v", c.name, err)
		}
		if f.PTS != 2*time.Second {
			t.Errorf("after a corrupt picture the next is at %s, want 2s", f.PTS)
		}
		f.Release()
		if _, err := cam.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
	}
}

// Files that vanish after the folder was read, and things that are no files, are corrupt pictures.
func TestVanished(t *testing.T) {
	var gone string
	cam := start(t, func(dir string) {
		folder(t, dir)
		gone = filepath.Join(dir, "a.JPG")
	}, nil)
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	if _, err := cam.Next(); !errors.Is(err, node.ErrCorrupt) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is gone gives %v", err)
	}
	if err := os.Mkdir(gone, 0o755); err != nil {
		t.Fatal(err)
	}
	if n := cam.Each(0, func(*frame.Frame) {}); n != 2 {
		t.Errorf("%d pictures after it, want 2", n)
	}
}

// A loop in which nothing can be read must end rather than spin.
func TestNoneReadable(t *testing.T) {
	cam := start(t, func(dir string) {
		put(t, filepath.Join(dir, "a.jpg"), nil)
		put(t, filepath.Join(dir, "b.jpg"), nil)
	}, func(e *node.CameraEnv) { e.Loop = true })
	for range 2 {
		if _, err := cam.Next(); !errors.Is(err, node.ErrCorrupt) {
			t.Fatalf("a file that cannot be read gives %v", err)
		}
	}
	if _, err := cam.Next(); err == nil || errors.Is(err, node.ErrCorrupt) || !strings.Contains(err.Error(), "none of the files can be read") {
		t.Errorf("after all of them: %v, want the end of the stream", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(asJPEG(f, flat(8, 8, color.NRGBA{1, 2, 3, 255})), false)
	f.Add(asPNG(f, flat(8, 8, color.NRGBA{1, 2, 3, 255})), true)
	f.Add(bomb(16000, 16000), true)
	f.Fuzz(func(t *testing.T, data []byte, isPNG bool) {
		path := filepath.Join(t.TempDir(), map[bool]string{true: "a.png", false: "a.jpg"}[isPNG])
		put(t, path, data)
		c, err := header(path)
		if err != nil || c.width*c.height > 1<<20 {
			return
		}
		_ = decode(path, c, make([]byte, 3*c.width*c.height)) // must not panic
	})
}
