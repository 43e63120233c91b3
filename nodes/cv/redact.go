package cv

import (
	"net/url"
	"strings"

	hide "rvo.dev/engine/redact"
)

// redact returns text without what looks like a credential. secrets are removed wherever they stand, however they are escaped.
func redact(text string, secrets ...string) string {
	for _, s := range secrets {
		if s == "" {
			continue
		}
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:]} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	return hide.Text(text)
}

// address returns the URL with these credentials instead of those it has; without a user it is returned as it is.
func address(raw, user, password string) string {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || user == "" {
		return raw
	}
	authority, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		authority = authority[i+1:]
	}
	return scheme + "://" + url.UserPassword(user, password).String() + "@" + authority + path
}

// credentials returns what stands in the URL.
func credentials(raw string) (user, password string) {
	_, rest, _ := strings.Cut(raw, "://")
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	i := strings.LastIndexByte(rest, '@')
	if i < 0 {
		return "", ""
	}
	user, password, _ = strings.Cut(rest[:i], ":")
	if u, err := url.PathUnescape(user); err == nil {
		user = u
	}
	if p, err := url.PathUnescape(password); err == nil {
		password = p
	}
	return user, password
}
