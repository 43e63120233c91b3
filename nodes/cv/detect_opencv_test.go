//go:build cgo && opencv

package cv

import (
	"bytes"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

func needCascades(t testing.TB) {
	t.Helper()
	if len(cascades(dataDirs())) == 0 {
		t.Skip("OpenCV's cascades are not installed: apt-get install opencv-data")
	}
}

func TestDetectorKinds(t *testing.T) {
	t.Run("mog2", func(t *testing.T) {
		nodetest.Run(t, kind(t, "mog2"),
			nodetest.Case{},
			nodetest.Case{Name: "everything", Options: `{"history": "1s", "varThreshold": 9, "shadows": false, "minArea": 0}`},
			nodetest.Case{Name: "history", Options: `{"history": "0s"}`, Refused: `history "0s": must be a duration above 0`},
		)
	})
	t.Run("hog", func(t *testing.T) {
		nodetest.Run(t, kind(t, "hog"),
			nodetest.Case{Options: `{"enlarge": 0.8}`},
			nodetest.Case{Name: "smallest", Options: `{"enlarge": 0.1, "step": 2, "threshold": -2, "trimWidth": 0, "trimHeight": 0.45, "minNeighbors": 1, "overlap": 1}`},
			nodetest.Case{Name: "step", Options: `{"step": 1}`, Refused: "step 1: must be from 1.01 to 2"},
		)
	})
	t.Run("haar", func(t *testing.T) {
		needCascades(t)
		nodetest.Run(t, kind(t, "haar"),
			nodetest.Case{},
			nodetest.Case{Name: "smallest", Options: `{"cascade": "fullbody", "step": 2, "minNeighbors": 1, "minSize": 0.01}`},
			nodetest.Case{Name: "lbp", Options: `{"cascade": "frontalface_improved", "label": "head"}`},
			nodetest.Case{Name: "unknown", Options: `{"cascade": "nobody"}`, Refused: "there are eye, "},
		)
	})
}

// TestExceptions checks that what makes OpenCV throw is an error here and not the end of the process.
func TestExceptions(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	k := kind(t, "haar")
	for name, text := range map[string]string{
		"no XML":       "this is no cascade",
		"cut XML":      "<?xml version=\"1.0\"?>\n<opencv_storage><cascade type_id=\"opencv-cascade-classifier\"><stageType>BOO",
		"other XML":    "<?xml version=\"1.0\"?>\n<opencv_storage><a>1</a></opencv_storage>",
		"half cascade": "<?xml version=\"1.0\"?>\n<opencv_storage><cascade type_id=\"opencv-cascade-classifier\"><stageType>BOOST</stageType><featureType>HAAR</featureType><height>24</height><width>24</width><stageParams><maxWeakCount>-5</maxWeakCount></stageParams><featureParams><maxCatCount>0</maxCatCount></featureParams><stageNum>9</stageNum><stages><_><maxWeakCount>1</maxWeakCount></_></stages></cascade></opencv_storage>",
		"empty":        "",
	} {
		path := write("c.xml", text)
		_, err := k.OpenDetector(t.Context(), node.DetectorEnv{Env: env(t), Threads: 1}, options(t, HaarOptions{Cascade: path}))
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: opening gives %v, want an error that names %s", name, err, path)
		}
		t.Logf("%s: %v", name, err)
	}

	d, err := newHOG()
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	picture := frame.Plane{Width: 128, Height: 256, Stride: 3 * 128, Channels: 3, Pix: make([]byte, 3*128*256)}
	good := hogParams{enlarge: 1, step: 1.1, stride: 8, group: 2}
	for name, c := range map[string]struct {
		p  frame.Plane
		hp hogParams
	}{
		"no picture": {frame.Plane{}, good},
		"no pixels":  {frame.Plane{Width: 10, Height: 10, Stride: 30, Channels: 3}, good},
		"two planes": {frame.Plane{Width: 128, Height: 256, Stride: 256, Channels: 2, Pix: picture.Pix}, good},
	} {
		if _, err := d.detect(c.p, c.hp, nil); err == nil {
			t.Errorf("hog with %s gives no error", name)
		} else {
			t.Logf("%s: %v", name, err)
		}
	}
	if _, err := d.detect(picture, good, nil); err != nil {
		t.Errorf("after the errors a good picture gives %v", err)
	}
	c, _ := Codec()
	for _, q := range []int{0, 101} {
		if _, err := c.EncodeJPEG(picture, q); err == nil {
			t.Errorf("jpeg quality %d is taken", q)
		}
	}
	if _, err := c.EncodeJPEG(frame.Plane{Width: 5, Height: 5, Stride: 15, Channels: 3}, 75); err == nil {
		t.Error("jpeg of a picture without pixels gives no error")
	}
	if _, err := c.EncodeJPEG(frame.Plane{Channels: 3}, 75); err == nil {
		t.Error("jpeg of no picture gives no error")
	}
}

