//go:build cgo && opencv

package cv

const canProbe = true

// probe opens a device for one picture.
func probe(d *Device) {
	if d.Index >= maxProbed {
		return
	}
	d.Tried = true
	if d.Path != "" {
		if err := openable(d.Path); err != nil {
			d.Problem = err.Error()
			return
		}
	}
	c, err := captureDevice("", d.Index, 0, 0, 0)
	if err != nil {
		d.Problem = "is no camera that gives pictures, or another program uses it"
		return
	}
	defer c.close()
	info := describe(c)
	d.Width, d.Height, d.FPS = info.Width, info.Height, info.FPS
	ok, err := c.grab()
	switch {
	case err != nil:
		d.Problem = err.Error()
	case !ok:
		d.Problem = "opens, but gives no picture"
	default:
		d.Opens = true
	}
}
