package web

import (
	"net"
	"sync"
	"sync/atomic"
)

// writeBuffer bounds what the system holds for one who takes nothing, in bytes: a few large pictures. By itself it may grow to
// megabytes for each connection, and such a one would be found out minutes later.
const writeBuffer = 256 << 10

// boundedListener closes connections past its bound at once. Waiting instead, as netutil.LimitListener does, would let
// whoever holds the bound keep probes out without a trace.
type boundedListener struct {
	net.Listener
	max     int64
	refused func()
	now     atomic.Int64
}

func newBoundedListener(l net.Listener, bound int, refused func()) *boundedListener {
	return &boundedListener{Listener: l, max: int64(bound), refused: refused}
}

func (l *boundedListener) open() int { return int(l.now.Load()) }

// Accept returns the next connection within the bound.
func (l *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.now.Add(1) <= l.max {
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetWriteBuffer(writeBuffer) // where it cannot be set, the system's own bound holds
			}
			return &boundedConn{Conn: c, free: func() { l.now.Add(-1) }}, nil
		}
		l.now.Add(-1)
		l.refused()
		_ = c.Close()
	}
}

type boundedConn struct {
	net.Conn
	once sync.Once
	free func()
}

// Close gives the place back, once however often it is called.
func (c *boundedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.free)
	return err
}
