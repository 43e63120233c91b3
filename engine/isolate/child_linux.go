package isolate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// controlFD is the descriptor that the parent leaves the control socket at.
const controlFD = 3

// Serve is a detector's process: it opens what its parent asks for, runs it, and returns when the parent has done with it
// or has died. The caller exits then. It fails at once in a process that Open has not started.
func Serve(kinds *node.Set, codec frame.Codec) error {
	if t, err := unix.GetsockoptInt(controlFD, unix.SOL_SOCKET, unix.SO_DOMAIN); err != nil || t != unix.AF_UNIX {
		return errors.New("this is started by `rvo run` for detectors with isolate: \"process\", not by hand")
	}
	closeInherited()
	control, err := newConn(controlFD)
	if err != nil {
		return err
	}
	// The parent decides when this ends; service managers and terminals signal every process that they see.
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	var req openRequest
	if err := control.receiveJSON(msgOpen, &req); err != nil {
		return err
	}
	if req.Version != version {
		err := fmt.Errorf("the detector's process speaks version %d of the protocol, its parent %d", version, req.Version)
		return errors.Join(err, control.sendJSON(msgOpened, answer{Error: err.Error()}))
	}
	level := slog.LevelInfo
	if req.Debug {
		level = slog.LevelDebug
	}
	c := &child{control: control, log: slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level})), secrets: make(chan secretReply), done: make(chan struct{})}
	c.clock.still = req.Still
	c.clock.set(req.Clock)
	lower(req.Nice, c.log)
	name := filepath.Base(os.Args[0]) + ":" + req.ID
	_ = os.WriteFile("/proc/self/comm", []byte(name), 0) // else ps and top call it exe; it matters to nothing else
	return c.serve(kinds, codec, &req)
}

// child is the process's side of a model.
type child struct {
	control *conn
	log     *slog.Logger
	clock   clock
	secrets chan secretReply
	asking  sync.Mutex // held by whoever asks for a secret
	opened  bool       // guarded by asking: it is too late to ask

	done      chan struct{} // closed: model, emits and err are set
	model     node.Model
	emits     []node.Emit
	err       error
	instances sync.WaitGroup
}

func (c *child) serve(kinds *node.Set, codec frame.Codec, req *openRequest) error {
	go c.open(kinds, codec, req) // ends with the process, where the parent dies before it is done
	for {
		typ, payload, err := c.control.receive()
		if errors.Is(err, io.EOF) {
			return nil // the parent is gone, and with it the reason to be
		}
		if err != nil {
			return err
		}
		switch typ {
		case msgSecret:
			var s secretReply
			if err := json.Unmarshal(payload, &s); err != nil {
				return err
			}
			c.secrets <- s
		case msgJoin:
			var j joinRequest
			if err := json.Unmarshal(payload, &j); err != nil {
				return err
			}
			fd, err := c.control.file()
			if err != nil {
				return err
			}
			conn, err := newConn(fd)
			if err != nil {
				return err
			}
			<-c.done // it is: the parent joins nobody before
			t := &twin{child: c, conn: conn, camera: j.Camera, files: map[uint64]*frame.Mapped{}}
			c.instances.Go(func() { t.serve(&j) })
		case msgEnd:
			if <-c.done; c.err != nil {
				return c.err
			}
			c.instances.Wait()
			var a answer
			if err := c.model.Close(); err != nil {
				a.Error = err.Error()
			}
			return c.control.sendJSON(msgEnded, a)
		default:
			return fmt.Errorf("%w: message %d from the parent", errShort, typ)
		}
	}
}

// open opens the model and says how that went.
func (c *child) open(kinds *node.Set, codec frame.Codec, req *openRequest) {
	defer close(c.done)
	var a answer
	if c.err = c.openModel(kinds, codec, req); c.err != nil {
		a.Error = c.err.Error()
	} else if m, ok := c.model.(node.Identifier); ok {
		a.Identity = m.Identity()
	}
	c.err = errors.Join(c.err, c.control.sendJSON(msgOpened, a))
}

func (c *child) openModel(kinds *node.Set, codec frame.Codec, req *openRequest) error {
	kind, ok := kinds.Kind(node.RoleDetector, req.Kind)
	if !ok {
		return fmt.Errorf("the detector's process knows no kind %q", req.Kind)
	}
	var err error
	if c.emits, err = kind.Contract.Emits(req.Options); err != nil {
		return err
	}
	c.model, err = kind.OpenDetector(context.Background(), node.DetectorEnv{
		Env: node.Env{
			ID: req.ID, Dir: req.Dir, StateDir: req.StateDir, Log: c.log, Secret: c.secret, Now: c.clock.now, Seed: req.Seed, Stdout: io.Discard,
		},
		Threads: req.Threads, Codec: codec, Compute: func(f func()) { f() }, // all of the process is lowered
	}, req.Options)
	c.asking.Lock()
	defer c.asking.Unlock()
	c.opened = true
	return err
}

// secret asks the parent, which holds the program's secrets.
func (c *child) secret(s node.Secret) (string, error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	if c.opened {
		return "", errors.New("a detector in a process of its own gets its secrets while it opens, not later")
	}
	if err := c.control.sendJSON(msgAsk, s); err != nil {
		return "", err
	}
	r := <-c.secrets
	if r.Error != "" {
		return "", errors.New(r.Error)
	}
	return r.Value, nil
}

// clock is core time in this process: what the parent said last, and what has passed since.
type clock struct {
	still bool
	mu    struct {
		sync.Mutex
		base tick.Time
		at   time.Time
	}
}

func (c *clock) set(t tick.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.base, c.mu.at = t, time.Now()
}

func (c *clock) now() tick.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.still {
		return c.mu.base
	}
	return c.mu.base.Add(time.Since(c.mu.at))
}

