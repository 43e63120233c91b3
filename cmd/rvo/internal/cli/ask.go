package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

// askFor is how long a running rvo may take to answer.
const askFor = 10 * time.Second

// answer is what a running rvo said.
type answer struct {
	url  *url.URL
	code int
	body []byte
}

// ask asks the rvo at a base address for a path, of whose answer in the accepted media type it reads at most limit bytes. Redirects are not followed: the token
// must not go to somebody else.
func ask(ctx context.Context, base, path, accept, token string, limit int64) (*answer, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q is no address of an rvo: write it as %s", base, liveHere)
	}
	if u.User != nil {
		return nil, errors.New("a user in the address is not sent: the token is given with --http-token-file or --http-token-env")
	}
	u = u.JoinPath(path)
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
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
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u, err)
	}
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, fmt.Errorf("%s wants its token: give it with --http-token-file or --http-token-env", u.Host)
	}
	return &answer{u, resp.StatusCode, body}, nil
}
