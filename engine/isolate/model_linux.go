package isolate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
)

// Model is a detector in a process of its own. Its methods may be called from several goroutines.
type Model struct {
	kind    *node.Kind
	env     node.DetectorEnv
	options json.RawMessage
	opts    Options
	emits   []node.Emit

	restarts atomic.Uint64
	identity atomic.Pointer[node.Identity] // what the process said when it had opened the model
	starting chan struct{}                 // a place: whoever has it starts a process or waits for one that starts
	close    context.CancelFunc            // ends keep
	kept     chan struct{}                 // closed: keep has ended

	mu struct {
		sync.Mutex
		proc    *process // nil: none
		backoff backoff
		next    time.Time // not started before
		last    error     // how the last one went
		closed  bool
		away    bool // as Options.Away was told
		all     map[*instance]bool
	}
}

// Open starts a process that opens the detector and returns a model whose instances run in it. It fails as
// Kind.OpenDetector does, with the child's error, and when no process can be started.
func Open(ctx context.Context, kind *node.Kind, env node.DetectorEnv, options json.RawMessage, opts Options) (*Model, error) {
	emits, err := kind.Contract.Emits(options)
	if err != nil {
		return nil, err
	}
	m := &Model{kind: kind, env: env, options: options, opts: opts, emits: emits, starting: make(chan struct{}, 1), kept: make(chan struct{})}
	m.mu.backoff, m.mu.all = newBackoff(env.Seed), map[*instance]bool{}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	m.close = cancel
	if _, err := m.current(ctx); err != nil {
		close(m.kept)
		return nil, errors.Join(err, m.Close())
	}
	go m.keep(life)
	return m, nil
}

// keep starts another process after each that ends, until the model is closed: no run is spent on finding out that one died, and
// few have to wait while the model opens.
func (m *Model) keep(life context.Context) {
	defer close(m.kept)
	for {
		p, err := m.current(life)
		switch {
		case life.Err() != nil:
			return
		case err == nil:
			select {
			case <-p.gone:
			case <-life.Done():
				return
			}
		}
		m.mu.Lock()
		wait := time.Until(m.mu.next)
		m.mu.Unlock()
		if !pause(life, wait) {
			return
		}
	}
}

// Restarts returns how often a process was started after the first.
func (m *Model) Restarts() uint64 { return m.restarts.Load() }

// Identity implements node.Identifier with what the model said when it was opened last.
func (m *Model) Identity() node.Identity {
	if id := m.identity.Load(); id != nil {
		return *id
	}
	return node.Identity{}
}

// NewInstance implements node.Model. Where a run would not wait for its process, this does not: an instance that is opened while
// there is none has its twin from its first run on.
func (m *Model) NewInstance(ctx context.Context, env node.InstanceEnv) (node.Instance, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	i := &instance{m: m, env: env}
	err := i.attach(ctx)
	if _, absent := errors.AsType[absentError](err); err != nil && !absent {
		return nil, err
	}
	m.mu.Lock()
	m.mu.all[i] = true
	m.mu.Unlock()
	return i, nil
}

// Close implements node.Model. The process is gone when it returns.
func (m *Model) Close() error {
	m.mu.Lock()
	m.mu.closed = true
	m.mu.Unlock()
	m.close()
	<-m.kept
	m.mu.Lock()
	p := m.mu.proc
	m.mu.Unlock()
	if p == nil {
		return nil
	}
	return p.stop()
}

