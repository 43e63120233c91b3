//go:build cgo

package ort

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	lib "github.com/yalue/onnxruntime_go"

	"rvo.dev/nodes/model"
)

// Runtime is ONNX Runtime. A process has one at most: the library's state is its own.
type Runtime struct {
	find func() (string, error)
	mu   struct {
		sync.Mutex
		path string
	}
}

// New returns the runtime whose library find names. Nothing is loaded before Name or Open.
func New(find func() (string, error)) *Runtime { return &Runtime{find: find} }

// Load loads the library, once. It fails with an error that wraps ErrNoLibrary where there is none.
func (r *Runtime) Load() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.mu.path != "" || lib.IsInitialized() {
		return nil
	}
	path, err := r.find()
	if err != nil {
		return err
	}
	lib.SetSharedLibraryPath(path)
	// What goes wrong comes back as an error; the library's own log, on standard error, would be the same once more.
	if err := lib.InitializeEnvironment(lib.WithLogLevelFatal()); err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	r.mu.path = path
	return nil
}

// Name implements model.Runtime.
func (r *Runtime) Name() string {
	if r.Load() != nil {
		return "onnxruntime"
	}
	return "onnxruntime " + lib.GetVersion()
}

// Open implements model.Runtime. Threads above 1 do not spin while they wait: with spinning, two of them took 1.4 times the
// processor time for the same run (MODELS).
func (r *Runtime) Open(f model.Files, o model.Options) (model.Network, error) {
	if err := r.Load(); err != nil {
		return nil, err
	}
	if len(f.Config) > 0 {
		return nil, errors.New("onnxruntime reads no Darknet networks: use OpenCV (runtime: \"opencv\")")
	}
	in, out, err := model.ReadONNX(f.Weights)
	if err != nil {
		return nil, err
	}
	options, err := lib.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	defer func() { _ = options.Destroy() }()
	if err := errors.Join(
		options.SetIntraOpNumThreads(max(o.Threads, 1)),
		options.SetInterOpNumThreads(1),
		options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
	); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", err)
	}
	s, err := lib.NewDynamicAdvancedSessionWithONNXData(f.Weights, names(in), names(out), options)
	if err != nil {
		return nil, fmt.Errorf("onnxruntime: %w", tidy(err))
	}
	return &network{session: s, outputs: out}, nil
}

// tidy takes the line ends out of the library's messages.
func tidy(err error) error { return errors.New(strings.Join(strings.Fields(err.Error()), " ")) }

func names(infos []model.Info) []string {
	var out []string
	for _, i := range infos {
		out = append(out, i.Name)
	}
	return out
}

// network is a loaded network. The library lets several threads run it at once.
type network struct {
	session *lib.DynamicAdvancedSession
	outputs []model.Info
}

// NewSession implements model.Network.
func (n *network) NewSession() (model.Session, error) {
	return &session{n: n, out: make([]lib.Value, len(n.outputs)), tensors: make([]model.Tensor, len(n.outputs))}, nil
}

// Close implements model.Network.
func (n *network) Close() error { return n.session.Destroy() }

// session keeps the memory of one runner: outputs of one shape are computed into the same place each time.
type session struct {
	n       *network
	data    []float32 // what in is made of
	in      *lib.Tensor[float32]
	out     []lib.Value
	tensors []model.Tensor
}

// Run implements model.Session.
func (s *session) Run(in model.Tensor) ([]model.Tensor, error) {
	if err := s.input(in); err != nil {
		return nil, err
	}
	if err := s.n.session.Run([]lib.Value{s.in}, s.out); err != nil {
		s.drop()
		return nil, fmt.Errorf("onnxruntime: %w", tidy(err))
	}
	for i, v := range s.out {
		t, ok := v.(*lib.Tensor[float32])
		if !ok {
			name := s.n.outputs[i].Name
			s.drop()
			return nil, fmt.Errorf("onnxruntime: output %s is not of 32-bit floating point numbers", name)
		}
		shape := s.tensors[i].Shape[:0]
		for _, n := range t.GetShape() {
			shape = append(shape, int(n))
		}
		s.tensors[i] = model.Tensor{Name: s.n.outputs[i].Name, Shape: shape, Data: t.GetData()}
	}
	return s.tensors, nil
}

// input makes the library's view of the input, which stays while the memory does.
func (s *session) input(in model.Tensor) error {
	if s.in != nil && len(s.data) == len(in.Data) && len(in.Data) > 0 && &s.data[0] == &in.Data[0] {
		return nil
	}
	s.drop()
	shape := make([]int64, len(in.Shape))
	for i, n := range in.Shape {
		shape[i] = int64(n)
	}
	t, err := lib.NewTensor(lib.NewShape(shape...), in.Data)
	if err != nil {
		return fmt.Errorf("onnxruntime: %w", tidy(err))
	}
	s.in, s.data = t, in.Data
	return nil
}

// drop gives back all memory: the next run makes it anew.
func (s *session) drop() {
	if s.in != nil {
		_ = s.in.Destroy()
		s.in, s.data = nil, nil
	}
	for i, v := range s.out {
		if v != nil {
			_ = v.Destroy()
			s.out[i] = nil
		}
	}
}

// Close implements model.Session.
func (s *session) Close() error {
	s.drop()
	return nil
}

// Built reports whether this build can load the library.
func (*Runtime) Built() bool { return true }
