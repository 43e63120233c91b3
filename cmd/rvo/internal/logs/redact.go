package logs

import (
	"strings"
)

// hidden stands where a secret was.
const hidden = "***"

// Redact returns s without credentials: the user part of every URI in it, the values of keys that name a secret
// (password=, token=, …) and what follows "Bearer" or "Basic". It errs on the side of hiding: a password with unescaped
// slashes or at-signs is found, at the price of a path with an at-sign being cut short now and then. It is idempotent.
func Redact(s string) string {
	// Most lines have none of this: they cost one scan and no allocation.
	if strings.Contains(s, "://") {
		s = redactURIs(s)
	}
	if strings.ContainsRune(s, '=') || strings.ContainsRune(s, ':') {
		s = redactPairs(s)
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
			b.WriteString(hidden)
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
func redactPairs(s string) string {
	var b strings.Builder
	rest := s
	for {
		i := strings.IndexAny(rest, "=:")
		if i < 0 {
			b.WriteString(rest)
			return b.String()
		}
		sep := rest[i]
		key := trailingWord(strings.TrimRight(rest[:i], `"' `))
		b.WriteString(rest[:i+1])
		rest = rest[i+1:]
		if key == "" || !secretKey(key) {
			continue
		}
		lead := len(rest) - len(strings.TrimLeft(rest, `"' `))
		if sep == '=' {
			lead = len(rest) - len(strings.TrimLeft(rest, `"'`))
		}
		quoted := strings.ContainsAny(rest[:lead], `"'`)
		value := rest[lead:]
		stop := " \t\r\n\"'`<>&;#,"
		if quoted {
			stop = `"'`
		}
		end := strings.IndexAny(value, stop)
		if end < 0 {
			end = len(value)
		}
		if end == 0 {
			continue
		}
		// A scheme is no secret ("Authorization: Bearer …"): redactSchemes takes what follows it.
		if w := strings.ToLower(value[:end]); sep == ':' && (w == "bearer" || w == "basic" || w == "digest") {
			continue
		}
		b.WriteString(rest[:lead])
		b.WriteString(hidden)
		rest = value[end:]
	}
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
				s = s[:start] + hidden + s[start+end:]
				end = len(hidden)
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
// "tokens_total", "author") are left alone where they are common.
func secretKey(key string) bool {
	k := strings.ToLower(key)
	switch k {
	case "key", "sig", "pw", "pwd", "auth", "pass", "psw":
		return true
	case "tokens", "tokens_total", "keyframe", "bypass", "compass":
		return false
	}
	for _, part := range []string{
		"passw", "passphrase", "pwd", "token", "secret", "apikey", "api_key", "api-key", "credential",
		"signature", "authorization", "user-pw", "user_pw", "loginpas",
	} {
		if strings.Contains(k, part) {
			return true
		}
	}
	return false
}