// current returns the process that runs, starting one where there is none and enough time has passed since the last. A wait that is
// the first in a row is waited out: it is shorter than most models take to open.
func (m *Model) current(ctx context.Context) (*process, error) {
	select {
	case m.starting <- struct{}{}:
		defer func() { <-m.starting }()
	case <-ctx.Done():
		return nil, errStarting
	}
	m.mu.Lock()
	p, last, wait, closed := m.mu.proc, m.mu.last, time.Until(m.mu.next), m.mu.closed
	m.mu.Unlock()
	switch {
	case closed:
		return nil, node.ErrClosed
	case p != nil && p.ready.Load():
		return p, nil
	case p == nil && (wait > firstAtMost || !pause(ctx, wait)):
		return nil, later(wait, last)
	case p == nil:
		var err error
		if p, err = m.launch(ctx, last != nil); err != nil {
			return nil, err
		}
	}
	if err := p.await(ctx); err != nil {
		return nil, err
	}
	m.isBack(ctx, p)
	return p, nil
}

// later says when a process is started again, and how the last one went.
func later(wait time.Duration, last error) error {
	return fmt.Errorf("the detector's process is started again in %v: %w", max(wait, 0).Round(time.Millisecond), last)
}

// rest notes how the last process went and that the next is not started for a while, which it returns. A wait that is the first in
// a row is soon over; after it one that does not come up, or ends soon again, is not to be waited for. The caller holds m.mu.
func (m *Model) rest(last error, lived time.Duration) time.Duration {
	wait := m.mu.backoff.ended(lived)
	m.mu.last, m.mu.next = last, time.Now().Add(wait)
	m.tell(wait <= firstAtMost)
	return wait
}

