package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/bench"
	"rvo.dev/cmd/rvo/internal/web"
	"rvo.dev/engine"
	"rvo.dev/engine/frame"
)

// The audience of a benchmark: as many as a site with a console on every desk has.
const (
	benchWatchers    = 10
	benchSubscribers = 100
)

// audience has the server of this program shown an engine to ten who watch live pictures and a hundred who listen to the stream,
// over connections of this machine. Every second one takes nothing.
func audience(ctx context.Context, codec frame.Codec) bench.Audience {
	return func(e *engine.Engine) (func() (bench.Sent, error), error) {
		server, err := web.Listen(web.Config{Addr: "127.0.0.1:0", Registry: prometheus.NewRegistry(), Engine: e, Codec: codec, Status: e.Status})
		if err != nil {
			return nil, err
		}
		c := &crowd{addr: server.Addr().String(), g: e.View().Graph.CameraID}
		ctx, cancel := context.WithCancel(ctx)
		served := make(chan error, 1)
		go func() { served <- server.Run(ctx) }()
		stop := func() (bench.Sent, error) {
			cancel()
			err := <-served
			c.leave()
			return bench.Sent{Pictures: c.pictures.Load(), Messages: c.messages.Load()}, err
		}
		if err := c.come(len(e.View().Graph.Cameras)); err != nil {
			_, other := stop()
			return nil, errors.Join(err, other)
		}
		return stop, nil
	}
}

// crowd is the clients.
type crowd struct {
	addr               string
	g                  func(camera int) string
	conns              []net.Conn
	wg                 sync.WaitGroup
	pictures, messages atomic.Uint64
}

func (c *crowd) come(cameras int) error {
	for i := range benchWatchers {
		path := fmt.Sprintf("/api/v1/cameras/%s/stream.mjpg?fps=5", c.g(i%cameras))
		if err := c.ask(path, "X-Frame-Seq", &c.pictures, i%2 == 1); err != nil {
			return err
		}
	}
	for i := range benchSubscribers {
		if err := c.ask("/api/v1/stream", "event: ", &c.messages, i%2 == 1); err != nil {
			return err
		}
	}
	return nil
}

// ask sends a request, and counts how often a mark comes in what is answered; who is stalled takes nothing of it.
func (c *crowd) ask(path, mark string, count *atomic.Uint64, stalled bool) error {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		return fmt.Errorf("an audience: %w", err)
	}
	c.conns = append(c.conns, conn)
	if t, ok := conn.(*net.TCPConn); ok && stalled {
		_ = t.SetReadBuffer(4096) // so that the server finds out soon; where it cannot be set, later
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, c.addr); err != nil {
		return fmt.Errorf("an audience: %w", err)
	}
	if stalled {
		return nil
	}
	c.wg.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buf)
			count.Add(uint64(bytes.Count(buf[:n], []byte(mark))))
			if err != nil {
				return
			}
		}
	})
	return nil
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		_ = conn.Close() // opened to be read: nothing can be lost
	}
	c.wg.Wait()
}
