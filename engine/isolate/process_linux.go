package isolate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/node"
)

const (
	// startLimit bounds how long a process may take to open its model: reading weights of gigabytes from a slow disk
	// takes a minute, nothing healthy takes two.
	startLimit = 2 * time.Minute
	// closeLimit is how long a process may take to close its model before it is killed.
	closeLimit = 2 * time.Second
	// dieLimit is how long a process that hung up may take to be gone; one that is dying needs a millisecond.
	dieLimit = 500 * time.Millisecond
)

// process is one life of a detector's process.
type process struct {
	m       *Model
	cmd     *exec.Cmd
	control *conn
	says    *lines
	began   time.Time
	ready   atomic.Bool   // the model is open
	opened  time.Time     // when all that has to be open before a run was, zero: never; of Model.mu
	joining sync.Mutex    // held by whoever uses control once the process is ready
	once    sync.Once     // its end
	gone    chan struct{} // closed: it has ended, and err says how
	err     error
	reaped  chan struct{} // closed: the kernel has it no more, and wait is what it returned
	wait    error
}

// start starts a process and tells it what to open.
//
// The kernel's signal for a parent's death (PR_SET_PDEATHSIG) is not used: it goes by the thread that forked, and threads
// of a Go program end before it does. The child ends itself when its control socket does, which holds for every way a
// parent can die.
func (m *Model) start(ctx context.Context) (*process, error) {
	control, theirs, err := pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	p := &process{m: m, control: control, says: newLines(m.env.Log, time.Now), began: time.Now(), gone: make(chan struct{}), reaped: make(chan struct{})}
	// The program file that runs now, also when the one on disk was replaced since. Its first argument stays what it was,
	// for programs that look at their own name.
	p.cmd = exec.Command("/proc/self/exe")
	p.cmd.Args = []string{os.Args[0], Argument, m.env.ID}
	p.cmd.Env = environment(os.Environ())
	p.cmd.ExtraFiles = []*os.File{theirs}
	p.cmd.Stdout, p.cmd.Stderr = p.says, p.says
	p.cmd.WaitDelay = dieLimit
	// A group of its own: Ctrl-C on the terminal is for the parent, which ends its children when it is done with them.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := relaxed(p.cmd.Start); err != nil {
		control.close()
		return nil, fmt.Errorf("start a process: %w", err)
	}
	go p.reap()
	err = control.sendJSON(msgOpen, openRequest{
		Version: version, Kind: m.kind.Contract.Name, Options: m.options, ID: m.env.ID, Dir: m.env.Dir, StateDir: m.env.StateDir,
		Seed: m.env.Seed, Threads: m.env.Threads, Clock: m.env.Now(), Still: m.opts.Still, Nice: m.opts.Nice,
		Debug: m.env.Log.Enabled(ctx, slog.LevelDebug),
	})
	if err != nil {
		return nil, p.end(nil)
	}
	return p, nil
}

// reap waits for the process and sees to its end, also when it dies between two runs. One that starts is seen to by who waits for
// it, who knows what it said.
func (p *process) reap() {
	p.wait = p.cmd.Wait()
	close(p.reaped)
	if p.ready.Load() {
		_ = p.end(nil) // Model.ended tells of it
	}
}

// relaxedSlack is how late the kernel may wake a thread of a detector's process that sleeps for a time; for one that waits
// for a message it means nothing. The Go runtime's monitor thread naps for 20 us at a time whenever something runs, which
// with the usual slack of 50 us woke it 1500 times a second beside a detector of 5 ms and 30 runs a second, and took 3 % of a
// core on a virtual machine; with this it takes a tenth of that. The runtime's own timers are good to a millisecond.
const relaxedSlack = time.Millisecond

// relaxed calls start with a timer slack that a process started by it inherits. A locked thread's clones are nobody else's.
func relaxed(start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(relaxedSlack), 0, 0, 0) == nil { // else the process costs a little more
		defer func() { _ = unix.Prctl(unix.PR_SET_TIMERSLACK, 0, 0, 0, 0) }() // 0 is what the thread had when it began
	}
	return start()
}

// errStarting says that the process still opens its model.
var errStarting = errors.New("the detector's process is still starting")

// await answers what the process asks for until its model is open. When ctx ends before, the process goes on starting.
func (p *process) await(ctx context.Context) error {
	limited, cancel := context.WithDeadline(ctx, p.began.Add(startLimit))
	defer cancel()
	release := p.control.within(limited)
	defer release()
	for {
		typ, payload, err := p.control.receive()
		switch {
		case err != nil && ctx.Err() != nil:
			return errStarting
		case err != nil && limited.Err() != nil:
			return p.end(killed("it did not open its model within %v", startLimit))
		case err != nil:
			return p.end(damage(err))
		}
		switch typ {
		case msgOpened:
			var a answer
			if err := json.Unmarshal(payload, &a); err != nil {
				return p.end(damage(errShort))
			}
			if a.Error != "" {
				return p.end(errors.New(a.Error))
			}
			p.m.identity.Store(&a.Identity)
			p.ready.Store(true)
			select {
			case <-p.reaped: // before it was ready, so that nobody else sees to it
				return p.end(nil)
			default:
				return nil
			}
		case msgAsk:
			if err := p.secret(payload); err != nil {
				return p.end(damage(err))
			}
		default:
			return p.end(killed("it sent message %d while it started", typ))
		}
	}
}

