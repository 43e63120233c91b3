package engine

import (
	"rvo.dev/engine/graph"
	"rvo.dev/engine/sched"
)

// lay puts what stays into the new wiring, and what can be taken back from the edit that this one undoes. The places of what has
// to be opened stay empty.
func (d *edit) lay() {
	d.layCameras()
	d.layModels()
	d.layLanes()
	d.layMachines()
	d.laySinks()
}

func (d *edit) layCameras() {
	g := d.new.g
	for i, from := range backwards(d.remap.Cameras, len(g.Cameras)) {
		id := g.Cameras[i].ID
		s := &seat{spec: &g.Cameras[i], index: i, ready: d.new.ready}
		d.seats[i] = s
		var enc *encoder
		if from != sched.Gone {
			d.was[i] = d.old.cams[from]
			enc = d.old.cams[from].seat.Load().enc
			if d.does("camera/"+id) != graph.Replace {
				d.new.cams[i] = d.old.cams[from]
			}
		}
		if d.undoes != nil {
			if d.new.cams[i] == nil {
				d.new.cams[i] = find(d.undoes.gone.cams, func(c *camera) bool { return c.id == id && c.alive() })
			}
			if enc == nil {
				enc = find(d.undoes.gone.encoders, func(e *encoder) bool { return e.camera == id })
			}
		}
		if s.spec.Ring == 0 {
			continue
		}
		if enc == nil {
			enc = newEncoder(d.e.evidence, g, i)
			d.made.encoders = append(d.made.encoders, enc)
		} else if want := samplingOf(s.spec); *want != *enc.want.Load() {
			d.sampling[enc] = want
		}
		s.enc = enc
	}
	for i, c := range d.old.cams {
		now := d.remap.Cameras[i]
		if now == sched.Gone || d.new.cams[now] != c {
			d.gone.cams = append(d.gone.cams, c)
		}
		if enc := c.seat.Load().enc; enc != nil && (now == sched.Gone || d.seats[now].enc != enc) {
			d.gone.encoders = append(d.gone.encoders, enc)
		}
	}
}

func (d *edit) layModels() {
	had := map[string]*model{}
	for _, m := range d.old.models {
		had[m.id] = m
	}
	for i := range d.new.g.Detectors {
		id := d.new.g.Detectors[i].ID
		if m := had[id]; m != nil && d.does("detector/"+id) != graph.Replace {
			d.new.models[i] = m
			delete(had, id)
		} else if d.undoes != nil {
			d.new.models[i] = find(d.undoes.gone.models, func(m *model) bool { return m.id == id })
		}
	}
	for _, m := range d.old.models {
		if had[m.id] != nil {
			d.gone.models = append(d.gone.models, m)
		}
	}
}

// layLanes comes after the core was asked which lanes begin anew, and after the models.
func (d *edit) layLanes() {
	g := d.new.g
	for i, from := range backwards(d.remap.Instances, len(g.Instances)) {
		name, m := g.InstanceName(i), d.new.models[g.Instances[i].Detector]
		if from != sched.Gone && !d.core.Fresh(i) && d.old.lanes[from].model == m {
			d.new.lanes[i] = d.old.lanes[from]
			d.envs[i] = instanceEnv(g, i)
			continue
		}
		if d.undoes != nil && m != nil {
			d.new.lanes[i] = find(d.undoes.gone.lanes, func(l *lane) bool { return l.name() == name && l.model == m && l.rests() })
		}
	}
	for i, l := range d.old.lanes {
		if now := d.remap.Instances[i]; now == sched.Gone || d.new.lanes[now] != l {
			d.gone.lanes = append(d.gone.lanes, l)
		}
	}
}

func (d *edit) layMachines() {
	for i, from := range backwards(d.remap.Machines, len(d.new.machines)) {
		if from != sched.Gone {
			d.new.machines[i] = d.old.machines[from]
		} else {
			d.new.machines[i] = newMachine(d.new.g, i, d.e.metrics.latency)
		}
	}
}

func (d *edit) laySinks() {
	had := map[string]*sink{}
	for _, s := range d.old.sinks {
		had[s.id] = s
	}
	for i := range d.new.g.Sinks {
		spec := &d.new.g.Sinks[i]
		s := had[spec.ID]
		delete(had, spec.ID)
		if s == nil && d.undoes != nil {
			s = find(d.undoes.gone.sinks, func(s *sink) bool { return s.id == spec.ID })
		}
		if s == nil {
			continue
		}
		d.new.sinks[i] = s
		if s.q.Cap() != spec.Queue {
			d.queues[s] = spec.Queue
		}
	}
	for _, s := range d.old.sinks {
		if had[s.id] != nil {
			d.gone.sinks = append(d.gone.sinks, s)
		}
	}
}