// twin is the process's side of an instance.
type twin struct {
	*child
	conn   *conn
	camera frame.CameraID
	inst   node.Instance
	files  map[uint64]*frame.Mapped // of the last run
	req    request
	reply  reply
	run    *node.Run
}

// serve opens the instance and makes its runs until the parent hangs up.
func (t *twin) serve(j *joinRequest) {
	defer t.conn.close()
	inst, err := t.model.NewInstance(context.Background(), node.InstanceEnv{Camera: t.camera, Seed: j.Seed, Masks: j.Masks, Zones: j.Zones})
	var a answer
	if err != nil {
		a.Error = err.Error()
	}
	if t.conn.sendJSON(msgJoined, a) != nil || err != nil {
		return // who asked has been told, or is gone
	}
	t.inst, t.run = inst, node.NewRun(t.emits)
	for err == nil {
		err = t.once()
	}
	if !errors.Is(err, io.EOF) {
		t.log.Error("a camera of the detector's process ends", "camera", t.camera, "err", err)
	}
	for _, m := range t.files {
		m.Close()
	}
	if err := inst.Close(); err != nil {
		t.log.Warn("close a detector", "camera", t.camera, "err", err)
	}
}

// once makes one run.
func (t *twin) once() error {
	typ, payload, err := t.conn.receive()
	if err != nil {
		return err
	}
	if typ != msgRun {
		return fmt.Errorf("%w: message %d where a run is due", errShort, typ)
	}
	if err := t.req.decode(payload); err != nil {
		return err
	}
	maps, err := t.adopt()
	if err != nil {
		return err
	}
	t.clock.set(t.req.clock)
	t.run.Reset()
	t.run.Now, t.run.N = t.req.now, t.req.n
	for _, in := range t.req.inputs {
		t.run.Inputs = append(t.run.Inputs, node.Input{Signal: in.signal, Value: in.value, Capture: in.capture})
	}
	for i := range t.req.pictures {
		p := &t.req.pictures[i]
		f, err := maps[p.file].Frame(p.offset, p.format, int(p.width), int(p.height))
		if err != nil {
			return err
		}
		f.Camera, f.Seq, f.Capture, f.PTS = t.camera, p.seq, p.capture, time.Duration(p.pts)
		t.run.Frames = append(t.run.Frames, f)
	}
	t.reply = reply{n: t.req.n, outputs: t.reply.outputs[:0]}
	t.detect()
	for _, f := range t.run.Frames {
		if f.Refs() > 1 && t.reply.outcome == ranOK {
			t.reply.outcome, t.reply.text = ranFailed, ErrKept.Error()
		}
		f.Release()
	}
	if t.reply.outcome == ranOK {
		for _, o := range t.run.Outputs() {
			t.reply.outputs = append(t.reply.outputs, output{uint32(o.Index), o.Value})
		}
	}
	return t.conn.send(t.reply.encode(&t.conn.out))
}

// detect calls the detector and contains its panics, as the engine does.
func (t *twin) detect() {
	ctx, cancel := context.Background(), context.CancelFunc(func() {})
	if t.req.limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(t.req.limit))
	}
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			t.reply.outcome, t.reply.text = ranPanic, fmt.Sprint(p)
			t.log.Error("a detector panicked", "camera", t.camera, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	if err := t.inst.Detect(ctx, t.run); err != nil {
		t.reply.outcome, t.reply.text = ranFailed, err.Error()
	}
}

// adopt maps the files that are new, lets go of those that the run does not use, and returns them in the run's order.
func (t *twin) adopt() ([]*frame.Mapped, error) {
	next := make(map[uint64]*frame.Mapped, len(t.req.files))
	maps := make([]*frame.Mapped, len(t.req.files))
	for i, ref := range t.req.files {
		m := t.files[ref.id]
		if ref.fresh {
			fd, err := t.conn.file()
			if err != nil {
				return nil, err
			}
			m, err = frame.MapFile(fd, ref.size)
			_ = unix.Close(fd) // the mapping keeps the memory
			if err != nil {
				return nil, err
			}
		}
		if m == nil {
			return nil, fmt.Errorf("%w: frame memory %d was never sent", errShort, ref.id)
		}
		next[ref.id], maps[i] = m, m
	}
	for id, m := range t.files {
		if next[id] == nil {
			m.Close()
		}
	}
	t.files = next
	return maps, nil
}

// closeInherited closes what a library of the parent left open to its children; the runtime's own are marked to be closed
// by now.
func closeInherited() {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return // nothing can be told apart; what is open is only waste
	}
	for _, e := range list {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= controlFD {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			_ = unix.Close(fd)
		}
	}
}

// childScore makes the kernel take this process and not its parent when the machine's memory is short.
const childScore = "500"

// lower lowers the priority of every thread there is; those to come inherit it. What runs here must not delay the parent's
// core, as on the parent's own threads for detectors.
func lower(nice int, log *slog.Logger) {
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte(childScore), 0); err != nil {
		log.Warn("the detector's process is as dear to the kernel as its parent", "err", err)
	}
	done := map[string]bool{}
	for again := true; again; {
		again = false
		list, err := os.ReadDir(filepath.Join("/proc", "self", "task"))
		if err != nil {
			log.Warn("the detector's process runs at normal priority", "err", err)
			return
		}
		for _, e := range list {
			tid, err := strconv.Atoi(e.Name())
			if err != nil || done[e.Name()] {
				continue
			}
			done[e.Name()], again = true, true
			if err := unix.Setpriority(unix.PRIO_PROCESS, tid, nice); err != nil && !errors.Is(err, unix.ESRCH) {
				log.Warn("a thread of the detector's process runs at normal priority", "err", err)
			}
		}
	}
}
