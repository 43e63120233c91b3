package main

import (
	"net"
	"sync"
)

// connections are those that a service has, to be broken or stopped.
type connections struct {
	mu     sync.Mutex
	open   []*conn
	frozen chan struct{} // closed when they go on; nil: they do
}

// listen returns l with a hand on every connection.
func (c *connections) listen(l net.Listener) net.Listener { return &listener{l, c} }

type listener struct {
	net.Listener
	of *connections
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	mine := &conn{c, l.of}
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.open = append(l.of.open, mine)
	return mine, nil
}

// reset breaks every connection, without a goodbye.
func (c *connections) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.open {
		if tcp, ok := o.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the close says RST
		}
		_ = o.Close()
	}
	c.open = nil
}

// freeze lets nothing come in any more until thaw.
func (c *connections) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = make(chan struct{})
}

func (c *connections) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen != nil {
		close(c.frozen)
		c.frozen = nil
	}
}

type conn struct {
	net.Conn
	of *connections
}

// Read implements net.Conn. What was read while everything stood still is kept until it goes on.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.of.mu.Lock()
	frozen := c.of.frozen
	c.of.mu.Unlock()
	if frozen != nil {
		<-frozen
	}
	return n, err
}