// TestMOG2Mask: what moves under a mask is not found, and beside it as ever.
func TestMOG2Mask(t *testing.T) {
	half := signal.Polygon{{X: 0.5, Y: 0}, {X: 1, Y: 0}, {X: 1, Y: 1}, {X: 0.5, Y: 1}}
	d := nodetest.OpenDetector(t, kind(t, "mog2"), `{"history": "2s"}`, nodetest.DetectorEnv(t), half)
	pool := newPool(t, 1)
	n := 0
	show := func(x0 int) map[string]signal.Value {
		f := nodetest.Picture(t, pool, frame.Gray, 320, 240, tick.Time(n)*tick.Time(100*time.Millisecond), func(x, y int) byte {
			if x >= x0 && x < x0+40 && y >= 100 && y < 140 {
				return 180
			}
			return 80
		})
		defer f.Release()
		n++
		return d.Must(f)
	}
	for range 30 {
		show(-100)
	}
	if got := show(220); got["level"].Number() != 0 || len(got["boxes"].AsBoxes()) != 0 {
		t.Errorf("under the mask: level %v and %v", got["level"], got["boxes"])
	}
	if got := show(60); got["level"].Number() < 0.015 || len(got["boxes"].AsBoxes()) != 1 {
		t.Errorf("beside the mask: level %v and %v", got["level"], got["boxes"])
	}
}

// TestMOG2 moves a square over noise and checks that it is found, and becomes background when it rests.
func TestMOG2(t *testing.T) {
	d := nodetest.OpenDetector(t, kind(t, "mog2"), `{"history": "2s"}`, nodetest.DetectorEnv(t))
	pool := newPool(t, 1)
	n := 0
	noise := uint32(1)
	show := func(x0 int) map[string]signal.Value {
		f := nodetest.Picture(t, pool, frame.Gray, 320, 240, tick.Time(n)*tick.Time(100*time.Millisecond), func(x, y int) byte {
			noise = noise*1664525 + 1013904223
			v := byte(80 + noise>>30)
			if x >= x0 && x < x0+40 && y >= 100 && y < 140 {
				v += 100
			}
			return v
		})
		defer f.Release()
		n++
		return d.Must(f)
	}
	if got := show(-100); len(got) != 0 {
		t.Errorf("the first picture gives %v, want nothing: there is no background yet", got)
	}
	for range 30 {
		show(-100)
	}
	if got := show(-100); got["level"].Number() != 0 || len(got["boxes"].AsBoxes()) != 0 {
		t.Errorf("noise gives level %v and %v", got["level"], got["boxes"])
	}
	for x := 20; x < 120; x += 20 {
		got := show(x)
		boxes := got["boxes"].AsBoxes()
		if level := got["level"].Number(); level < 0.015 || level > 0.06 || len(boxes) != 1 {
			t.Fatalf("the square at %d gives level %v and boxes %v", x, level, boxes)
		}
		if b := boxes[0]; b.X > float32(x)/320+0.02 || b.X+b.W < float32(x+40)/320-0.02 || b.Y < 98./240 || b.Y+b.H > 142./240 || b.Score < 0.5 {
			t.Errorf("the square at %d is seen at %+v", x, b)
		}
	}
	for range 100 { // ten seconds of rest with a history of two
		show(200)
	}
	if got := show(200); got["level"].Number() != 0 {
		t.Errorf("after ten seconds of rest the level is %v", got["level"])
	}
}

// TestMOG2Rate checks that the speed of learning is one of time, not of pictures.
func TestMOG2Rate(t *testing.T) {
	rest := func(step time.Duration) time.Duration {
		d := nodetest.OpenDetector(t, kind(t, "mog2"), `{"history": "5s"}`, nodetest.DetectorEnv(t))
		pool := newPool(t, 1)
		at := tick.Time(0)
		show := func(v byte) float64 {
			f := nodetest.Picture(t, pool, frame.Gray, 64, 48, at, func(x, _ int) byte {
				if x > 32 {
					return v
				}
				return 60
			})
			defer f.Release()
			at = at.Add(step)
			return d.Must(f)["level"].Number()
		}
		for range int(20 * time.Second / step) {
			show(60)
		}
		start := at
		for show(160) > 0 {
			if at.Sub(start) > time.Minute {
				t.Fatal("a change never becomes background")
			}
		}
		return at.Sub(start)
	}
	slow, fast := rest(200*time.Millisecond), rest(40*time.Millisecond)
	if slow < 4*time.Second || slow > 7*time.Second || fast < 4*time.Second || fast > 7*time.Second {
		t.Errorf("a change becomes background within %s at 5 pictures a second and %s at 25, want both about history, 5s", slow, fast)
	}
}

