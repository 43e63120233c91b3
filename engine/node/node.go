// Package node is the contract between the engine and what it runs: cameras, detectors and sinks, each a Kind that can
// be read without being built.
//
//	func Kind() node.Kind {
//		return node.Detector(node.Contract{Name: "motion", Doc: "…", Options: optionsCUE, …}, open)
//	}
//	set, err := node.NewSet(motion.Kind(), jsonl.Kind())
//
// A kind is a value; there is no registry and nothing happens on import. Vet, docs and completion read contracts, only
// the engine opens nodes. The package starts no goroutine and reads no clock.
package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// Role is what a kind is for.
type Role uint8

const (
	// RoleCamera gives frames.
	RoleCamera Role = iota
	// RoleDetector turns frames into signals.
	RoleDetector
	// RoleSink takes event records.
	RoleSink
)

// String returns "camera", "detector" or "sink".
func (r Role) String() string { return [...]string{"camera", "detector", "sink"}[r] }

// Change is what an edit of an option asks of a running node.
type Change uint8

const (
	// Replace builds a new node, warms it and switches over. It is the class of every option that names no other.
	Replace Change = iota
	// Retune changes the running node in place.
	Retune
	// Exclusive replaces a node that cannot run beside its successor: a device, a listening port.
	Exclusive
)

// String returns "replace", "retune" or "exclusive".
func (c Change) String() string { return [...]string{"replace", "retune", "exclusive"}[c] }

// MarshalText writes the class as its word.
func (c Change) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads the word of a class.
func (c *Change) UnmarshalText(text []byte) error {
	for *c = Replace; *c <= Exclusive; *c++ {
		if c.String() == string(text) {
			return nil
		}
	}
	return fmt.Errorf("class %q: must be replace, retune or exclusive", text)
}

// Emit is one signal that a detector gives.
type Emit struct {
	Name string
	Type signal.Type
	Doc  string
	// TTL is how long a value stays fresh, 0 for the default of three periods and a cost.
	TTL time.Duration
	// Min and Max bound the value where they are known (Max > Min).
	Min, Max float64
	// Labels are the words of a label signal, or those of the boxes of one of boxes, where they are known.
	Labels []string
}

// Contract is what a kind promises. It is data: reading it builds nothing.
type Contract struct {
	Role Role
	// Name is the kind's name and the key that selects it in a pipeline: lower case letters and digits.
	Name string
	// Doc is one sentence on what it does, without a final full stop, then anything more a user must know.
	Doc string
	// Options is the CUE text of the definition #Options, the schema of what stands under the kind's key. It may
	// use the scalars of the core language (#Duration, #Rate, #Unit, #Count, #Bytes, #Secret) and import nothing.
	Options string
	// Needs says what a build lacks that does not have this kind and how to get it; empty for kinds always there.
	Needs string
	// Changes is the class of each option, by name; no option is left out (nodetest looks). Of class Retune are those that the
	// node's Source, Model or Sink changes as a Retuner, and none that decides which signals Emits gives. Replace says that
	// nodes which differ in this option may both be open, whatever Exclusive says. Of an option that is a map, "lines.*" is the
	// class of what a name stands for, where that is another than that of which names there are, "lines". For cameras there may
	// be "camera.fps", "camera.width", "camera.height" and "camera.loop" too: Retune where a source is not opened with what
	// CameraEnv says of it, so that it goes on; left out, they are Replace.
	Changes map[string]Change

	// Version is raised with a change of code after which a node that runs must not go on as it is: other results, or a state
	// that means something else.
	Version int

	// Reads, Writes, Secrets and Endpoints name the options that point outside of the pipeline: paths of files and folders
	// that the node reads, and those that it writes; references to secrets; addresses of somebody else. Uses reads them.
	Reads, Writes, Secrets, Endpoints []string
	// Named reports that a value of an option in Reads is a name that the kind knows and no path; nil: none is.
	Named func(value string) bool
	// Probe reads the files that the options name and returns what is wrong with them, with the option that should change; nil:
	// there is nothing to find out by reading. It builds nothing, and of env only the folders are set.
	Probe func(env Env, options json.RawMessage) (option string, err error)
	// Zones is the option that lists zones of the camera by name; empty: there is none.
	Zones string
	// Masks is set for detectors that leave out what InstanceEnv.Masks covers.
	Masks bool

	// Live is set for cameras whose source goes on without us, so that a lost picture is lost; the others can wait
	// (a file) and may run in lockstep.
	Live bool
	// Exclusive is set where two nodes with the same options cannot be open at once.
	Exclusive bool

	// Emits returns the signals that a detector with these options gives, in a fixed order. Nil for other roles.
	Emits func(options json.RawMessage) ([]Emit, error)
	// Cost is what one run takes by default, for schedules and ttl. With it in Options, CostOf tells.
	Cost time.Duration
	// CostOf returns the cost for these options, where they decide it; nil otherwise.
	CostOf func(options json.RawMessage) time.Duration
	// Blocking is set for detectors that wait rather than compute: they take no CPU slot.
	Blocking bool
	// Waits reports whether detectors with these options wait, too, of a kind that is not Blocking; nil: none does.
	Waits func(options json.RawMessage) bool
	// NoFrame is set for detectors that look at no picture: they are due by time alone.
	NoFrame bool
	// External is set for detectors that are never run, and NoFrame with it: what their signals say is told from outside.
	External bool
}

