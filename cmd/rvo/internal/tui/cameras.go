package tui

import (
	"fmt"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// cameras is the page of all cameras.
func (m *model) cameras() list {
	d := m.shown()
	l := list{empty: "the pipeline has no camera", columns: []column{
		{title: "", width: 1},
		{title: "camera", width: 14, grow: true},
		{title: "state", width: 8},
		{title: "fps", width: 5, right: true},
		{title: "last minute", width: 12, drop: 6},
		{title: "picture", width: 9, drop: 5},
		{title: "age", width: 6, right: true},
		{title: "frames", width: 7, right: true, drop: 3},
		{title: "dropped", width: 7, right: true},
		{title: "again", width: 5, right: true, drop: 4},
		{title: "buffers", width: 7, right: true, drop: 7},
		{title: "ring", width: 7, right: true, drop: 8},
		{title: "muted", width: 8, drop: 2},
		{title: "why", width: 20, grow: true, drop: 1},
	}}
	for _, id := range sortedKeys(d.state.Cameras) {
		c := d.state.Cameras[id]
		dropped := c.Dropped.Superseded + c.Dropped.NoBuffer + c.Dropped.Corrupt
		spark := ""
		if t := d.tracks["camera/"+id]; t != nil {
			spark = t.graph(12, 0, m.g)
		}
		t := target{camera: id}
		l.rows = append(l.rows, row{key: id, mutes: &t, text: id + " " + c.State + " " + c.Error, cells: func() []string {
			return []string{
				m.g.mark(stateTone(c.State)), clean(id), paint(stateTone(c.State), clean(c.State)), fmt.Sprintf("%.1f", c.FPS), spark, picture(c),
				age(d.state.TimeMS, c.CapturedMS), number(c.Frames), number(dropped), number(c.Reconnects),
				fmt.Sprintf("%d/%d", c.Buffers, c.BuffersCapacity), bytesOf(uint64(max(0, c.RingBytes))), m.mutedText(t), clean(c.Error),
			}
		}})
	}
	return l
}

func picture(c *api.Camera) string {
	if c.Width == 0 {
		return "-"
	}
	return fmt.Sprintf("%dx%d", c.Width, c.Height)
}

// mutedText says until when something is muted.
func (m *model) mutedText(t target) string {
	if until := m.until(t); until > 0 {
		return m.clockTime(until)
	}
	return ""
}

// camera is all that is known of a camera.
func (m *model) camera(r row, w int) []string {
	d := m.shown()
	c := d.state.Cameras[r.key]
	if c == nil {
		return []string{"", paint(dim, "  it is gone")}
	}
	out := []string{"", heading("camera " + clean(r.key)), "", field("state", m.g.mark(stateTone(c.State))+" "+clean(c.State))}
	if c.Error != "" {
		out = append(out, wrapField("why", clean(c.Error), w)...)
	}
	out = append(out,
		field("picture", picture(c)+fmt.Sprintf("  at %.1f a second", c.FPS)),
		field("newest", age(d.state.TimeMS, c.CapturedMS)+" old"),
		field("frames", number(c.Frames)),
		field("connected again", number(c.Reconnects)+fmt.Sprintf(" times, %d stalls", c.Stalls)),
		field("buffers", fmt.Sprintf("%d of %d held", c.Buffers, c.BuffersCapacity)),
		field("evidence ring", fmt.Sprintf("%s of %s", bytesOf(uint64(max(0, c.RingBytes))), bytesOf(uint64(max(0, c.RingCapacity))))),
	)
	if t := d.tracks["camera/"+r.key]; t != nil {
		out = append(out, field("last minute", t.graph(min(60, w-38), 0, m.g)+fmt.Sprintf("  top %.1f fps", t.top())))
	}
	if until := m.mutedText(target{camera: r.key}); until != "" {
		out = append(out, field("muted until", until))
	}
	out = append(out, "", heading("Pictures dropped"))
	if cs := dropCauses(c); len(cs) > 0 {
		out = append(out, m.bars(cs, w)...)
	} else {
		out = append(out, "    none")
	}
	out = append(out, "", heading("Detectors on it"))
	alone := true
	for _, id := range sortedKeys(d.state.Detectors) {
		if x := d.state.Detectors[id]; x.Camera == r.key {
			rate, _ := d.tracks["detector/"+id].now()
			out = append(out, fmt.Sprintf("    %s %s %s  %s", m.g.mark(stateTone(x.Health)), fit(clean(x.Detector), 24, m.g), fitRight(rateText(rate), 8, m.g), doing(x)))
			alone = false
		}
	}
	if alone {
		out = append(out, "    none")
	}
	return out
}

// dropCauses are the pictures of a camera that the core did not get.
func dropCauses(c *api.Camera) []cause {
	return causes(map[string]uint64{"superseded": c.Dropped.Superseded, "no buffer": c.Dropped.NoBuffer, "corrupt": c.Dropped.Corrupt})
}
