package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rvo.dev/cmd/rvo/internal/web"
	"rvo.dev/dsl/plan"
)

const (
	// askFor is how long a running rvo may take to say what it runs.
	askFor = 10 * time.Second
	// maxRunning bounds that answer in bytes: a thousand cameras with ten detectors each stay far below.
	maxRunning = 256 << 20
)

// askRunning asks the rvo at a base address what it runs.
func askRunning(ctx context.Context, base, token string) (*plan.Running, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of an rvo: write it as %s", base, liveHere)
	}
	if u.User != nil {
		return nil, errors.New("a user in the address is not sent: the token is given with --http-token-file or --http-token-env")
	}
	u = u.JoinPath(web.ConfigPath)
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*net.OpError](err); ok && e.Op == "dial" {
			return nil, fmt.Errorf("no rvo answers at %s: %w: start it with --http, or name another address", u.Host, e.Err)
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRunning))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u, err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusUnauthorized:
		return nil, fmt.Errorf("%s wants its token: give it with --http-token-file or --http-token-env", u.Host)
	default:
		first, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
		return nil, fmt.Errorf("%s: %s: %.200s", u, resp.Status, first)
	}
	running, err := plan.ParseRunning(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u, err)
	}
	return running, nil
}