// secret resolves a secret for the model that opens.
func (p *process) secret(payload []byte) error {
	var s node.Secret
	if err := json.Unmarshal(payload, &s); err != nil {
		return fmt.Errorf("%w: %w", errShort, err)
	}
	var reply secretReply
	v, err := p.m.env.Secret(s)
	if reply.Value = v; err != nil {
		reply.Error = err.Error()
	}
	return p.control.sendJSON(msgSecret, reply)
}

// join opens an instance and returns its socket.
func (p *process) join(ctx context.Context, env node.InstanceEnv) (*conn, error) {
	mine, theirs, err := pair()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	p.joining.Lock()
	err = p.control.sendJSON(msgJoin, joinRequest{Camera: env.Camera, Seed: env.Seed, Masks: env.Masks, Zones: env.Zones}, int(theirs.Fd()))
	p.joining.Unlock()
	_ = theirs.Close() // or a dead child's end would seem open
	if err != nil {
		mine.close()
		return nil, p.end(nil)
	}
	release := mine.within(ctx)
	var a answer
	err = mine.receiveJSON(msgJoined, &a)
	release()
	switch {
	case err != nil && ctx.Err() != nil:
		err = p.end(killed("it did not open camera %q in time", env.Camera))
	case err != nil:
		err = p.end(damage(err))
	case a.Error != "":
		err = errors.New(a.Error)
	}
	if err != nil {
		mine.close()
		return nil, err
	}
	return mine, nil
}

// killed is the error of a process that was killed for something.
func killed(format string, args ...any) error {
	return fmt.Errorf("the detector's process was killed: "+format, args...)
}

// damage returns why to kill a process over an error of its socket: nil where it hung up, which its end explains.
func damage(err error) error {
	if errors.Is(err, errShort) {
		return killed("it does not keep to the protocol: %w", err)
	}
	return nil
}

// end makes sure that the process is gone and returns how it went, as everybody is told who calls it. With a cause it is
// killed for that; without one it hung up and is dying.
func (p *process) end(cause error) error {
	p.once.Do(func() {
		var late atomic.Bool
		timer := time.AfterFunc(dieLimit, func() { late.Store(true); p.kill() })
		if cause != nil {
			p.kill()
		}
		<-p.reaped // what it says is in the state
		timer.Stop()
		switch {
		case cause != nil:
			p.err = cause
		case late.Load():
			p.err = killed("it hung up and did not end")
		default:
			p.says.flush()
			p.err = fmt.Errorf("the detector's process %s", obituary(p.cmd.ProcessState, p.says.reason()))
		}
		p.bury()
	})
	return p.err
}

func (p *process) kill() { _ = p.cmd.Process.Kill() } // fails for one that is gone already

// stop asks the process to close its model and waits until it is gone, which it is soon in any case.
func (p *process) stop() error {
	var err error
	p.once.Do(func() {
		kill := time.AfterFunc(closeLimit, p.kill)
		if p.ready.Load() {
			p.joining.Lock()
			var a answer
			if err = p.control.sendJSON(msgEnd, struct{}{}); err == nil {
				err = p.control.receiveJSON(msgEnded, &a)
			}
			p.joining.Unlock()
			if a.Error != "" {
				err = errors.New(a.Error)
			}
		} else {
			p.kill()
		}
		<-p.reaped
		kill.Stop()
		if err == nil && p.ready.Load() {
			err = p.wait
		}
		if err != nil {
			err = fmt.Errorf("close the detector's process: %w (it %s)", err, obituary(p.cmd.ProcessState, p.says.reason()))
		}
		p.err = node.ErrClosed
		p.bury()
	})
	return err
}

// bury lets go of what a process that is gone leaves behind.
func (p *process) bury() {
	p.control.close()
	p.says.flush()
	p.m.ended(p) // before anybody asks for the next one
	close(p.gone)
}

func (p *process) alive() bool {
	select {
	case <-p.gone:
		return false
	default:
		return true
	}
}

// obituary says how a process went, with what its runtime said last: Go turns the faults of C code into exit code 2.
func obituary(s *os.ProcessState, reason string) string {
	if reason != "" {
		reason = ": " + reason
	}
	ws, ok := s.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return "ended: " + s.String()
	case ws.Signaled() && ws.Signal() == syscall.SIGKILL:
		return "was killed by signal 9 (killed): by the kernel, when memory was short, or by somebody"
	case ws.Signaled():
		return fmt.Sprintf("was killed by signal %d (%v)%s", ws.Signal(), ws.Signal(), reason)
	}
	return fmt.Sprintf("ended with exit code %d%s", ws.ExitStatus(), reason)
}
