package dsl

import "rvo.dev/engine/redact"

// Redact returns text that holds parts of a pipeline with what may be a credential replaced by ***: see redact.Source.
func Redact(text string) string { return redact.Source(text) }
