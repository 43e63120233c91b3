package dsl

import "regexp"

// Redact returns text with what may be a credential replaced by ***: the user part of a URI, its query values with
// telling names, and quoted values beside telling names. It errs on the side of hiding.
func Redact(text string) string {
	// Greedy up to the last @ before the path ends the authority, for passwords with an @ of their own.
	text = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s"'/?#]*@`).ReplaceAllString(text, "$1***@")
	text = regexp.MustCompile(`(://)[^\s"'@]*:[^\s"'@]*@`).ReplaceAllString(text, "$1***@")
	text = regexp.MustCompile(`(?i)([?&][a-z0-9_-]*(?:pass|passwd|password|pwd|token|secret|key|auth)[a-z0-9_-]*=)[^&\s"'#]+`).
		ReplaceAllString(text, "$1***")
	return regexp.MustCompile(`(?i)((?:pass|passwd|password|pwd|token|secret|apikey|api_key)[a-z0-9_]*"?[?!]?\s*:\s*#*")[^"]*"`).
		ReplaceAllString(text, `$1***"`)
}
