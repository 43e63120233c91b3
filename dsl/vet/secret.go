package vet

import (
	"bytes"
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
			if !bytes.Contains(p.Doc.Content, []byte("://")) || !bytes.Contains(p.Doc.Content, []byte("@")) {
				return
			}
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
			forms := keyForms(p.Doc.Content)
			if len(forms) == 0 {
				return
			}
			p.texts(func(path, text string) {
				if what := key(forms, text); what != "" {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: path, Message: "this looks like " + what,
						Hint: "keep it in an environment variable or a file, and change it if the pipeline was ever shared",
					})
				}
			})
		},
	}
}

// keyForm is what a sort of key looks like.
type keyForm struct {
	marks   []string // one of them is in every key of this form, in lower case
	pattern string
	what    string
	match   *regexp.Regexp
}

// keyForms returns the forms of keys of which there may be one in a pipeline. The forms are those that the issuers document,
// and random enough not to be words.
func keyForms(content []byte) []keyForm {
	content = bytes.ToLower(content)
	var out []keyForm
	for _, f := range []keyForm{
		{marks: []string{"private key"}, pattern: `^-----BEGIN [A-Z ]*PRIVATE KEY-----`, what: "a private key"},
		{marks: []string{"akia", "asia"}, pattern: `\b(AKIA|ASIA)[A-Z0-9]{16}\b`, what: "an AWS access key"},
		{marks: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_"}, pattern: `\bgh[pousr]_[A-Za-z0-9]{36,}\b`, what: "a GitHub token"},
		{marks: []string{"glpat-"}, pattern: `\bglpat-[A-Za-z0-9_-]{20,}`, what: "a GitLab token"},
		{marks: []string{"xox"}, pattern: `\bxox[abprs]-[A-Za-z0-9-]{10,}`, what: "a Slack token"},
		{marks: []string{"sk-"}, pattern: `\bsk-[A-Za-z0-9_-]{32,}`, what: "an API key"},
		{marks: []string{".eyj"}, pattern: `\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.`, what: "a JSON web token"},
		{marks: []string{"bearer "}, pattern: `^Bearer [A-Za-z0-9._~+/-]{16,}=*$`, what: "a bearer token"},
		{
			marks:   []string{"token=", "key=", "secret=", "password=", "auth="},
			pattern: `(?i)[?&](access_?token|api_?key|token|secret|password|auth)=[^&#]{8,}`, what: "an address with a key in it",
		},
	} {
		if slices.ContainsFunc(f.marks, func(m string) bool { return bytes.Contains(content, []byte(m)) }) {
			f.match = regexp.MustCompile(f.pattern)
			out = append(out, f)
		}
	}
	return out
}

// key says what sort of key a text looks like, nothing where it looks like none.
func key(forms []keyForm, text string) string {
	for _, f := range forms {
		if f.match.MatchString(text) {
			return f.what
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
