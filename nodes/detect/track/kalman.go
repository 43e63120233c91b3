package track

import "rvo.dev/engine/signal"

// axis is a Kalman filter of one quantity with constant velocity: its value and speed, and their covariance. A box is four
// of them, for its centre, ratio and height: SORT's filter (Bewley et al., "Simple Online and Realtime Tracking", 2016) has no
// terms between them, so that four small filters are the large one.
type axis struct {
	x, v          float64
	pxx, pxv, pvv float64
}

// start begins at a measured value with the given deviations of value and speed.
func start(x, devX, devV float64) axis {
	return axis{x: x, pxx: devX * devX, pvv: devV * devV}
}

// predict moves the axis on by dt seconds; devX and devV are how far value and speed stray in one second.
func (a *axis) predict(dt, devX, devV float64) {
	a.x += a.v * dt
	a.pxx += 2*dt*a.pxv + dt*dt*a.pvv + devX*devX*dt
	a.pxv += dt * a.pvv
	a.pvv += devV * devV * dt
}

// update takes a measurement with the given deviation.
func (a *axis) update(z, dev float64) {
	s := a.pxx + dev*dev
	kx, kv := a.pxx/s, a.pxv/s
	d := z - a.x
	a.x, a.v = a.x+kx*d, a.v+kv*d
	a.pvv -= kv * a.pxv
	a.pxv -= kx * a.pxv
	a.pxx -= kx * a.pxx
}

// body is the filter of a box, in units of the picture's height.
type body struct{ cx, cy, ratio, h axis }

// The deviations are ByteTrack's, which are SORT's: a twentieth of the height for positions and a hundred and sixtieth for speeds a
// frame. Those were set for 30 pictures a second; here they are rates, so that a detector's rate does not change what they mean.
const (
	posDev   = 1.0 / 20
	speedDev = 1.0 / 160
	perFrame = 30.0 // pictures a second that the two are for
)

// newBody starts the filter of a box whose picture is aspect times as wide as high.
func newBody(b signal.Box, aspect float64) body {
	cx, cy, ratio, h := measure(b, aspect)
	return body{
		cx: start(cx, 2*posDev*h, 10*speedDev*h*perFrame), cy: start(cy, 2*posDev*h, 10*speedDev*h*perFrame),
		ratio: start(ratio, 1e-2, 1e-3), h: start(h, 2*posDev*h, 10*speedDev*h*perFrame),
	}
}

// measure turns a box in fractions of the picture into the filter's terms.
func measure(b signal.Box, aspect float64) (cx, cy, ratio, h float64) {
	w, h := float64(b.W)*aspect, max(float64(b.H), 1e-6)
	return (float64(b.X) + float64(b.W)/2) * aspect, float64(b.Y) + float64(b.H)/2, w / h, h
}

// predict moves the box on by dt seconds.
func (b *body) predict(dt float64) {
	h := max(b.h.x, 1e-6)
	// Noise that adds up over perFrame steps of a second has the root of it as its deviation after one.
	const root = 5.477225575051661 // of perFrame
	pos, speed := posDev*h*root, speedDev*h*perFrame*root
	b.cx.predict(dt, pos, speed)
	b.cy.predict(dt, pos, speed)
	b.ratio.predict(dt, 1e-2*root, 1e-5*perFrame*root)
	b.h.predict(dt, pos, speed)
}

// update takes a box that was seen.
func (b *body) update(box signal.Box, aspect float64) {
	cx, cy, ratio, h := measure(box, aspect)
	dev := posDev * max(b.h.x, 1e-6)
	b.cx.update(cx, dev)
	b.cy.update(cy, dev)
	b.ratio.update(ratio, 1e-1)
	b.h.update(h, dev)
}

// box is where the filter believes the box to be, in fractions of the picture; it may reach past its edges.
func (b *body) box(aspect float64) signal.Box {
	h := max(b.h.x, 1e-6)
	w := max(b.ratio.x, 1e-3) * h
	return signal.Box{
		X: float32((b.cx.x - w/2) / aspect), Y: float32(b.cy.x - h/2), W: float32(w / aspect), H: float32(h),
	}
}
