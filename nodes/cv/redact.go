package cv

import (
	"net/url"
	"regexp"
	"strings"
)

// redact returns text with the credentials in its URLs replaced: user:password@ becomes user:***@, and so do the values
// of query and path parts that are named like one (password=…, token=…). secrets are removed wherever they stand.
func redact(text string, secrets ...string) string {
	for _, s := range secrets {
		if s == "" {
			continue
		}
		for _, form := range []string{s, url.QueryEscape(s), url.PathEscape(s), url.UserPassword("", s).String()[1:]} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	// Compiled at each call: this runs when a camera is opened or fails, a few times a minute at most.
	text = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)([^/?#\s"]*)@`).ReplaceAllStringFunc(text, func(m string) string {
		scheme, user, _ := strings.Cut(m, "://")
		user, _, _ = strings.Cut(strings.TrimSuffix(user, "@"), ":")
		return scheme + "://" + user + ":***@"
	})
	return regexp.MustCompile(`(?i)\b(pass|passwd|password|pwd|pw|token|secret|auth|authkey|apikey|api_key|key|sig|signature)=[^&;/\s"]+`).
		ReplaceAllString(text, "$1=***")
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
