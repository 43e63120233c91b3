package tui

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

const (
	// askFor bounds one question to the server.
	askFor = 10 * time.Second
	// maxAnswer bounds an answer and a message of the stream in bytes: the state of a thousand cameras with ten detectors
	// each is below ten megabytes.
	maxAnswer = 64 << 20
	// maxError bounds what is shown of an answer that is an error.
	maxError = 300
)

// ErrAddress says that an address is none that an rvo can be asked at.
var ErrAddress = errors.New("no address of an rvo")

// client asks one rvo.
type client struct {
	base  *url.URL
	token string
	http  *http.Client
}

// newClient checks the address. The token is sent to that address alone: redirects are not followed.
func newClient(base, token string) (*client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is %w: write it as http://127.0.0.1:9090", clean(base), ErrAddress)
	}
	if u.User != nil {
		return nil, fmt.Errorf("a user in the address is not sent, so it is %w: the token is given with --http-token-file or --http-token-env", ErrAddress)
	}
	return &client{base: u, token: token, http: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: askFor, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
		},
	}}, nil
}

// answerError is an answer of the server that is no success.
type answerError struct {
	status int
	text   string
	host   string
	token  bool // one was sent
}

// Error implements error. It says what to do about it.
func (e *answerError) Error() string {
	switch {
	case e.status == http.StatusUnauthorized && e.token:
		return e.host + " does not take this token: give the one it was started with (--http-token-file or --http-token-env)"
	case e.status == http.StatusUnauthorized:
		return e.host + " wants its token: give it with --http-token-file or --http-token-env"
	case e.status == http.StatusNotFound:
		return e.host + " answers, but has no such path: it is no rvo, or an older one"
	}
	return strings.TrimSuffix(fmt.Sprintf("%s: %d %s: %s", e.host, e.status, http.StatusText(e.status), e.text), ": ")
}

// isNotFound reports whether a server has no such path.
func isNotFound(err error) bool {
	e, ok := errors.AsType[*answerError](err)
	return ok && e.status == http.StatusNotFound
}

// explain says of an error what a person can do about it.
func (c *client) explain(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no rvo answers at %s: start it with rvo run, or name another address", c.base.Host)
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("no rvo answers at %s: %s", c.base.Host, clean(op.Err.Error()))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s did not answer within %s", c.base.Host, askFor)
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s closed the connection", c.base.Host)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err // without the address again
	}
	return err
}

// do sends a request and returns a successful answer, whose body the caller closes.
func (c *client) do(ctx context.Context, method, path, accept string, body any) (*http.Response, error) {
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r = bytes.NewReader(b)
	}
	// Paths are joined as written: an id may hold an escaped slash.
	path, query, _ := strings.Cut(path, "?")
	u := c.base.JoinPath(path)
	u.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, method, u.String(), r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode/100 != 2 {
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return nil, &answerError{resp.StatusCode, errorText(b), c.base.Host, c.token != ""}
	}
	return resp, nil
}

// errorText is what an answer that is an error says: its "error" where it is JSON, else its first line.
func errorText(b []byte) string {
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(b, &said) != nil || said.Error == "" {
		said.Error, _, _ = strings.Cut(strings.TrimSpace(string(b)), "\n")
	}
	if len(said.Error) > maxError {
		said.Error = said.Error[:maxError]
	}
	return clean(said.Error)
}

// get asks for a path and decodes the answer.
func (c *client) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	resp, err := c.do(ctx, http.MethodGet, path, "application/json", nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(into); err != nil {
		return fmt.Errorf("%s: the answer to %s is not what an rvo of this version says: %w", c.base.Host, path, c.explain(err))
	}
	return nil
}

// send changes something.
func (c *client) send(ctx context.Context, method, path string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	resp, err := c.do(ctx, method, path, "application/json", body)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	return resp.Body.Close()
}

// stream is an open stream of messages.
type stream struct {
	close func()
	body  io.ReadCloser
	lines *bufio.Reader
}

// open opens the stream at a path. It ends with ctx or with close.
func (c *client) open(ctx context.Context, path string) (*stream, error) {
	ctx, cancel := context.WithCancel(ctx)
	resp, err := c.do(ctx, http.MethodGet, path, "text/event-stream", nil) //nolint:bodyclose // stream.end closes it
	if err != nil {
		cancel()
		return nil, err
	}
	return &stream{close: cancel, body: resp.Body, lines: bufio.NewReaderSize(resp.Body, 64<<10)}, nil
}

// message is one message of a stream. A comment, which only shows that the server lives, is one without name and data.
type message struct {
	name string
	data []byte
}

// next returns the next message.
func (s *stream) next() (message, error) {
	var m message
	for size := 0; ; {
		raw, err := s.lines.ReadSlice('\n')
		chunk := append([]byte(nil), raw...)
		for errors.Is(err, bufio.ErrBufferFull) && len(chunk) <= maxAnswer {
			raw, err = s.lines.ReadSlice('\n')
			chunk = append(chunk, raw...)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return message{}, err
		}
		if size += len(chunk); size > maxAnswer {
			return message{}, fmt.Errorf("a message of more than %d bytes: this is no stream of an rvo", maxAnswer)
		}
		text := bytes.TrimRight(chunk, "\r\n")
		if len(text) == 0 {
			if m.name != "" || m.data != nil {
				return m, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(text, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "":
			if m.name == "" && m.data == nil {
				return message{}, nil
			}
		case "event":
			m.name = string(value)
		case "data":
			if m.data != nil {
				m.data = append(m.data, '\n')
			}
			m.data = append(m.data, value...)
		}
	}
}

func (s *stream) end() {
	s.close()
	_ = s.body.Close()
}