// HasMembers reports whether Changes has a class for what is in the option, which is a map, beside that of its names.
func (c *Contract) HasMembers(option string) bool {
	_, ok := c.Changes[option+".*"]
	return ok
}

// BlockingWith reports whether a detector with these options waits rather than computes.
func (c *Contract) BlockingWith(options json.RawMessage) bool {
	return c.Blocking || c.Waits != nil && c.Waits(options)
}

// ErrNotBuilt is what opening a kind gives whose code is not in this build.
var ErrNotBuilt = errors.New("not in this build")

// ErrClosed is what a stream or an instance gives after Close.
var ErrClosed = errors.New("closed")

// Env is what the engine hands to a node. Every field is set.
type Env struct {
	// ID is the node's id in the pipeline.
	ID string
	// Dir is the pipeline's folder; InputPath resolves against it.
	Dir string
	// StateDir is where a node may write; OutputPath resolves against it.
	StateDir string
	Log      *slog.Logger
	// Secret returns the value behind a secret's reference. It is never logged.
	Secret func(Secret) (string, error)
	// Now returns core time.
	Now func() tick.Time
	// Seed is derived from the node's id: the same on every machine and in every run.
	Seed uint64
	// Terminal says that standard output is one a person reads.
	Terminal bool
	// Stdout is where the stdout sink writes.
	Stdout io.Writer
}

// Secret is a reference to a secret, never the secret itself: an environment variable or a file.
type Secret struct {
	Env  string `json:"env,omitempty"`
	File string `json:"file,omitempty"`
}

// CameraEnv is what a camera gets beside Env.
type CameraEnv struct {
	Env
	Camera frame.CameraID
	// FPS, Width and Height are what the pipeline asks for; 0 leaves it to the source.
	FPS           float64
	Width, Height int
	Loop          bool
}

// Source opens streams. Open may be called again after a stream ended, never while one is open.
type Source interface {
	// Open connects. It may block and must return when ctx is done or soon after. The error says what to do.
	Open(ctx context.Context) (Stream, error)
}

// Stream gives pictures. One goroutine calls Next and Close.
type Stream interface {
	// Next waits for the next picture and returns it in a frame from alloc, with one reference that goes to the
	// caller, its PTS set for sources that have media time, Seq and Capture left to the engine. A source that
	// knows the moment of capture on the core's line (Env.Now) sets Capture; 0 lets the engine stamp it.
	//
	// When alloc fails with frame.ErrNoBuffer the picture is dropped and Next returns that error: the stream goes on.
	// A picture that cannot be decoded gives an error that wraps ErrCorrupt: the stream goes on. io.EOF is the end of
	// a file. After any other error the stream is dead: Close it. Next returns soon after ctx is done where the
	// source allows; the engine abandons and counts a Next that does not return.
	Next(ctx context.Context, alloc Allocator) (*frame.Frame, error)
	// Info says what the stream turned out to be. It may be called once Open has returned.
	Info() StreamInfo
	// Close gives everything back. It is called once, also while Next is stuck in another goroutine.
	Close() error
}

// ErrCorrupt says that one picture could not be decoded and the stream goes on.
var ErrCorrupt = errors.New("corrupt picture")

// StreamInfo is what an open stream knows of itself; 0 where it does not.
type StreamInfo struct {
	Width, Height int
	FPS           float64
	// Frames is the length of a file in pictures, where it is known.
	Frames int
}

// Allocator gives frames to fill: a frame.Pool.
type Allocator interface {
	Get(format frame.Format, width, height int) (*frame.Frame, error)
}

// DetectorEnv is what a detector's model gets beside Env.
type DetectorEnv struct {
	Env
	// Threads is how many threads one run may use.
	Threads int
	Codec   frame.Codec
	// Compute runs f on a thread of the priority that runs have and waits for its end, for detectors that wait and then compute:
	// their runs have no CPU slot and no such thread. It may be called from several goroutines, and costs what a thread does.
	Compute func(f func())
}

// InstanceEnv is what an instance of a detector gets: one for each camera.
type InstanceEnv struct {
	Camera frame.CameraID
	Seed   uint64 // from detector and camera id
	// Masks are the parts of the picture in which nothing counts, for kinds whose contract has Masks.
	Masks []signal.Polygon
	// Zones are the named parts of the picture. They are the caller's: not to be changed.
	Zones map[string]signal.Polygon
}

// Model is what all cameras of a detector share: weights, a connection.
type Model interface {
	// NewInstance returns an instance for one camera. It may block.
	NewInstance(ctx context.Context, env InstanceEnv) (Instance, error)
	// Close is called once, after every instance was closed.
	Close() error
}

// Instance is a detector on one camera. Calls never overlap: the engine makes one at a time, on changing threads, in
// the order of the frames.
type Instance interface {
	// Detect looks at the run's frames and sets signals. It must not keep the frames after returning (Retain them
	// for that) nor change them. It returns soon after ctx is done where it can; the engine abandons a run at its
	// timeout, and the late result is thrown away. After an error, or a panic, what it set is thrown away and the
	// instance is used again: its state must be as if the run had not been.
	Detect(ctx context.Context, run *Run) error
	// Close is called once; never while Detect runs, unless that run was abandoned.
	Close() error
}

// Run is one start of a detector.
type Run struct {
	// Frames are what to look at, oldest first; empty for a NoFrame kind.
	Frames []*frame.Frame
	// Now is the core time of the start.
	Now tick.Time
	// N counts the instance's runs, from 1.
	N uint64
	// Inputs are the signals it needs, in the order of `needs`, with their values and capture times.
	Inputs []Input

	values []Output
	emits  []Emit
}

// Input is a signal that a detector reads.
type Input struct {
	Signal  string
	Value   signal.Value
	Capture tick.Time
}

// Output is one value a run has set.
type Output struct {
	Index int // in the contract's Emits
	Value signal.Value
}

// NewRun returns a run for a detector that gives emits.
func NewRun(emits []Emit) *Run { return &Run{emits: emits} }

// Set gives the signal a value. It panics for a name or a type outside the contract: that is a fault of the kind, which
// the engine contains like any other panic of a detector.
func (r *Run) Set(name string, v signal.Value) {
	for i := range r.emits {
		if r.emits[i].Name != name {
			continue
		}
		if r.emits[i].Type != v.Type() {
			panic(fmt.Sprintf("signal %q is %s, got %s", name, r.emits[i].Type, v.Type()))
		}
		for j := range r.values {
			if r.values[j].Index == i {
				r.values[j].Value = v
				return
			}
		}
		r.values = append(r.values, Output{i, v})
		return
	}
	panic(fmt.Sprintf("signal %q is not in the contract", name))
}

// Outputs returns what was set, in the order of the first Set of each. It is valid until Reset.
func (r *Run) Outputs() []Output { return r.values }

// Reset makes the run ready for another start, keeping its memory.
func (r *Run) Reset() {
	clear(r.Frames)
	r.Frames, r.Inputs, r.values = r.Frames[:0], r.Inputs[:0], r.values[:0]
}

// ResetFor is Reset for the start of another detector, which gives emits. What the one before set or was given is forgotten.
func (r *Run) ResetFor(emits []Emit) {
	clear(r.Inputs)
	clear(r.values)
	r.Reset()
	r.Now, r.N, r.emits = 0, 0, emits
}

// Sink takes event records. One goroutine calls it.
type Sink interface {
	// Write delivers one record: its struct, and the line it is published as (JSON without line end). It may block
	// until ctx is done; the live path does not wait for it. An error makes the engine try again within a bound.
	Write(ctx context.Context, r *Record, line []byte) error
	// Close flushes and gives everything back.
	Close() error
}

