package frame

// BT.601 luma weights in 1/2^16; they add up to 65536 so that white stays 255.
const (
	lumaR = 19595
	lumaG = 38470
	lumaB = 7471
)

func bgrToLuma(dst, src []byte) {
	for i := range dst {
		p := src[3*i : 3*i+3 : 3*i+3]
		dst[i] = byte((lumaB*uint32(p[0]) + lumaG*uint32(p[1]) + lumaR*uint32(p[2]) + 1<<15) >> 16)
	}
}

func grayToBGR(dst, src []byte) {
	for i, y := range src {
		p := dst[3*i : 3*i+3 : 3*i+3]
		p[0], p[1], p[2] = y, y, y
	}
}

// i420ToBGR converts full-range BT.601 (JFIF) YCbCr with chroma at half size.
func i420ToBGR(dst, src []byte, w, h int) {
	y, u := src[:w*h], src[w*h:]
	v := u[(w/2)*(h/2):]
	for r := range h {
		for c := range w {
			yy := int32(y[r*w+c]) << 16
			ci := (r/2)*(w/2) + c/2
			cb, cr := int32(u[ci])-128, int32(v[ci])-128
			p := dst[3*(r*w+c):]
			p[0] = clamp(yy + 116130*cb)
			p[1] = clamp(yy - 22554*cb - 46802*cr)
			p[2] = clamp(yy + 91881*cr)
		}
	}
}

func clamp(v int32) byte {
	v = (v + 1<<15) >> 16
	return byte(min(max(v, 0), 255))
}

// shrinkBGR fills dst with the mean luma of the source pixels under each of its pixels.
func shrinkBGR(dst Plane, src []byte, w, h int) {
	if w == 2*dst.Width && h == 2*dst.Height {
		halveBGR(dst, src, w)
		return
	}
	for r := range dst.Height {
		r0, r1 := span(r, dst.Height, h)
		for c := range dst.Width {
			c0, c1 := span(c, dst.Width, w)
			var b, g, rd uint32
			for y := r0; y < r1; y++ {
				row := src[3*(y*w+c0) : 3*(y*w+c1)]
				for len(row) >= 3 {
					b += uint32(row[0])
					g += uint32(row[1])
					rd += uint32(row[2])
					row = row[3:]
				}
			}
			n := uint64((r1 - r0) * (c1 - c0))
			sum := lumaB*uint64(b) + lumaG*uint64(g) + lumaR*uint64(rd)
			dst.Pix[r*dst.Stride+c] = byte((sum/n + 1<<15) >> 16)
		}
	}
}

// halveBGR is shrinkBGR for exactly half the size, the common 640 x 480: without the loops over two pixels each it takes
// a quarter of the time, for the same result.
func halveBGR(dst Plane, src []byte, w int) {
	for r := range dst.Height {
		top := src[3*2*r*w:][: 3*w : 3*w]
		low := src[3*(2*r+1)*w:][: 3*w : 3*w]
		out := dst.Pix[r*dst.Stride:][:dst.Width:dst.Width]
		for c := range out {
			p := top[6*c : 6*c+6 : 6*c+6]
			q := low[6*c : 6*c+6 : 6*c+6]
			b := uint32(p[0]) + uint32(p[3]) + uint32(q[0]) + uint32(q[3])
			g := uint32(p[1]) + uint32(p[4]) + uint32(q[1]) + uint32(q[4])
			rd := uint32(p[2]) + uint32(p[5]) + uint32(q[2]) + uint32(q[5])
			out[c] = byte(((lumaB*b+lumaG*g+lumaR*rd)/4 + 1<<15) >> 16)
		}
	}
}

func shrinkLuma(dst Plane, src []byte, w, h int) {
	for r := range dst.Height {
		r0, r1 := span(r, dst.Height, h)
		for c := range dst.Width {
			c0, c1 := span(c, dst.Width, w)
			var sum uint32
			for y := r0; y < r1; y++ {
				for _, v := range src[y*w+c0 : y*w+c1] {
					sum += uint32(v)
				}
			}
			n := uint32((r1 - r0) * (c1 - c0))
			dst.Pix[r*dst.Stride+c] = byte((sum + n/2) / n)
		}
	}
}

// span returns the source pixels [from, to) under pixel i of n, when the source has m >= n.
func span(i, n, m int) (from, to int) {
	from, to = i*m/n, (i+1)*m/n
	return from, max(to, from+1)
}
