package frame

import "fmt"

// packed are the forms that only services elsewhere want. They are made on the heap when somebody asks, once a picture: room
// for them in every slab would be memory that nearly nobody uses.
type packed struct {
	view
	pix []byte
}

// RGB returns the picture as 3 bytes a pixel, red, green, blue, rows without gaps. The bytes are shared: they must not be
// changed, and may be kept after the frame's release.
func (f *Frame) RGB() []byte {
	f.rgb.make(func() {
		f.rgb.pix = make([]byte, 3*f.Width*f.Height)
		bgrToRGB(f.rgb.pix, f.BGR().Pix)
	})
	return f.rgb.pix
}

// NV12 returns the picture as a full luma plane, then one plane of half the width and height with Cb and Cr in turn, by
// ITU-R BT.601 at video range (luma 16 to 235, chroma 16 to 240), which is what decoders give and libraries take NV12 for. It
// fails where a side is odd. The bytes are shared: they must not be changed, and may be kept after the frame's release.
func (f *Frame) NV12() ([]byte, error) {
	if f.Width%2 != 0 || f.Height%2 != 0 {
		return nil, fmt.Errorf("picture of %d x %d as nv12: both sides must be even; ask for bgr, rgb or gray, or set the camera's width and height", f.Width, f.Height)
	}
	f.nv12.make(func() {
		n := f.Width * f.Height
		pix := make([]byte, n*3/2)
		switch f.Format {
		case BGR:
			bgrToNV12(pix, f.Pix(), f.Width, f.Height)
		case Gray:
			videoLuma(pix[:n], f.Pix())
			for i := range pix[n:] {
				pix[n+i] = 128
			}
		case I420:
			i420ToNV12(pix, f.Pix(), n)
		}
		f.nv12.pix = pix
	})
	return f.nv12.pix, nil
}

func bgrToRGB(dst, src []byte) {
	for len(src) >= 3 && len(dst) >= 3 {
		dst[0], dst[1], dst[2] = src[2], src[1], src[0]
		dst, src = dst[3:], src[3:]
	}
}

// Video range, in 1/2^16: luma has 219 of 255 steps and begins at 16, chroma 224 and is centred on 128.
const (
	videoY = 56284 // 219/255
	videoC = 57569 // 224/255

	// Luma weights at video range: those of lumaR, lumaG and lumaB times 219/255.
	videoYR, videoYG, videoYB = 16829, 33039, 6416
	// Chroma weights: 112/255 times what is left of a colour when luma is taken off, over its largest share.
	cbR, cbG, cbB = -9714, -19070, 28784
	crR, crG, crB = 28784, -24103, -4681
)

func videoLuma(dst, src []byte) {
	for i, y := range src {
		dst[i] = byte(16 + (videoY*uint32(y)+1<<15)>>16)
	}
}

func i420ToNV12(dst, src []byte, n int) {
	videoLuma(dst[:n], src[:n])
	cb, cr, out := src[n:n+n/4], src[n+n/4:n+n/2], dst[n:]
	chroma := func(v byte) byte { return byte((videoC*(int32(v)-128) + 128<<16 + 1<<15) >> 16) }
	for i := range cb {
		out[2*i], out[2*i+1] = chroma(cb[i]), chroma(cr[i])
	}
}

// bgrToNV12 takes the chroma of four pixels from their mean. Sides are even.
func bgrToNV12(dst, src []byte, w, h int) {
	luma, chroma := dst[:w*h], dst[w*h:]
	for r := 0; r < h; r += 2 {
		for c := 0; c < w; c += 2 {
			var b, g, rd int32
			for i := range 4 {
				at := (r+i/2)*w + c + i%2
				p := src[3*at : 3*at+3 : 3*at+3]
				pb, pg, pr := int32(p[0]), int32(p[1]), int32(p[2])
				luma[at] = byte(16 + (videoYB*pb+videoYG*pg+videoYR*pr+1<<15)>>16)
				b, g, rd = b+pb, g+pg, rd+pr
			}
			at := r/2*w + c
			chroma[at] = share(cbB*b + cbG*g + cbR*rd)
			chroma[at+1] = share(crB*b + crG*g + crR*rd)
		}
	}
}

// share returns a chroma value from four times its distance from the middle, in 1/2^16.
func share(v int32) byte { return byte((v + 128<<18 + 1<<17) >> 18) }