// TestHaarFaces counts faces in a clip of two people who walk to the camera.
func TestHaarFaces(t *testing.T) {
	needCascades(t)
	s, err := openClip(t, media(t, "face-demographics-walking.mp4"), false)
	if err != nil {
		t.Fatal(err)
	}
	d := nodetest.OpenDetector(t, kind(t, "haar"), `{}`, nodetest.DetectorEnv(t))
	if m, ok := d.Model.(node.Identifier); !ok || m.Identity().Name != "haarcascade_frontalface_alt2.xml" || len(m.Identity().SHA256) != 64 {
		t.Error("the cascade's file and checksum are not known")
	}
	n, found := 0, 0
	start := time.Now()
	all(t, s, newPool(t, 1), func(f *frame.Frame) {
		n++
		got := d.Must(f)
		if c := got["count"].AsInt(); c != int64(len(got["boxes"].AsBoxes())) {
			t.Errorf("count %d with %d boxes", c, len(got["boxes"].AsBoxes()))
		}
		for _, b := range got["boxes"].AsBoxes() {
			if b.Label != "face" || b.Score < 0.5 {
				t.Errorf("box %+v", b)
			}
		}
		found += min(2, len(got["boxes"].AsBoxes()))
	})
	t.Logf("%d of %d faces, %v a picture", found, 2*n, (time.Since(start) / time.Duration(n)).Round(time.Millisecond))
	if n != 35 || found < 45 {
		t.Errorf("%d faces in %d pictures with two each, want at least 45 in 35", found, n)
	}
}

func TestCodec(t *testing.T) {
	c, ok := Codec()
	if !ok || c.Name() != "opencv" {
		t.Fatalf("codec %v, %t", c, ok)
	}
	pool := newPool(t, 1)
	for _, format := range []frame.Format{frame.BGR, frame.Gray, frame.I420} {
		f := nodetest.Picture(t, pool, format, 64, 48, 0, func(x, y int) byte { return byte(2*x + 2*y) })
		b, err := f.JPEG(c, 90)
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil || img.Bounds().Dx() != 64 || img.Bounds().Dy() != 48 {
			t.Fatalf("%s: %v of %d bytes", format, err, len(b))
		}
		std, err := f.JPEG(frame.StdCodec{}, 90)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := jpeg.Decode(bytes.NewReader(std))
		if err != nil {
			t.Fatal(err)
		}
		for y := 0; y < 48; y += 7 {
			for x := 0; x < 64; x += 7 {
				r, g, bl, _ := img.At(x, y).RGBA()
				sr, sg, sb, _ := ref.At(x, y).RGBA()
				if diff(r, sr) > 12<<8 || diff(g, sg) > 12<<8 || diff(bl, sb) > 12<<8 {
					t.Fatalf("%s: pixel %d,%d is %d %d %d, the standard library's %d %d %d", format, x, y, r>>8, g>>8, bl>>8, sr>>8, sg>>8, sb>>8)
				}
			}
		}
		f.Release()
	}
}

func diff(a, b uint32) uint32 { return max(a, b) - min(a, b) }

func TestThreads(t *testing.T) {
	if n := threads(); n < 1 {
		t.Errorf("%d threads", n)
	}
	before := threads()
	if err := raiseThreads(before); err != nil || threads() != before {
		t.Errorf("%d threads after raising to as many, %v", threads(), err)
	}
	if err := raiseThreads(1); err != nil || threads() != before {
		t.Errorf("raising to 1 changed %d to %d threads, %v", before, threads(), err)
	}
	if v := Version(); !strings.HasPrefix(v, "4.") {
		t.Errorf("version %q", v)
	}
}

func benchDetector(b *testing.B, name, opts string) {
	b.Helper()
	s, err := openClip(b, media(b, "vtest.avi"), true)
	if err != nil {
		b.Fatal(err)
	}
	d := nodetest.OpenDetector(b, kind(b, name), opts, nodetest.DetectorEnv(b))
	pool := newPool(b, 16)
	var frames []*frame.Frame
	for i := range 16 {
		f, err := s.Next(b.Context(), pool)
		if err != nil {
			b.Fatal(err)
		}
		f.Capture = tick.Time(i) * tick.Time(100*time.Millisecond)
		f.SmallLuma()
		f.Luma()
		frames = append(frames, f)
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		d.Must(frames[n%len(frames)])
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
	for _, f := range frames {
		f.Release()
	}
}

func BenchmarkHOG(b *testing.B)  { benchDetector(b, "hog", `{}`) }
func BenchmarkMOG2(b *testing.B) { benchDetector(b, "mog2", `{}`) }
func BenchmarkHaar(b *testing.B) {
	needCascades(b)
	benchDetector(b, "haar", `{}`)
}

func BenchmarkJPEG(b *testing.B) {
	s, err := openClip(b, media(b, "vtest.avi"), true)
	if err != nil {
		b.Fatal(err)
	}
	f, err := s.Next(b.Context(), newPool(b, 1))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Release()
	c, _ := Codec()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if _, err := c.EncodeJPEG(f.BGR(), 80); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
}
