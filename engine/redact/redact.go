// Package redact hides credentials in what is shown: logs, errors, the API, plans, drawings. It is the one place that knows what
// one looks like.
//
//	log.Warn("camera is down", "err", redact.Text(err.Error()))
//
// The package is pure and starts no goroutine.
package redact

import (
	"strings"
)

// Hidden stands where a credential was.
const Hidden = "***"

// Text returns what a program or a library says without credentials: the user part of every URI in it, the values of keys that
// name a secret (password=, token:, …) and what follows "Bearer" or "Basic". It errs on the side of hiding: a password with
// unescaped slashes or at-signs is found, at the price of a path with an at-sign being cut short now and then. It is idempotent.
func Text(s string) string { return hide(s, false) }

// Source returns CUE or JSON without credentials, as Text does, and leaves it CUE or JSON: after a colon only a quoted text is a value,
// for a struct, a reference or a type is none, and a member that is only called key or the like may name a file.
func Source(s string) string { return hide(s, true) }

// Key reports whether a key names a secret, so that whatever its value is should not be shown.
func Key(name string) bool { return secretKey(name, false) }

func hide(s string, source bool) string {
	// Most lines have none of this: they cost one scan and no allocation.
	if strings.Contains(s, "://") {
		s = redactURIs(s)
	}
	if strings.ContainsRune(s, '=') || strings.ContainsRune(s, ':') {
		s = redactPairs(s, source)
	}
	if source {
		return s
	}
	return redactSchemes(s)
}

// redactURIs replaces what stands between "://" and the last at-sign that can belong to the user part.
func redactURIs(s string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, "://")
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		i += len("://")
		b.WriteString(s[:i])
		s = s[i:]
		end := strings.IndexAny(s, " \t\r\n\"'`<>")
		if end < 0 {
			end = len(s)
		}
		// Another URI in the same word (a proxy's path) is handled on its own.
		if next := strings.Index(s[:end], "://"); next >= 0 {
			end = next
		}
		if n := userinfo(s[:end]); n > 0 {
			b.WriteString(Hidden)
			s = s[n-1:]
		}
	}
}

// userinfo returns the length of the user part of what follows "://", its at-sign included; 0 when there is none.
func userinfo(s string) int {
	last := strings.LastIndexByte(s, '@')
	if last < 0 {
		return 0
	}
	authority := s
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		authority = s[:i]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		// "user:p@ss/word@host": the text after the first at-sign is no host when what ends it is followed by
		// another at-sign before the query.
		path, _, _ := strings.Cut(s, "?")
		if j := strings.LastIndexByte(path, '@'); j > i {
			return j + 1
		}
		return i + 1
	}
	// No at-sign before the first slash: a password with a slash in it, unless what stands before the slash is a plain
	// host and the at-sign is in the query.
	if _, port, ok := strings.Cut(authority, ":"); ok && strings.Trim(port, "0123456789") != "" {
		return last + 1
	}
	path, _, _ := strings.Cut(s, "?")
	return strings.LastIndexByte(path, '@') + 1
}

// redactPairs replaces the values of key=value and "key": "value" whose key names a secret.
func redactPairs(s string, source bool) string {
	var b strings.Builder
	rest := s
	for {
		i := strings.IndexAny(rest, "=:")
		if i < 0 {
			b.WriteString(rest)
			return b.String()
		}
		sep := rest[i]
		trim := `"'\ ` // a backslash where the whole was quoted once more
		if source {
			trim = `"?! ` // a mark of a member that may or must be there
		}
		key := trailingWord(strings.TrimRight(rest[:i], trim))
		b.WriteString(rest[:i+1])
		rest = rest[i+1:]
		if key == "" || !secretKey(key, source && sep == ':') {
			continue
		}
		var from, to int
		if source && sep == ':' {
			from, to = quotedValue(rest)
		} else {
			from, to = looseValue(rest, sep)
		}
		if from == to {
			continue
		}
		b.WriteString(rest[:from])
		b.WriteString(Hidden)
		rest = rest[to:]
	}
}

