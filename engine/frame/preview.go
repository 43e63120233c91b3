package frame

import "image"

// Preview returns the picture for people, no wider than that, as a copy: the frame may be released. Each of its pixels is the
// mean of four that lie evenly under it, so that what it costs depends on its own size and not on the picture's; a picture that
// is narrow enough is not scaled. reuse is an earlier one that nobody needs any more, whose memory is taken where it is large
// enough, or nil.
func (f *Frame) Preview(width int, reuse *image.RGBA) *image.RGBA {
	w := max(min(width, f.Width), 1)
	h := max(f.Height*w/f.Width, 1)
	img := &image.RGBA{Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	if reuse != nil && cap(reuse.Pix) >= 4*w*h {
		img.Pix = reuse.Pix[:4*w*h]
	} else {
		img.Pix = make([]byte, 4*w*h)
	}
	xs := make([][2]int, w)
	for x := range xs {
		xs[x] = samples(x, w, f.Width)
	}
	pix := f.Pix()
	for y := range h {
		ys := samples(y, h, f.Height)
		row := img.Pix[y*img.Stride:][:4*w]
		switch f.Format {
		case BGR:
			previewBGR(row, pix[3*f.Width*ys[0]:], pix[3*f.Width*ys[1]:], xs)
		case Gray:
			previewGray(row, pix[f.Width*ys[0]:], pix[f.Width*ys[1]:], xs)
		case I420:
			f.previewI420(row, pix, ys, xs)
		}
	}
	return img
}

// samples are the two source positions, at a quarter and three quarters of what lies under position i of n, of m in all.
func samples(i, n, m int) [2]int { return [2]int{(4*i + 1) * m / (4 * n), (4*i + 3) * m / (4 * n)} }

func previewBGR(dst, upper, lower []byte, xs [][2]int) {
	for x, s := range xs {
		a, b := 3*s[0], 3*s[1]
		p := dst[4*x : 4*x+4 : 4*x+4]
		for c := range 3 {
			p[2-c] = byte((uint(upper[a+c]) + uint(upper[b+c]) + uint(lower[a+c]) + uint(lower[b+c]) + 2) / 4)
		}
		p[3] = 0xff
	}
}

func previewGray(dst, upper, lower []byte, xs [][2]int) {
	for x, s := range xs {
		v := byte((uint(upper[s[0]]) + uint(upper[s[1]]) + uint(lower[s[0]]) + uint(lower[s[1]]) + 2) / 4)
		p := dst[4*x : 4*x+4 : 4*x+4]
		p[0], p[1], p[2], p[3] = v, v, v, 0xff
	}
}

// previewI420 takes the mean of the brightness and the colour of the lower right sample: there is one for four pixels.
func (f *Frame) previewI420(dst, pix []byte, ys [2]int, xs [][2]int) {
	w, h := f.Width, f.Height
	upper, lower := pix[w*ys[0]:], pix[w*ys[1]:]
	u := pix[w*h:]
	v := u[(w/2)*(h/2):]
	at := (ys[1] / 2) * (w / 2)
	for x, s := range xs {
		y := int32((uint(upper[s[0]])+uint(upper[s[1]])+uint(lower[s[0]])+uint(lower[s[1]])+2)/4) << 16
		cb, cr := int32(u[at+s[1]/2])-128, int32(v[at+s[1]/2])-128
		p := dst[4*x : 4*x+4 : 4*x+4]
		p[0], p[1], p[2], p[3] = clamp(y+91881*cr), clamp(y-22554*cb-46802*cr), clamp(y+116130*cb), 0xff
	}
}
