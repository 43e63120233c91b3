package sched

// external stores what was told from outside of the pipeline. A value that is older than the cell's, or of another type, is
// counted and not stored.
func (c *Core) external(in *Input, out []Decision) []Decision {
	capture := in.Capture
	if capture == 0 {
		capture = c.now
	}
	for i := range in.Outputs {
		out = c.touch(in.Outputs[i].Index, out)
	}
	for i := range in.Outputs {
		o := &in.Outputs[i]
		set := false
		if o.Value.Type() == c.g.Cells[o.Index].Type {
			out, set = c.write(o.Index, &o.Value, capture, 0, out)
		}
		if !set {
			c.Stats.Stale++
		}
	}
	return out
}
