package cv

import (
	"bufio"
	"context"
	"crypto/md5" //nolint:gosec // Digest authentication of RTSP is defined with it.
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// OpenCV says of a stream only that it cannot be opened. The functions here ask the server themselves, in a few lines of
// its own protocol, to tell the user why.

// connect connects to where a server listens, at the port of the scheme where the address has none, and returns the place too, for
// errors; its own has it.
func connect(ctx context.Context, u *url.URL, timeout time.Duration) (conn net.Conn, host string, err error) {
	port := map[string]string{"rtsp": "554", "rtsps": "322", "http": "80", "https": "443"}[u.Scheme]
	host = net.JoinHostPort(u.Hostname(), orDefault(u.Port(), port))
	if conn, err = new(net.Dialer).DialContext(ctx, "tcp", host); err != nil {
		return nil, host, unreachable(err, host, timeout)
	}
	return conn, host, nil
}

// until ends what waits for conn when ctx ends, if it is not called off before.
func until(ctx context.Context, conn net.Conn) (callOff func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// reach returns why no connection to a server can be made, or why one of RTSP says nothing to the request that FFmpeg begins with
// too. It returns nil where there is an answer, and where FFmpeg would not connect itself but through a proxy. It is asked before
// OpenCV is, which opens one stream at a time: a camera that is switched off or hangs would keep the others from connecting for as
// long as its timeout, again and again. Certificates are not looked at, as FFmpeg does not, nor is HTTP asked twice for a stream
// that a camera may have only once.
func reach(ctx context.Context, t target, timeout time.Duration) error {
	u, err := url.Parse(address(t.url, "-", ""))
	if err != nil || u.Hostname() == "" || strings.HasPrefix(u.Scheme, "http") && os.Getenv("http_proxy") != "" {
		return nil // what is wrong with an address is told when it is opened
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, host, err := connect(ctx, u, timeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer until(ctx, conn)()
	if u.Scheme != "rtsp" {
		return nil
	}
	u.User = nil
	if _, _, err := askRTSP(textproto.NewConn(conn), "OPTIONS", u.String(), 1, ""); err != nil {
		return notRTSP(host, err)
	}
	return nil
}

// explainRTSP returns why an RTSP stream could not be opened, by one DESCRIBE.
func explainRTSP(ctx context.Context, t target, timeout time.Duration) error {
	u, err := url.Parse(address(t.url, "-", "")) // whatever stands in the credentials must not break the parsing
	if err != nil || u.Hostname() == "" {
		return errors.New("is no address of the form rtsp://host:port/path")
	}
	u.User = nil
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, host, err := connect(ctx, u, timeout)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer until(ctx, conn)()
	if u.Scheme == "rtsps" {
		conn = tls.Client(conn, &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12})
	}
	c := textproto.NewConn(conn)
	code, challenges, err := askRTSP(c, "DESCRIBE", u.String(), 1, "")
	if err != nil {
		return notRTSP(host, err)
	}
	if code != http.StatusUnauthorized {
		return rtspStatus(code)
	}
	if t.user == "" {
		return errors.New("the camera asks for a login: give user and password")
	}
	auth := authorization(challenges, t.user, t.password, u.String())
	if auth == "" {
		return fmt.Errorf("the camera asks for a login of a kind that is not known here: %s", strings.Join(challenges, ", "))
	}
	code, _, err = askRTSP(c, "DESCRIBE", u.String(), 2, auth)
	if err != nil {
		return fmt.Errorf("the camera broke off the login of user %q: %w", t.user, err)
	}
	if code == http.StatusUnauthorized {
		return fmt.Errorf("the camera refuses the login: wrong user %q or wrong password", t.user)
	}
	return rtspStatus(code)
}

func notRTSP(host string, err error) error {
	return fmt.Errorf("%s answers, but not in RTSP (%w): check the port", host, err)
}

func rtspStatus(code int) error {
	switch code {
	case http.StatusOK:
		return errors.New("the camera offers the stream, but no picture came: try the other transport, or another stream of the camera (codec)")
	case http.StatusForbidden:
		return errors.New("the camera forbids this stream to this login (403)")
	case http.StatusNotFound:
		return errors.New("the camera has no stream of this path (404): check the URL in its manual")
	}
	return fmt.Errorf("the camera answers with status %d", code)
}

// askRTSP sends one request and returns the status and the login challenges of the answer.
func askRTSP(c *textproto.Conn, method, uri string, seq int, auth string) (code int, challenges []string, err error) {
	if auth != "" {
		auth = "Authorization: " + auth + "\r\n"
	}
	if err := c.PrintfLine("%s %s RTSP/1.0\r\nCSeq: %d\r\nAccept: application/sdp\r\nUser-Agent: rvo\r\n%s", method, uri, seq, auth); err != nil {
		return 0, nil, err
	}
	line, err := c.ReadLine()
	if err != nil {
		return 0, nil, err
	}
	proto, rest, _ := strings.Cut(line, " ")
	number, _, _ := strings.Cut(rest, " ")
	code, err = strconv.Atoi(number)
	if err != nil || !strings.HasPrefix(proto, "RTSP/") {
		return 0, nil, errors.New("no RTSP status line")
	}
	head, err := c.ReadMIMEHeader()
	if err != nil {
		return 0, nil, err
	}
	if n, err := strconv.Atoi(head.Get("Content-Length")); err == nil && n > 0 && n < 1<<20 {
		if _, err := c.R.Discard(n); err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return 0, nil, err
		}
	}
	return code, head["Www-Authenticate"], nil
}

// authorization answers a Digest challenge (RFC 2617 without qop, as RTSP has it), else a Basic one, else "".
func authorization(challenges []string, user, password, uri string) string {
	basic := false
	for _, ch := range challenges {
		scheme, params, _ := strings.Cut(ch, " ")
		if strings.EqualFold(scheme, "basic") {
			basic = true
		}
		if !strings.EqualFold(scheme, "digest") || strings.Contains(strings.ToUpper(params), "SHA-256") {
			continue
		}
		realm, nonce := quoted(params, "realm"), quoted(params, "nonce")
		response := digest(digest(user+":"+realm+":"+password) + ":" + nonce + ":" + digest("DESCRIBE:"+uri))
		return fmt.Sprintf("Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q", user, realm, nonce, uri, response)
	}
	if basic {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	return ""
}

func digest(s string) string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// quoted returns the value of name="value" in the parameters of a challenge.
func quoted(params, name string) string {
	_, rest, ok := strings.Cut(params, name+`="`)
	if !ok {
		return ""
	}
	v, _, _ := strings.Cut(rest, `"`)
	return v
}

// explainHTTP returns why an HTTP stream could not be opened, by one GET.
func explainHTTP(ctx context.Context, t target, timeout time.Duration) error {
	u, err := url.Parse(address(t.url, "-", ""))
	if err != nil || u.Hostname() == "" {
		return errors.New("is no address of the form http://host:port/path")
	}
	u.User = nil
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("is no address of the form http://host:port/path")
	}
	if t.user != "" {
		req.SetBasicAuth(t.user, t.password)
	}
	// A transport of its own, closed at the end: nothing of the probe stays.
	tr := &http.Transport{DisableKeepAlives: true}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // without the URL
		}
		return unreachable(err, u.Host, timeout)
	}
	defer func() { _ = resp.Body.Close() }() // nothing of the answer was written that closing could lose
	switch {
	case resp.StatusCode == http.StatusUnauthorized && t.user == "":
		return errors.New("the server asks for a login: give user and password")
	case resp.StatusCode == http.StatusUnauthorized && !strings.HasPrefix(strings.ToLower(resp.Header.Get("Www-Authenticate")), "basic"):
		return fmt.Errorf("the server asks for a login and refused that of user %q", t.user)
	case resp.StatusCode == http.StatusUnauthorized:
		return fmt.Errorf("the server refuses the login: wrong user %q or wrong password", t.user)
	case resp.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("the server answers %s: check the path", resp.Status)
	}
	return fmt.Errorf("the server gives %q, which OpenCV cannot read as video, or no picture came within %s",
		orDefault(resp.Header.Get("Content-Type"), "no content type"), timeout)
}

// unreachable says in plain words why a server cannot be connected to.
func unreachable(err error, host string, timeout time.Duration) error {
	var dns *net.DNSError
	var op net.Error
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("the name %q cannot be resolved: check the host", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s refuses the connection: check address and port, and that the camera is on", host)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &op) && op.Timeout():
		return fmt.Errorf("%s does not answer within %s: check address and network", host, timeout)
	}
	return err
}