// looseValue returns where the value is that a text begins with, quoted or not; nowhere is from == to.
func looseValue(s string, sep byte) (from, to int) {
	before := `"'\`
	if sep == ':' {
		before += " "
	}
	from = len(s) - len(strings.TrimLeft(s, before))
	stop := " \t\r\n\"'`<>&;#,"
	quoted, again := strings.ContainsAny(s[:from], `"'`), strings.Contains(s[:from], `\`)
	if quoted {
		stop = `"'`
	}
	for to = from; to < len(s) && !strings.Contains(stop, s[to:to+1]); to++ {
		if quoted && !again && s[to] == '\\' {
			to++ // what it escapes
		}
	}
	to = min(to, len(s))
	// A scheme is no secret ("Authorization: Bearer …"): redactSchemes takes what follows it.
	if w := strings.ToLower(s[from:to]); sep == ':' && (w == "bearer" || w == "basic" || w == "digest") {
		return from, from
	}
	return from, to
}

// quotedValue returns where the text within the quotes is that a CUE or JSON value begins with: "…", \"""…\""", with any number of # around,
// perhaps marked as a default; nowhere is from == to. What has no end ends with the text.
func quotedValue(s string) (from, to int) {
	at := len(s) - len(strings.TrimLeft(s, " \t\r\n*("))
	hashes := len(s[at:]) - len(strings.TrimLeft(s[at:], "#"))
	at += hashes
	for _, quote := range []string{`"""`, `'''`, `"`, `'`} {
		if !strings.HasPrefix(s[at:], quote) {
			continue
		}
		from = at + len(quote)
		end := quote + strings.Repeat("#", hashes)
		for to = from; to < len(s) && !strings.HasPrefix(s[to:], end); to++ {
			if hashes == 0 && s[to] == '\\' {
				to++ // what it escapes
			}
		}
		to = min(to, len(s))
		if len(quote) == 3 { // it stands between the breaks of its lines
			if line := strings.IndexByte(s[from:to], '\n'); line >= 0 {
				last := from + strings.LastIndexByte(s[from:to], '\n')
				from += line + 1
				from += len(s[from:last+1]) - len(strings.TrimLeft(s[from:last+1], " \t"))
				to = max(last, from)
			}
		}
		return from, to
	}
	return 0, 0
}

// redactSchemes replaces the word after "Bearer" and "Basic", as HTTP headers carry them.
func redactSchemes(s string) string {
	for _, scheme := range []string{"bearer ", "basic "} {
		from := 0
		for {
			i := indexFold(s[from:], scheme)
			if i < 0 {
				break
			}
			start := from + i + len(scheme)
			end := strings.IndexAny(s[start:], " \t\r\n\"',;")
			if end < 0 {
				end = len(s) - start
			}
			// Short words are prose ("basic authentication" is kept readable by asking for a digit or padding).
			if w := s[start : start+end]; len(w) >= 8 && strings.ContainsAny(w, "0123456789=") {
				s = s[:start] + Hidden + s[start+end:]
				end = len(Hidden)
			}
			from = start + end
		}
	}
	return s
}

func indexFold(s, lower string) int {
	for i := 0; i+len(lower) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}

// trailingWord is the identifier that s ends with.
func trailingWord(s string) string {
	i := len(s)
	for i > 0 {
		c := s[i-1]
		if c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			i--
			continue
		}
		break
	}
	return s[i:]
}

// secretKey reports whether a key names a secret. Cameras use many spellings; words that only contain one ("keyframe",
// "tokens_total", "author") are left alone where they are common. Of a member of a source only what can be nothing else counts.
func secretKey(key string, member bool) bool {
	k := strings.ToLower(key)
	switch k {
	case "key", "sig", "pw", "auth", "psw":
		return !member
	case "pass", "pwd":
		return true
	case "tokens", "tokens_total", "keyframe", "bypass", "compass":
		return false
	}
	for _, part := range []string{
		"passw", "passphrase", "pwd", "token", "secret", "apikey", "api_key", "api-key", "authkey", "auth_key", "accesskey", "access_key",
		"credential", "signature", "authorization", "user-pw", "user_pw", "loginpas",
	} {
		if strings.Contains(k, part) {
			return true
		}
	}
	return false
}
