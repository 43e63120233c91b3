package remote

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// endpoint is where a service is.
type endpoint struct {
	target string // for gRPC
	host   string // whose certificate is expected
	tls    bool
	local  bool // what is sent does not leave this machine
}

// parseEndpoint reads http://host:port, https://host:port and unix:///path. Names are looked up by gRPC, which takes every
// address of a name as a replica.
func parseEndpoint(text string) (endpoint, error) {
	bad := func(why string) (endpoint, error) {
		return endpoint{}, fmt.Errorf("endpoint %q: %s: write http://host:port, https://host:port or unix:///path", text, why)
	}
	u, err := url.Parse(text)
	if err != nil {
		return bad("is no address")
	}
	switch u.Scheme {
	case "unix":
		if u.Host != "" || u.Path == "" {
			return bad("names no socket")
		}
		return endpoint{target: "unix://" + u.Path, host: "localhost", local: true}, nil
	case "http", "https":
	default:
		return bad("has no scheme that is known")
	}
	port := u.Port()
	switch {
	case u.User != nil:
		return endpoint{}, errors.New("endpoint has a user in it: use token")
	case u.Hostname() == "":
		return bad("names no host")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return bad("has more than a host and a port")
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return endpoint{
		target: "dns:///" + net.JoinHostPort(host, port),
		host:   host,
		tls:    u.Scheme == "https",
		local:  host == "localhost" || ip != nil && ip.IsLoopback(),
	}, nil
}
