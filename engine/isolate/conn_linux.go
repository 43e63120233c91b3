package isolate

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn carries messages and descriptors over one end of a pair of sockets. One goroutine sends and one receives.
type conn struct {
	f   *os.File
	raw syscall.RawConn
	out writer // for whoever sends

	in   []byte
	r, w int // what of in is not taken yet
	oob  []byte
	fds  []int // received and not taken

	mu struct {
		sync.Mutex
		turn uint64 // counts calls of within, so that a late cancel does not hit a later one
	}
}

// maxFiles bounds the descriptors of one message.
const maxFiles = 16

// pair returns a connection and the other end of it, to be handed to a process.
func pair() (*conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("pair of sockets: %w", err)
	}
	other := os.NewFile(uintptr(fds[1]), "isolate")
	c, err := newConn(fds[0])
	if err != nil {
		_ = other.Close()
		return nil, nil, err
	}
	return c, other, nil
}

// newConn takes over a socket.
func newConn(fd int) (*conn, error) {
	if err := unix.SetNonblock(fd, true); err != nil { // so that reads and writes can have a deadline
		_ = unix.Close(fd)
		return nil, fmt.Errorf("socket: %w", err)
	}
	unix.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "isolate")
	raw, err := f.SyscallConn()
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("socket: %w", err)
	}
	return &conn{f: f, raw: raw, in: make([]byte, 4096), oob: make([]byte, unix.CmsgSpace(4*maxFiles))}, nil
}

// within bounds what is sent and received until the returned function is called: once ctx is done both fail.
func (c *conn) within(ctx context.Context) (release func()) {
	c.mu.Lock()
	turn := c.mu.turn
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.mu.turn == turn {
			_ = c.f.SetDeadline(time.Unix(1, 0)) // fails on a closed socket, as what it ends does
		}
	})
	return func() {
		stop()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.mu.turn++
		_ = c.f.SetDeadline(time.Time{})
	}
}

// send writes a sealed message, with descriptors.
func (c *conn) send(msg []byte, fds ...int) error {
	if len(msg)-headerSize > maxMessage {
		return fmt.Errorf("a message of %d bytes: at most %d", len(msg)-headerSize, maxMessage)
	}
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	for len(msg) > 0 { // a stream may take a part
		var n int
		var err error
		waited := c.raw.Write(func(fd uintptr) bool {
			err = retry(func() error {
				n, err = unix.SendmsgN(int(fd), msg, oob, nil, unix.MSG_NOSIGNAL)
				return err
			})
			return !errors.Is(err, unix.EAGAIN)
		})
		if err := errors.Join(waited, err); err != nil {
			return err
		}
		msg, oob = msg[n:], nil
	}
	return nil
}

// retry makes a call until no signal interrupts it.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// sendJSON writes a message whose payload is v.
func (c *conn) sendJSON(typ uint8, v any, fds ...int) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var w writer
	w.begin(typ)
	w.b = append(w.b, b...)
	return c.send(w.seal(), fds...)
}

// receive returns the next message. The payload is valid until the next call. After an error of a deadline the next call
// goes on where this one was.
func (c *conn) receive() (typ uint8, payload []byte, err error) {
	if err := c.fill(headerSize); err != nil {
		return 0, nil, err
	}
	n := int(binary.LittleEndian.Uint32(c.in[c.r:]))
	if n > maxMessage {
		return 0, nil, fmt.Errorf("%w: %d bytes", errShort, n)
	}
	if err := c.fill(headerSize + n); err != nil {
		return 0, nil, err
	}
	typ = c.in[c.r+headerSize-1]
	payload = c.in[c.r+headerSize : c.r+headerSize+n]
	c.r += headerSize + n
	return typ, payload, nil
}

// receiveJSON reads a message that must be of that type.
func (c *conn) receiveJSON(want uint8, v any) error {
	typ, payload, err := c.receive()
	if err != nil {
		return err
	}
	if typ != want {
		return fmt.Errorf("%w: message %d where %d is due", errShort, typ, want)
	}
	return json.Unmarshal(payload, v)
}

// fill reads until n bytes are there.
func (c *conn) fill(n int) error {
	if c.r > 0 && (c.r == c.w || len(c.in)-c.r < n) {
		c.w = copy(c.in, c.in[c.r:c.w])
		c.r = 0
	}
	if len(c.in)-c.r < n {
		c.in = append(c.in, make([]byte, n-(len(c.in)-c.r))...)
	}
	for c.w-c.r < n {
		var got, oob int
		var err error
		waited := c.raw.Read(func(fd uintptr) bool {
			err = retry(func() error {
				got, oob, _, _, err = unix.Recvmsg(int(fd), c.in[c.w:], c.oob, unix.MSG_CMSG_CLOEXEC)
				return err
			})
			return !errors.Is(err, unix.EAGAIN)
		})
		if err := errors.Join(waited, err); err != nil {
			return err
		}
		if got == 0 {
			return io.EOF
		}
		c.keep(c.oob[:oob])
		c.w += got
	}
	return nil
}

// keep takes descriptors out of control data.
func (c *conn) keep(oob []byte) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return // whoever misses a descriptor says so
	}
	for i := range msgs {
		if fds, err := unix.ParseUnixRights(&msgs[i]); err == nil {
			c.fds = append(c.fds, fds...)
		}
	}
}

// file takes the oldest descriptor that was received.
func (c *conn) file() (int, error) {
	if len(c.fds) == 0 {
		return -1, fmt.Errorf("%w: a descriptor is missing", errShort)
	}
	fd := c.fds[0]
	c.fds = append(c.fds[:0], c.fds[1:]...)
	return fd, nil
}

func (c *conn) close() {
	_ = c.f.Close()
	for _, fd := range c.fds {
		_ = unix.Close(fd)
	}
	c.fds = nil
}
