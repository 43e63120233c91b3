package onnx

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"rvo.dev/engine/frame"
	"rvo.dev/nodes/model"
)

// stack is one network for 1, 2, 4 and so on pictures at once: a batch of any size is computed in a few runs, and none for
// pictures that are not there. The weights are loaded once for each. It is not safe for concurrent use.
type stack struct {
	networks []model.Network
	levels   []level // level i takes 1 << i pictures
	outputs  []model.Tensor
}

// level is the network for a number of pictures.
type level struct {
	session model.Session
	in      model.Tensor
}

// newStack loads a plan's network for up to most pictures, and finds out whether it gives for several what it gives for each.
func newStack(rt model.Runtime, plan *model.Plan, threads, most int) (*stack, error) {
	s := &stack{}
	for n := 1; n <= most; n *= 2 {
		err := s.load(rt, plan, threads, n)
		if err == nil {
			err = s.check(plan, n)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("batch: the network cannot take %d pictures at once: %w", n, err), s.close())
		}
	}
	return s, nil
}

func (s *stack) load(rt model.Runtime, plan *model.Plan, threads, n int) error {
	files, err := plan.Batch(n)
	if err != nil {
		return err
	}
	network, err := rt.Open(files, model.Options{Threads: threads})
	if err != nil {
		return err
	}
	s.networks = append(s.networks, network)
	session, err := network.NewSession()
	if err != nil {
		return err
	}
	s.levels = append(s.levels, level{session: session, in: plan.Input(n)})
	return nil
}

// check runs the highest level on different pictures and compares the first and the last of them with the lowest level.
func (s *stack) check(plan *model.Plan, n int) error {
	l, one := &s.levels[len(s.levels)-1], &s.levels[0]
	size := len(one.in.Data)
	for i := range n {
		in, err := plan.NewLens().Feed(noise(plan.Width, plan.Height, i))
		if err != nil {
			return err
		}
		copy(l.in.Data[i*size:], in.Data)
	}
	out, err := l.session.Run(l.in)
	if err != nil || n == 1 {
		return err
	}
	for _, i := range []int{0, n - 1} {
		copy(one.in.Data, l.in.Data[i*size:(i+1)*size])
		want, err := one.session.Run(one.in)
		if err != nil {
			return err
		}
		got, err := model.Split(out, i, n, nil)
		if err != nil {
			return err
		}
		if err := model.Alike(got, want); err != nil {
			return fmt.Errorf("it gives for picture %d of them what it does not give for it alone: %w", i+1, err)
		}
	}
	return nil
}

// noise is a picture like no other.
func noise(w, h, n int) frame.Plane {
	p := frame.Plane{Width: w, Height: h, Stride: 3 * w, Channels: 3, Pix: make([]byte, 3*w*h)}
	r := rand.New(rand.NewPCG(uint64(n), 1))
	for i := range p.Pix {
		p.Pix[i] = byte(r.UintN(256))
	}
	return p
}

// run answers the asks.
func (s *stack) run(asks []*ask) {
	for i := len(s.levels) - 1; i >= 0; i-- {
		for n := 1 << i; len(asks) >= n; asks = asks[n:] {
			if err := s.runLevel(&s.levels[i], asks[:n]); err != nil {
				for _, a := range asks[:n] {
					a.found, a.err = nil, err
				}
			}
		}
	}
}

func (s *stack) runLevel(l *level, asks []*ask) error {
	size := len(l.in.Data) / len(asks)
	for i, a := range asks {
		copy(l.in.Data[i*size:(i+1)*size], a.in.Data)
	}
	out, err := l.session.Run(l.in)
	if err != nil {
		return err
	}
	for i, a := range asks {
		if s.outputs, err = model.Split(out, i, len(asks), s.outputs); err != nil {
			return err
		}
		a.found, a.err = a.lens.Read(s.outputs, a.filter)
	}
	return nil
}

func (s *stack) close() error {
	var errs []error
	for _, l := range s.levels {
		errs = append(errs, l.session.Close())
	}
	for _, n := range s.networks {
		errs = append(errs, n.Close())
	}
	return errors.Join(errs...)
}
