//go:build cgo && opencv

package cv

/*
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"

	"rvo.dev/nodes/model"
)

func dnn() (model.Runtime, bool) { return dnnRuntime{}, true }

type dnnRuntime struct{}

// Name implements model.Runtime.
func (dnnRuntime) Name() string { return "opencv " + opencvVersion() }

// Open implements model.Runtime. OpenCV cannot run one network from two threads: each session loads it again.
func (dnnRuntime) Open(f model.Files, o model.Options) (model.Network, error) {
	if len(f.Weights) == 0 {
		return nil, errors.New("opencv: the network's file is empty")
	}
	if err := raiseThreads(max(o.Threads, 1)); err != nil {
		return nil, err
	}
	n := &dnnNetwork{files: f}
	if len(f.Config) == 0 {
		_, out, err := model.ReadONNX(f.Weights)
		if err != nil {
			return nil, err
		}
		n.out = out
	}
	first, err := n.open()
	if err != nil {
		return nil, err
	}
	n.first = first
	return n, nil
}

// dnnNetwork is a network's files; the first session is made when it is loaded, to find what OpenCV cannot read.
type dnnNetwork struct {
	files model.Files
	out   []model.Info // in the file's order; nil for Darknet
	first *dnnSession
}

// NewSession implements model.Network.
func (n *dnnNetwork) NewSession() (model.Session, error) {
	if s := n.first; s != nil {
		n.first = nil
		return s, nil
	}
	return n.open()
}

// Close implements model.Network.
func (n *dnnNetwork) Close() error {
	if n.first != nil {
		return n.first.Close()
	}
	return nil
}

func (n *dnnNetwork) open() (*dnnSession, error) {
	var err *C.char
	w, c := n.files.Weights, n.files.Config
	p := C.rvo_net_open(unsafe.Pointer(unsafe.SliceData(w)), C.size_t(len(w)), unsafe.Pointer(unsafe.SliceData(c)), C.size_t(len(c)), &err)
	if p == nil {
		return nil, fmt.Errorf("opencv: %w", take(err))
	}
	s := &dnnSession{p: p}
	names := map[string]int{}
	for i := range int(C.rvo_net_outputs(p)) {
		name := C.GoString(C.rvo_net_output(p, C.int(i)))
		names[name] = i
		if n.out == nil {
			s.order = append(s.order, i)
			s.tensors = append(s.tensors, model.Tensor{Name: name})
		}
	}
	for _, o := range n.out {
		i, ok := names[o.Name]
		if !ok {
			return nil, errors.Join(fmt.Errorf("opencv: the network has lost its output %s in reading", o.Name), s.Close())
		}
		s.order = append(s.order, i)
		s.tensors = append(s.tensors, model.Tensor{Name: o.Name})
	}
	return s, nil
}

// dnnSession is one copy of a network.
type dnnSession struct {
	p       *C.rvo_net
	order   []int // of OpenCV's outputs
	tensors []model.Tensor
}

// Run implements model.Session. The numbers stay in OpenCV's memory.
func (s *dnnSession) Run(in model.Tensor) ([]model.Tensor, error) {
	if len(in.Shape) != 4 || len(in.Data) == 0 {
		return nil, fmt.Errorf("opencv: input %s of shape %v, must have 4 axes", in.Name, in.Shape)
	}
	var shape [4]C.int
	for i, n := range in.Shape {
		shape[i] = C.int(n)
	}
	var err *C.char
	if C.rvo_net_run(s.p, (*C.float)(unsafe.SliceData(in.Data)), &shape[0], &err) == 0 || err != nil {
		return nil, fmt.Errorf("opencv: %w", take(err))
	}
	for k, i := range s.order {
		var axes C.int
		var sides [8]C.int
		data := C.rvo_net_result(s.p, C.int(i), &axes, &sides[0])
		t := &s.tensors[k]
		t.Shape = t.Shape[:0]
		n := 1
		for _, side := range sides[:axes] {
			t.Shape = append(t.Shape, int(side))
			n *= int(side)
		}
		t.Data = unsafe.Slice((*float32)(data), n)
	}
	return s.tensors, nil
}

// Close implements model.Session.
func (s *dnnSession) Close() error {
	C.rvo_net_free(s.p)
	return nil
}
