package graph

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
)

// HiddenSuffix ends the name of a field that stands for a credential written into another field's value.
const HiddenSuffix = ".hidden"

// Public returns nodes that may be shown: every text in a value is what redact makes of it, and the hashes are of what is
// left. redact gets a text as JSON writes a member, `"name": "text"`, and leaves the name and the quotes; package dsl has one.
//
// That a credential differs can still be seen by who has the key: beside a value with one there is a field NAME.hidden with its
// keyed hash. Without a key there is none, since a password can be guessed by its plain hash; two values that differ in their
// credentials alone are then the same.
func Public(nodes []Node, redact func(member string) string, key []byte) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		n.Fields = slices.Clone(n.Fields)
		n.Inputs = slices.Clone(n.Inputs)
		for j := range nodes[i].Fields {
			f := &n.Fields[j]
			shown, secret := public(f, redact)
			if !secret {
				continue
			}
			if len(key) > 0 {
				h := hmac.New(sha256.New, key)
				h.Write(f.Value)
				n.Fields = append(n.Fields, Field{
					Name: f.Name + HiddenSuffix, Value: quote(hex.EncodeToString(h.Sum(nil))), Class: f.Class,
				})
				f = &n.Fields[j]
			}
			f.Value = shown
		}
		n.seal()
		out[i] = n
	}
	return out
}

// WithoutHidden returns public nodes as they are without a key.
func WithoutHidden(nodes []Node) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		n.Fields = slices.DeleteFunc(slices.Clone(n.Fields), func(f Field) bool { return strings.HasSuffix(f.Name, HiddenSuffix) })
		n.Inputs = slices.Clone(n.Inputs)
		n.seal()
		out[i] = n
	}
	return out
}

// public returns a field's value as it may be shown, and whether that is another.
func public(f *Field, redact func(string) string) (shown json.RawMessage, secret bool) {
	var v any
	if strings.HasPrefix(f.Name, "file.") || strings.HasPrefix(f.Name, "secret.") {
		return f.Value, false // of Facts: they tell nothing
	}
	if !slices.Contains(f.Value, '"') || json.Unmarshal(f.Value, &v) != nil {
		return f.Value, false // no text in it
	}
	name := strings.TrimPrefix(f.Name, "options.")
	v = redacted(redact, name, v, &secret)
	if !secret {
		return f.Value, false
	}
	shown, err := json.Marshal(v)
	if err != nil {
		return quote("***"), true
	}
	return shown, true
}

// redacted returns a decoded JSON value with its texts redacted.
func redacted(redact func(string) string, name string, v any, secret *bool) any {
	switch v := v.(type) {
	case string:
		s := member(redact, name, v)
		*secret = *secret || s != v
		return s
	case []any:
		for i := range v {
			v[i] = redacted(redact, name, v[i], secret)
		}
	case map[string]any:
		for k := range v {
			v[k] = redacted(redact, k, v[k], secret)
		}
	}
	return v
}

// member redacts a text by itself and by the name that it has.
func member(redact func(string) string, name, text string) string {
	before, after := `"`+name+`": "`, `"`
	s, ok := strings.CutPrefix(redact(before+text+after), before)
	if !ok {
		return "***"
	}
	return strings.TrimSuffix(s, after)
}

func quote(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }
