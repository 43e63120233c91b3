package isolate

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// version is of the protocol. Parent and child are one program file, so a difference means that the command that serves
// was put together from something else.
const version = 1

// maxMessage bounds a message: past it a length is damage. The largest real ones are lists of boxes, some kilobytes.
const maxMessage = 16 << 20

// headerSize is the length of what follows, 4 bytes little endian, and the type of the message.
const headerSize = 5

// The types of messages. On the control socket the parent says open, secret, join and end, the child says opened, ask and
// ended. Each instance has a socket of its own: the child says joined when the instance is open, then the parent says
// run and the child ran, in turns. The end of a socket is the end of what it is for.
const (
	msgOpen   uint8 = iota + 1 // JSON: openRequest
	msgSecret                  // JSON: secretReply, to ask
	msgJoin                    // JSON: joinRequest, with the instance's socket
	msgEnd                     // empty: close everything and exit
	msgOpened                  // JSON: answer
	msgAsk                     // JSON: node.Secret
	msgEnded                   // JSON: answer
	msgJoined                  // JSON: answer
	msgRun                     // request, with the files that are new to the child
	msgRan                     // reply
)

// openRequest is what the child needs to open the model.
type openRequest struct {
	Version  int             `json:"version"`
	Kind     string          `json:"kind"`
	Options  json.RawMessage `json:"options,omitempty"`
	ID       string          `json:"id"`
	Dir      string          `json:"dir"`
	StateDir string          `json:"stateDir"`
	Seed     uint64          `json:"seed"`
	Threads  int             `json:"threads"`
	Clock    tick.Time       `json:"clock"`
	Still    bool            `json:"still"` // core time stands still while a run lasts
	Nice     int             `json:"nice"`  // of every thread
	Debug    bool            `json:"debug"` // debug records are wanted
}

// joinRequest is what the child needs to open an instance.
type joinRequest struct {
	Camera frame.CameraID `json:"camera"`
	Seed   uint64         `json:"seed"`
	// Masks are the parts of its pictures in which nothing counts.
	Masks []signal.Polygon `json:"masks,omitempty"`
	// Zones are the named parts of them.
	Zones map[string]signal.Polygon `json:"zones,omitempty"`
}

// answer says whether something worked; an empty Error says that it did.
type answer struct {
	Error string `json:"error,omitempty"`
	// Identity is the model's, in msgOpened.
	Identity node.Identity `json:"identity,omitzero"`
}

type secretReply struct {
	Value string `json:"value"`
	Error string `json:"error,omitempty"`
}

// request is one run as it is sent to the child.
type request struct {
	n        uint64
	now      tick.Time
	clock    tick.Time // core time when it was sent
	limit    int64     // nanoseconds the run may take, 0: no limit
	inputs   []input
	files    []fileRef
	pictures []picture
}

// fileRef is a file of frame memory that a run's pictures lie in. The child keeps the files of the last run mapped; those
// that it has not come with the message, in this order.
type fileRef struct {
	id    uint64
	size  int64
	fresh bool
}

type input struct {
	signal  string
	value   signal.Value
	capture tick.Time
}

// picture says where a frame's pixels are and the rest of it.
type picture struct {
	file          uint32 // in request.files
	offset        int64
	format        frame.Format
	width, height uint32
	seq           uint64
	capture       tick.Time
	pts           int64
}

// The outcomes of a run.
const (
	ranOK uint8 = iota
	ranFailed
	ranPanic
)

// reply is the end of a run as the child says it.
type reply struct {
	n       uint64 // the request's
	outcome uint8
	text    string // of the error or the panic
	outputs []output
}

type output struct {
	index uint32 // in the contract's Emits
	value signal.Value
}

// errShort says that a message ends too early or is of impossible size.
var errShort = errors.New("message is damaged")

// writer appends fields, little endian.
type writer struct{ b []byte }

func (w *writer) u8(v uint8)   { w.b = append(w.b, v) }
func (w *writer) u32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *writer) u64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *writer) i64(v int64)  { w.u64(uint64(v)) }
func (w *writer) text(s string) {
	w.u32(uint32(len(s)))
	w.b = append(w.b, s...)
}

// begin starts a message of a type in w's memory; seal fills in its length.
func (w *writer) begin(typ uint8) { w.b = append(w.b[:0], 0, 0, 0, 0, typ) }

func (w *writer) seal() []byte {
	binary.LittleEndian.PutUint32(w.b, uint32(len(w.b)-headerSize))
	return w.b
}

// reader takes fields off a payload; after the first that is missing, all are zero and bad is set.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) i64() int64 { return int64(r.u64()) }

func (r *reader) text() string { return string(r.take(int(r.u32()))) }

// count reads how many items follow, each of at least size bytes: no message can ask for more memory than it is long.
func (r *reader) count(size int) int {
	n := int(r.u32())
	if n*size > len(r.b) {
		r.bad, r.b = true, nil
		return 0
	}
	return n
}

// done returns the error of a payload that was too short or too long.
func (r *reader) done() error {
	if r.bad || len(r.b) > 0 {
		return errShort
	}
	return nil
}

func (q *request) encode(w *writer) []byte {
	w.begin(msgRun)
	w.u64(q.n)
	w.i64(int64(q.now))
	w.i64(int64(q.clock))
	w.i64(q.limit)
	w.u32(uint32(len(q.inputs)))
	for i := range q.inputs {
		in := &q.inputs[i]
		w.text(in.signal)
		w.value(in.value)
		w.i64(int64(in.capture))
	}
	w.u32(uint32(len(q.files)))
	for _, f := range q.files {
		w.u64(f.id)
		w.i64(f.size)
		w.u8(bit(f.fresh))
	}
	w.u32(uint32(len(q.pictures)))
	for i := range q.pictures {
		p := &q.pictures[i]
		w.u32(p.file)
		w.i64(p.offset)
		w.u8(uint8(p.format))
		w.u32(p.width)
		w.u32(p.height)
		w.u64(p.seq)
		w.i64(int64(p.capture))
		w.i64(p.pts)
	}
	return w.seal()
}

// decode reads a payload into q, reusing its memory.
func (q *request) decode(payload []byte) error {
	r := reader{b: payload}
	q.n, q.now, q.clock, q.limit = r.u64(), tick.Time(r.i64()), tick.Time(r.i64()), r.i64()
	q.inputs, q.files, q.pictures = q.inputs[:0], q.files[:0], q.pictures[:0]
	for range r.count(13) {
		q.inputs = append(q.inputs, input{signal: r.text(), value: r.value(), capture: tick.Time(r.i64())})
	}
	for range r.count(17) {
		q.files = append(q.files, fileRef{id: r.u64(), size: r.i64(), fresh: r.u8() != 0})
	}
	for range r.count(45) {
		p := picture{file: r.u32(), offset: r.i64(), format: frame.Format(r.u8()), width: r.u32(), height: r.u32(), seq: r.u64()}
		p.capture, p.pts = tick.Time(r.i64()), r.i64()
		if int(p.file) >= len(q.files) || p.width > frame.MaxSide || p.height > frame.MaxSide {
			return errShort
		}
		q.pictures = append(q.pictures, p)
	}
	return r.done()
}

func (p *reply) encode(w *writer) []byte {
	w.begin(msgRan)
	w.u64(p.n)
	w.u8(p.outcome)
	w.text(p.text)
	w.u32(uint32(len(p.outputs)))
	for i := range p.outputs {
		w.u32(p.outputs[i].index)
		w.value(p.outputs[i].value)
	}
	return w.seal()
}

func (p *reply) decode(payload []byte) error {
	r := reader{b: payload}
	p.n, p.outcome, p.text = r.u64(), r.u8(), r.text()
	p.outputs = p.outputs[:0]
	for range r.count(5) {
		p.outputs = append(p.outputs, output{index: r.u32(), value: r.value()})
	}
	if p.outcome > ranPanic {
		return fmt.Errorf("%w: outcome %d", errShort, p.outcome)
	}
	return r.done()
}

// value appends a value: its type, then as much as the type needs.
func (w *writer) value(v signal.Value) {
	w.u8(uint8(v.Type()))
	switch v.Type() {
	case signal.TypeNone:
	case signal.TypeBool:
		w.u8(bit(v.AsBool()))
	case signal.TypeInt:
		w.i64(v.AsInt())
	case signal.TypeFloat:
		w.u64(math.Float64bits(v.Number()))
	case signal.TypeLabel:
		w.text(v.AsLabel())
	case signal.TypeBoxes:
		boxes := v.AsBoxes()
		w.u8(bit(boxes != nil)) // a list of none and no list are not the same to everybody
		w.u32(uint32(len(boxes)))
		for i := range boxes {
			b := &boxes[i]
			for _, f := range [...]float32{b.X, b.Y, b.W, b.H, b.Score} {
				w.u32(math.Float32bits(f))
			}
			w.i64(b.Track)
			w.text(b.Label)
		}
	}
}

func (r *reader) value() signal.Value {
	switch t := signal.Type(r.u8()); t {
	case signal.TypeNone:
		return signal.Value{}
	case signal.TypeBool:
		return signal.Bool(r.u8() != 0)
	case signal.TypeInt:
		return signal.Int(r.i64())
	case signal.TypeFloat:
		return signal.Float(math.Float64frombits(r.u64()))
	case signal.TypeLabel:
		return signal.Label(r.text())
	case signal.TypeBoxes:
		return r.boxes()
	default:
		r.bad, r.b = true, nil
		return signal.Value{}
	}
}

func (r *reader) boxes() signal.Value {
	var boxes []signal.Box
	if r.u8() != 0 {
		boxes = []signal.Box{}
	}
	n := r.count(32)
	if n > 0 {
		boxes = make([]signal.Box, 0, n)
	}
	for range n {
		var f [5]float32
		for i := range f {
			f[i] = math.Float32frombits(r.u32())
		}
		boxes = append(boxes, signal.Box{X: f[0], Y: f[1], W: f[2], H: f[3], Score: f[4], Track: r.i64(), Label: r.text()})
	}
	return signal.Boxes(boxes)
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
