package evidence

import (
	"errors"
	"fmt"
)

// Change is another set of policies and cameras, made ready beside the recorder's work. Clips that are open keep the policy that
// they were opened with; rings of cameras that stay keep their newest samples, and the ring of a camera that goes lives until
// its clips are written. A change that is not switched to leaves nothing behind.
type Change struct {
	r *Recorder

	set       []policyChange
	dropped   []*policyState
	added     []*track // new, or back before they were forgotten
	gone      []*track
	resized   []*track
	newBounds []CameraOptions // of resized
}

type policyChange struct {
	state  *policyState
	policy Policy
}

// Prepare checks policies and cameras and returns the change that leads to them, or every reason against it. One change is
// prepared, switched to and settled before the next.
func (r *Recorder) Prepare(policies []Policy, cameras []CameraOptions) (*Change, error) {
	if err := validate(policies, cameras); err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &Change{r: r}
	stays := map[string]bool{}
	for _, p := range policies {
		stays["p"+p.ID] = true
		s := r.mu.policies[p.ID]
		switch {
		case s == nil:
			s = newPolicyState()
		case !s.gone && s.policy == p:
			continue
		}
		c.set = append(c.set, policyChange{s, p})
	}
	for id, s := range r.mu.policies {
		if !stays["p"+id] {
			c.dropped = append(c.dropped, s)
		}
	}
	for _, o := range cameras {
		stays["c"+o.ID] = true
		if o.Hold == 0 {
			o.Hold = o.Bytes
		}
		t := r.mu.cameras[o.ID]
		if t == nil {
			t = &track{id: o.ID, ring: NewRing(o.Bytes, o.Hold, o.Span), last: map[string][]written{}}
		} else if b := t.ring.Stats(); b.Bound != o.Bytes || b.HeldBound != o.Hold || b.SpanBound != o.Span {
			c.resized, c.newBounds = append(c.resized, t), append(c.newBounds, o)
		}
		if r.mu.cameras[o.ID] == nil || t.gone {
			c.added = append(c.added, t)
		}
	}
	for id, t := range r.mu.cameras {
		if !stays["c"+id] {
			c.gone = append(c.gone, t)
		}
	}
	return c, nil
}

// Switch makes the change hold. It takes as long as there are differences, touches no disk and cannot fail.
func (c *Change) Switch() {
	r := c.r
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range c.dropped {
		s.gone = true
	}
	for _, p := range c.set {
		p.state.policy, p.state.gone = p.policy, false
		r.mu.policies[p.policy.ID] = p.state
	}
	for _, t := range c.gone {
		t.gone = true
	}
	for _, t := range c.added {
		t.gone = false
		r.mu.cameras[t.id] = t
	}
}

// Settle does what can wait until after Switch: rings get their new bounds, and what nobody needs any more is forgotten.
func (c *Change) Settle() {
	for i, t := range c.resized {
		t.ring.Resize(c.newBounds[i].Bytes, c.newBounds[i].Hold, c.newBounds[i].Span)
	}
	c.r.mu.Lock()
	defer c.r.mu.Unlock()
	c.r.forget()
}

// Adopt checks the folder of a policy that is not in the recorder yet, as Check and Sweep do at the start.
func (r *Recorder) Adopt(p *Policy) (Swept, error) {
	r.disk.Lock()
	defer r.disk.Unlock()
	if err := r.probe(p); err != nil {
		return Swept{}, explain(p, causeOf(err), err)
	}
	return r.sweep(p.Dir)
}

func validate(policies []Policy, cameras []CameraOptions) error {
	var errs []error
	seen := map[string]bool{}
	for i := range policies {
		p := &policies[i]
		errs = append(errs, p.validate())
		if seen["p"+p.ID] {
			errs = append(errs, fmt.Errorf("evidence %q is given twice", p.ID))
		}
		seen["p"+p.ID] = true
	}
	for i := range cameras {
		c := &cameras[i]
		errs = append(errs, c.validate())
		if seen["c"+c.ID] {
			errs = append(errs, fmt.Errorf("camera %q is given twice", c.ID))
		}
		seen["c"+c.ID] = true
	}
	return errors.Join(errs...)
}