// pause waits and reports whether that was not cut short.
func pause(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// launch starts a process and makes it the present one.
func (m *Model) launch(ctx context.Context, again bool) (*process, error) {
	if again {
		m.restarts.Add(1)
	}
	p, err := m.start(ctx)
	m.mu.Lock()
	closed := m.mu.closed
	switch {
	case err != nil:
		m.rest(err, 0)
	case !closed:
		m.mu.proc = p
		m.tell(again) // it opens its model; who waits for the first one is the caller
	}
	m.mu.Unlock()
	if err == nil && closed {
		err = p.end(node.ErrClosed)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// ended takes note of a process that is gone.
func (m *Model) ended(p *process) {
	m.mu.Lock()
	if m.mu.proc != p || m.mu.closed {
		m.mu.Unlock()
		return
	}
	m.mu.proc = nil
	lived := time.Duration(0) // however long it took to open
	if !p.opened.IsZero() {
		lived = time.Since(p.opened)
	}
	wait := m.rest(p.err, lived)
	m.mu.Unlock()
	if p.ready.Load() || m.restarts.Load() > 0 { // else Open says why it did not start
		m.env.Log.Warn("a detector's process ended: another is started", "err", p.err, "after", wait.Round(time.Millisecond).String())
	}
}

// instance is a detector on one camera, whose twin runs in the child.
type instance struct {
	m   *Model
	env node.InstanceEnv

	spare atomic.Pointer[link] // to a twin that was opened while the instance had none to run in
	proc  *process             // that has the twin; nil: none
	conn  *conn
	files []sentFile // that the twin has mapped
	next  uint64     // id of the next file
	req   request
	reply reply
}

type sentFile struct {
	file *frame.File
	id   uint64
}

// Detect implements node.Instance. A run whose context is done before it has ended costs the process its life: nothing
// else ends a hanging one, and the pictures must not be given back while it may look at them.
func (i *instance) Detect(ctx context.Context, run *node.Run) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := i.attach(ctx); err != nil {
		return err
	}
	fds, err := i.prepare(ctx, run)
	if err != nil {
		return err
	}
	release := i.conn.within(ctx)
	if err = i.conn.send(i.req.encode(&i.conn.out), fds...); err == nil {
		err = i.receive()
	}
	release()
	if err != nil {
		cause := damage(err)
		if ctx.Err() != nil {
			cause = killed("a run on camera %q did not end in time", i.env.Camera)
		}
		err = i.proc.end(cause)
		i.drop()
		return err
	}
	switch i.reply.outcome {
	case ranFailed:
		return errors.New(i.reply.text)
	case ranPanic:
		panic(i.reply.text + " (in the detector's process)") // the engine contains and counts it like one of its own
	}
	for _, o := range i.reply.outputs {
		run.Set(i.m.emits[o.index].Name, o.value)
	}
	return nil
}

// attach sees to it that the instance has a twin in a process that runs.
func (i *instance) attach(ctx context.Context) error {
	if i.proc != nil && i.proc.alive() {
		return nil
	}
	i.drop()
	if i.proc, i.conn = i.spare.Swap(nil).take(); i.proc != nil {
		return nil
	}
	p, err := i.m.process(ctx)
	if err != nil {
		return err
	}
	c, err := p.join(ctx, i.env)
	if err != nil {
		return err
	}
	i.proc, i.conn = p, c
	return nil
}

// drop forgets a twin.
func (i *instance) drop() {
	if i.conn != nil {
		i.conn.close()
	}
	i.proc, i.conn, i.files = nil, nil, nil
}

// prepare fills the request and returns the descriptors that go with it.
func (i *instance) prepare(ctx context.Context, run *node.Run) ([]int, error) {
	q := &i.req
	*q = request{
		n: run.N, now: run.Now, clock: i.m.env.Now(), limit: limit(ctx),
		inputs: q.inputs[:0], files: q.files[:0], pictures: q.pictures[:0],
	}
	for _, in := range run.Inputs {
		q.inputs = append(q.inputs, input{in.Signal, in.Value, in.Capture})
	}
	var used []sentFile
	var fds []int
	for _, f := range run.Frames {
		file, offset := f.Place()
		if file == nil {
			return nil, errors.New("the picture is not in shared memory: its pool must be opened with Shared")
		}
		at := slices.IndexFunc(used, func(s sentFile) bool { return s.file == file })
		if at < 0 {
			at = len(used)
			s := sentFile{file: file, id: i.next}
			known := slices.IndexFunc(i.files, func(s sentFile) bool { return s.file == file })
			if known >= 0 {
				s = i.files[known]
			} else {
				i.next++
				fds = append(fds, file.FD())
			}
			used = append(used, s)
			q.files = append(q.files, fileRef{id: s.id, size: file.Size(), fresh: known < 0})
		}
		q.pictures = append(q.pictures, picture{
			file: uint32(at), offset: offset, format: f.Format, width: uint32(f.Width), height: uint32(f.Height),
			seq: f.Seq, capture: f.Capture, pts: int64(f.PTS),
		})
	}
	if len(fds) > maxFiles {
		return nil, fmt.Errorf("a run on pictures of %d different memories: at most %d", len(fds), maxFiles)
	}
	i.files = used
	return fds, nil
}

// The child is told to end a little before its parent loses patience, so that a detector that heeds its context keeps
// its process: a tenth of the time, and never more than slackMost, which two processes on a busy machine can take to
// notice.
const slackMost = 200 * time.Millisecond

func limit(ctx context.Context) int64 {
	end, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	left := time.Until(end)
	return int64(max(left-min(left/10, slackMost), 1))
}

// receive reads the end of the run and holds it to the contract.
func (i *instance) receive() error {
	typ, payload, err := i.conn.receive()
	if err != nil {
		return err
	}
	if typ != msgRan {
		return fmt.Errorf("%w: message %d in answer to a run", errShort, typ)
	}
	if err := i.reply.decode(payload); err != nil {
		return err
	}
	if i.reply.n != i.req.n {
		return fmt.Errorf("%w: answer to run %d, not %d", errShort, i.reply.n, i.req.n)
	}
	for _, o := range i.reply.outputs {
		if int(o.index) >= len(i.m.emits) || i.m.emits[o.index].Type != o.value.Type() {
			return fmt.Errorf("%w: an output that is not in the contract", errShort)
		}
	}
	return nil
}

// Close implements node.Instance. The twin closes on its own.
func (i *instance) Close() error {
	i.m.mu.Lock()
	delete(i.m.mu.all, i)
	i.m.mu.Unlock()
	i.drop()
	i.spare.Swap(nil).close()
	return nil
}