// Reopener is a Sink that can reopen what it writes to, on SIGHUP.
type Reopener interface{ Reopen() error }

// Kind is a type of node: a contract and how to open it.
type Kind struct {
	Contract Contract

	camera   func(CameraEnv, json.RawMessage) (Source, error)
	detector func(context.Context, DetectorEnv, json.RawMessage) (Model, error)
	sink     func(context.Context, Env, json.RawMessage) (Sink, error)
	check    func(json.RawMessage) error
	options  reflect.Type
}

// Camera returns a camera kind whose options decode into O. A nil open makes a kind that is known and not built.
func Camera[O any](c Contract, open func(CameraEnv, O) (Source, error)) Kind {
	c.Role = RoleCamera
	k := Kind{Contract: c, check: check[O], options: reflect.TypeFor[O]()}
	if open != nil {
		k.camera = func(env CameraEnv, raw json.RawMessage) (Source, error) {
			o, err := decode[O](raw)
			if err != nil {
				return nil, err
			}
			return open(env, o)
		}
	}
	return k
}

// Detector returns a detector kind whose options decode into O. A nil open makes a kind that is known and not built.
func Detector[O any](c Contract, open func(context.Context, DetectorEnv, O) (Model, error)) Kind {
	c.Role = RoleDetector
	k := Kind{Contract: c, check: check[O], options: reflect.TypeFor[O]()}
	if open != nil {
		k.detector = func(ctx context.Context, env DetectorEnv, raw json.RawMessage) (Model, error) {
			o, err := decode[O](raw)
			if err != nil {
				return nil, err
			}
			return open(ctx, env, o)
		}
	}
	return k
}

// SinkKind returns a sink kind whose options decode into O.
func SinkKind[O any](c Contract, open func(context.Context, Env, O) (Sink, error)) Kind {
	c.Role = RoleSink
	k := Kind{Contract: c, check: check[O], options: reflect.TypeFor[O]()}
	if open != nil {
		k.sink = func(ctx context.Context, env Env, raw json.RawMessage) (Sink, error) {
			o, err := decode[O](raw)
			if err != nil {
				return nil, err
			}
			return open(ctx, env, o)
		}
	}
	return k
}

// decode reads canonical JSON strictly: the schema has already refused what the struct does not know, so a difference
// here is one between schema and struct.
func decode[O any](raw json.RawMessage) (O, error) {
	var o O
	if len(raw) == 0 {
		return o, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return o, fmt.Errorf("options: %w", err)
	}
	return o, nil
}

func check[O any](raw json.RawMessage) error {
	_, err := decode[O](raw)
	return err
}

// Built reports whether the kind's code is in this build.
func (k *Kind) Built() bool { return k.camera != nil || k.detector != nil || k.sink != nil }

// OptionsType returns the Go type that options decode into, so that a test can hold it to the schema.
func (k *Kind) OptionsType() reflect.Type { return k.options }

// Check reports whether options decode into the kind's own type.
func (k *Kind) Check(options json.RawMessage) error { return k.check(options) }

// OpenCamera returns the source with these options. It is cheap: connecting is Source.Open.
func (k *Kind) OpenCamera(env CameraEnv, options json.RawMessage) (Source, error) {
	if k.camera == nil {
		return nil, k.notBuilt(RoleCamera)
	}
	return k.camera(env, options)
}

// OpenDetector returns the model with these options. It may block: weights are read here.
func (k *Kind) OpenDetector(ctx context.Context, env DetectorEnv, options json.RawMessage) (Model, error) {
	if k.detector == nil {
		return nil, k.notBuilt(RoleDetector)
	}
	return k.detector(ctx, env, options)
}

// OpenSink returns the sink with these options.
func (k *Kind) OpenSink(ctx context.Context, env Env, options json.RawMessage) (Sink, error) {
	if k.sink == nil {
		return nil, k.notBuilt(RoleSink)
	}
	return k.sink(ctx, env, options)
}

func (k *Kind) notBuilt(want Role) error {
	if k.Contract.Role != want {
		return fmt.Errorf("%s kind %q is no %s", k.Contract.Role, k.Contract.Name, want)
	}
	return fmt.Errorf("%s kind %q is %w: %s", k.Contract.Role, k.Contract.Name, ErrNotBuilt, k.Contract.Needs)
}
