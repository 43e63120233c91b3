package dsl

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"
)

// expects says in words what the schema wants at a place: "must be true or false". The text that the schema itself gives
// with error("…") goes first.
func (sh *shape) expects() string {
	if sh == nil {
		return "must be a plain value"
	}
	switch sh.name {
	case "#Cond":
		return "must be a condition, such as {signal: \"motion.level\", gte: 0.2}"
	case "#Secret":
		return "must be a reference to a secret, such as {env: \"CAMERA_PASSWORD\"} or {file: \"/run/secrets/camera\"}"
	}
	switch sh.kind {
	case cue.StructKind:
		// A long list of fields tells nobody what is wrong, and the documentation has it.
		if len(sh.fields) > 0 && len(sh.fields) <= 6 {
			return "must be a struct with " + List(sh.names())
		}
		return "must be a struct"
	case cue.ListKind:
		return "must be a list"
	}
	if text, ok := ownText(sh.v); ok {
		return text
	}
	return "must be " + describe(sh.v, 0)
}

// ownText returns the text of error("…") in a schema value.
func ownText(v cue.Value) (string, bool) {
	op, args := v.Expr()
	if op != cue.OrOp {
		return "", false
	}
	for _, a := range args {
		if text, ok := errorText(a); ok {
			return text, true
		}
	}
	return "", false
}

// errorText returns the text of a call of error("…").
func errorText(v cue.Value) (string, bool) {
	if op, args := v.Expr(); op == cue.CallOp && len(args) == 2 {
		if text, err := args[1].String(); err == nil {
			return text, true
		}
	}
	if err := v.Err(); err != nil && v.IncompleteKind() == cue.BottomKind {
		text := err.Error()
		if i := strings.Index(text, "must be "); i >= 0 {
			return text[i:], true
		}
	}
	return "", false
}

// words returns the words that a schema value allows, where it is a choice of words.
func (sh *shape) words() []string {
	if sh == nil || sh.kind != cue.StringKind {
		return nil
	}
	op, args := sh.v.Expr()
	if op != cue.OrOp {
		return nil
	}
	var words []string
	for _, a := range args {
		if _, ok := errorText(a); ok {
			continue
		}
		w, err := a.String()
		if err != nil {
			return nil
		}
		words = append(words, w)
	}
	return words
}

// describe puts a schema value in words, for options of kinds that give no text of their own.
func describe(v cue.Value, depth int) string {
	op, args := v.Expr()
	if depth > maxDepth {
		op = cue.NoOp
	}
	one := func(format string) string {
		return fmt.Sprintf(format, fmt.Sprint(args[0]))
	}
	d, hasDefault := v.Default()
	join := func(sep string) string {
		var parts []string
		for _, a := range args {
			if _, ok := errorText(a); ok {
				continue
			}
			// A default says nothing about what else there may be.
			if op == cue.OrOp && hasDefault && len(args) == 2 && a.IsConcrete() && a.Equals(d) {
				continue
			}
			if t := describe(a, depth+1); t != "" {
				parts = append(parts, t)
			}
		}
		return strings.Join(parts, sep)
	}
	switch op {
	case cue.AndOp:
		return join(", ")
	case cue.OrOp:
		return join(" or ")
	case cue.GreaterThanOp:
		return one("above %s")
	case cue.GreaterThanEqualOp:
		return one("at least %s")
	case cue.LessThanOp:
		return one("below %s")
	case cue.LessThanEqualOp:
		return one("at most %s")
	case cue.NotEqualOp:
		return one("other than %s")
	case cue.RegexMatchOp:
		return one("text that matches %s")
	case cue.NotRegexMatchOp:
		return one("text that does not match %s")
	case cue.SelectorOp:
		if _, p := v.ReferencePath(); len(p.Selectors()) > 0 {
			if d := cue.Dereference(v); d.Exists() {
				if text, ok := ownText(d); ok {
					return strings.TrimPrefix(text, "must be ")
				}
			}
		}
	}
	if v.IsConcrete() {
		return fmt.Sprint(v)
	}
	return kindName(v.IncompleteKind())
}

// kindName names a CUE kind in the user's words.
func kindName(k cue.Kind) string {
	switch k {
	case cue.BoolKind:
		return "true or false"
	case cue.IntKind:
		return "a whole number"
	case cue.FloatKind, cue.NumberKind:
		return "a number"
	case cue.StringKind:
		return "text in quotes"
	case cue.ListKind:
		return "a list"
	case cue.StructKind:
		return "a struct"
	case cue.NullKind:
		return "null"
	}
	return "another type of value"
}

// written puts a value of the user's in words, short.
func written(v cue.Value) string {
	switch k := v.IncompleteKind(); k {
	case cue.StructKind, cue.ListKind:
		return kindName(k)
	}
	if !v.IsConcrete() {
		return kindName(v.IncompleteKind())
	}
	text := fmt.Sprint(v)
	if strings.Contains(text, "_|_") {
		return "something that cannot be evaluated"
	}
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return text
}
