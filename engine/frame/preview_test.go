package frame

import (
	"image"
	"testing"
)

// TestPreview: in every format and size a picture of one colour keeps it, halves stay on their sides, and nothing is made larger.
func TestPreview(t *testing.T) {
	for _, format := range []Format{BGR, Gray, I420} {
		for _, size := range [][2]int{{64, 48}, {640, 480}, {1922, 1080}, {2, 2}, {6, 600}} {
			w, h := size[0], size[1]
			p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
			f, err := p.Get(format, w, h)
			if err != nil {
				t.Fatal(err)
			}
			paint(f)
			var img *image.RGBA
			for _, most := range []int{1, 64, 333, 5000, 64} {
				img = f.Preview(most, img)
				b := img.Bounds()
				if b.Dx() != min(most, w) || b.Dy() != max(h*b.Dx()/w, 1) {
					t.Errorf("%s %dx%d to %d: %v", format, w, h, most, b)
				}
				if b.Dx() < 2 {
					continue
				}
				y := b.Dy() / 2
				left, right := img.RGBAAt(0, y), img.RGBAAt(b.Dx()-1, y)
				if int(left.G) > 45 || int(right.G) < 195 || left.A != 255 {
					t.Errorf("%s %dx%d to %d: left %v, right %v, want dark and bright", format, w, h, most, left, right)
				}
			}
			f.Release()
			p.Close()
		}
	}
}

// paint makes the left half dark and the right half bright, both grey.
func paint(f *Frame) {
	pix := f.Pix()
	for i := range pix {
		pix[i] = 128
	}
	channels := 1
	if f.Format == BGR {
		channels = 3
	}
	for y := range f.Height {
		for x := range f.Width * channels {
			v := byte(40)
			if x >= f.Width*channels/2 {
				v = 200
			}
			pix[y*f.Width*channels+x] = v
		}
	}
}

func BenchmarkPreview(b *testing.B) {
	p := NewPool(PoolOptions{Camera: "c", Slabs: 1})
	f, err := p.Get(BGR, 1920, 1080)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Release()
	var img *image.RGBA
	b.ReportAllocs()
	for b.Loop() {
		img = f.Preview(640, img)
	}
}
