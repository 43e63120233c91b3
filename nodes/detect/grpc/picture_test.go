package grpc

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node/nodetest"
)

// TestPixelsOnTheWire holds what every format without compression is: red, green, blue and white beside each other.
// The numbers are those of the standard, worked out by hand: red is luma 0.299 x 219 + 16 = 81, Cr 240; and so on.
func TestPixelsOnTheWire(t *testing.T) {
	s := &service{}
	at, _ := serve(t, s, "127.0.0.1:0")
	pool := frame.NewPool(frame.PoolOptions{Camera: "front", Slabs: 1})
	defer pool.Close()
	for format, want := range map[string]string{
		"bgr":  strings.Repeat("0000ff 0000ff 00ff00 00ff00 ff0000 ff0000 ffffff ffffff", 2),
		"rgb":  strings.Repeat("ff0000 ff0000 00ff00 00ff00 0000ff 0000ff ffffff ffffff", 2),
		"gray": "4c4c 9696 1d1d ffff 4c4c 9696 1d1d ffff",
		"nv12": "5151 9191 2929 ebeb 5151 9191 2929 ebeb 5af0 3622 f06e 8080",
	} {
		r := newRig(t, Kind(), at, personInt+`, "format": "`+format+`"`)
		f, err := pool.Get(frame.BGR, 8, 2)
		if err != nil {
			t.Fatal(err)
		}
		colours := [4][3]byte{{0, 0, 255}, {0, 255, 0}, {255, 0, 0}, {255, 255, 255}}
		for y := range 2 {
			for x := range 8 {
				copy(f.Pix()[3*(8*y+x):], colours[x/2][:])
			}
		}
		f.Seq, f.Capture = 1, r.now
		if _, err := r.look(10*time.Second, f); err != nil {
			t.Errorf("%s: %v", format, err)
		}
		f.Release()
		q := s.last()
		if got := hex.EncodeToString(q.GetImage().GetData()); got != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s is %s, want %s", format, got, want)
		}
		if im := q.GetImage(); im.GetFormat() != format || im.GetWidth() != 8 || im.GetHeight() != 2 || len(q.GetFrameJpeg()) != 0 {
			t.Errorf("%s is said to be %q, %d x %d", format, im.GetFormat(), im.GetWidth(), im.GetHeight())
		}
	}
}

// TestNV12OfOddPictures: what cannot be sent so is said before anything is sent.
func TestNV12OfOddPictures(t *testing.T) {
	s := &service{}
	at, _ := serve(t, s, "127.0.0.1:0")
	r := newRig(t, Kind(), at, personInt+`, "format": "nv12"`)
	f := nodetest.Picture(t, r.pool, frame.BGR, 63, 48, r.now, func(int, int) byte { return 1 })
	defer f.Release()
	_, err := r.look(10*time.Second, f)
	if err == nil || !strings.Contains(err.Error(), "both sides must be even") {
		t.Errorf("63 x 48 as nv12 gives %v", err)
	}
	r.check(map[string]int{"client/encode": 1})
	if asked, _, _ := s.counts(); asked != 0 {
		t.Errorf("%d questions were sent", asked)
	}
}
