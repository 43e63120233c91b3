package compile

import (
	"time"

	"rvo.dev/dsl"
	"rvo.dev/schema"
)

// duration returns the duration at path, or otherwise where it is not given.
func (c *compiler) duration(path string, text *string, otherwise time.Duration) time.Duration {
	if text == nil {
		return otherwise
	}
	d, err := schema.ParseDuration(*text)
	if err != nil {
		c.report(dsl.Finding{Code: dsl.CodeValue, Path: path, Message: err.Error()})
		return otherwise
	}
	return d
}

// size returns the size at path in bytes, or otherwise where it is not given.
func (c *compiler) size(path string, text *string, otherwise int64) int64 {
	if text == nil {
		return otherwise
	}
	n, err := schema.ParseBytes(*text)
	if err != nil {
		c.report(dsl.Finding{Code: dsl.CodeValue, Path: path, Message: err.Error()})
		return otherwise
	}
	return n
}

// word returns the value that stands for a word, the first one where it is not given. The schema knows the same words.
func word[T any](text *string, words ...named[T]) T {
	for _, w := range words {
		if text != nil && w.name == *text {
			return w.value
		}
	}
	return words[0].value
}

// named is a word of the language and what it stands for.
type named[T any] struct {
	name  string
	value T
}
