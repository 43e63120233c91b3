package vet

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/node"
)

func urlPasswordCheck() Check {
	return Check{
		Code: "RVO600", Name: "password in an address", Built: true,
		Doc: `An address holds a password: it stands in the pipeline, in its history and in whatever copies it. rvo hides it in ` +
			`what it prints. Put it into user and password, a reference to an environment variable or a file.`,
		Run: func(p *Pass) {
			p.texts(func(path, text string) {
				if _, ok := password(text); ok {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: path, Message: "the address holds a password",
						Hint: "take it out: user: \"…\", password: env: \"CAMERA_PASSWORD\"",
					})
				}
			})
		},
	}
}

// password returns the password in an address.
func password(text string) (string, bool) {
	if !strings.Contains(text, "://") {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return "", false
	}
	return u.User.Password()
}

func keyCheck() Check {
	return Check{
		Code: "RVO601", Name: "text that looks like a key", Built: true,
		Doc: `The text has the form of an access key or a token, or stands under a name that such have. A pipeline is no place ` +
			`for one: it is copied, logged and kept. Use a reference to an environment variable or a file, where the kind ` +
			`takes one.`,
		Run: func(p *Pass) {
			p.texts(func(path, text string) {
				if what := key(text); what != "" {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: path, Message: "this looks like " + what,
						Hint: "keep it in an environment variable or a file, and change it if the pipeline was ever shared",
					})
				}
			})
		},
	}
}

// key says what sort of key a text looks like, nothing where it looks like none. The forms are those that the issuers
// document, and random enough not to be words.
func key(text string) string {
	for _, form := range []struct{ pattern, what string }{
		{`^-----BEGIN [A-Z ]*PRIVATE KEY-----`, "a private key"},
		{`\b(AKIA|ASIA)[A-Z0-9]{16}\b`, "an AWS access key"},
		{`\bgh[pousr]_[A-Za-z0-9]{36,}\b`, "a GitHub token"},
		{`\bglpat-[A-Za-z0-9_-]{20,}`, "a GitLab token"},
		{`\bxox[abprs]-[A-Za-z0-9-]{10,}`, "a Slack token"},
		{`\bsk-[A-Za-z0-9_-]{32,}`, "an API key"},
		{`\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.`, "a JSON web token"},
		{`^Bearer [A-Za-z0-9._~+/-]{16,}=*$`, "a bearer token"},
		{`(?i)[?&](access_?token|api_?key|token|secret|password|auth)=[^&#]{8,}`, "an address with a key in it"},
	} {
		if regexp.MustCompile(form.pattern).MatchString(text) {
			return form.what
		}
	}
	return ""
}

func plainCheck() Check {
	return Check{
		Code: "RVO602", Name: "connection that anybody can read", Built: true,
		Doc: `The address is outside of this machine and of private networks, and the connection is not encrypted: pictures, ` +
			`records and passwords can be read and changed on the way. Use the encrypted form (rtsps, https), or a tunnel.`,
		Run: func(p *Pass) {
			p.uses(func(n *pointing, u node.Uses) {
				for _, e := range u.Endpoints {
					at, err := url.Parse(e.Value)
					if err != nil || !slices.Contains([]string{"rtsp", "http", "ws", "mqtt", "grpc", "tcp"}, strings.ToLower(at.Scheme)) || private(at.Hostname()) {
						continue
					}
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: n.path + "." + e.Option,
						Message: fmt.Sprintf("%s %s talks to %s over %s, which is not encrypted", n.role, n.id, at.Hostname(), strings.ToLower(at.Scheme)),
						Hint:    "use its encrypted form, or a tunnel to a private network",
					})
				}
			})
		},
	}
}

// private reports whether a host is this machine or in a private network, by its address or by its name: one without a
// dot, or in a zone that is never public (RFC 6761, RFC 6762, RFC 8375, ICANN's .internal).
func private(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		cgn := netip.MustParsePrefix("100.64.0.0/10") // RFC 6598: between a provider and its customers
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified() || cgn.Contains(a)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, zone := range []string{".local", ".localhost", ".home.arpa", ".internal", ".lan", ".test", ".example"} {
		if strings.HasSuffix(host, zone) {
			return true
		}
	}
	return !strings.Contains(host, ".")
}

// texts visits every text of the pipeline with its path, in order.
func (p *Pass) texts(visit func(path, text string)) {
	var all any
	if json.Unmarshal(p.Doc.Content, &all) != nil {
		return // Content is JSON
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case string:
			visit(path, v)
		case []any:
			for i, e := range v {
				walk(path+"."+strconv.Itoa(i), e)
			}
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(v)) {
				at := k
				if path != "" {
					at = path + "." + k
				}
				walk(at, v[k])
			}
		}
	}
	walk("", all)
}
