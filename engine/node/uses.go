package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Use is one thing outside of the pipeline that a node's options point at.
type Use struct {
	Option string // "path", and "tls.key" for one within another
	// Value is the path or the address as it was written, empty for a secret.
	Value string
	// Secret is the reference, for a secret.
	Secret Secret
}

// Uses are the things outside of the pipeline that a node's options point at.
type Uses struct {
	Reads, Writes, Endpoints, Secrets []Use
}

// Uses returns what options point at, each kind of thing in the order of the contract. What is not given, or of another
// type than it should be, is left out.
func (c *Contract) Uses(options json.RawMessage) Uses {
	var all map[string]json.RawMessage
	if len(options) > 0 && json.Unmarshal(options, &all) != nil {
		return Uses{}
	}
	texts := func(names []string, leave func(string) bool) []Use {
		var out []Use
		for _, name := range names {
			var text string
			if json.Unmarshal(option(all, name), &text) == nil && text != "" && (leave == nil || !leave(text)) {
				out = append(out, Use{Option: name, Value: text})
			}
		}
		return out
	}
	u := Uses{Reads: texts(c.Reads, c.Named), Writes: texts(c.Writes, nil), Endpoints: texts(c.Endpoints, nil)}
	for _, name := range c.Secrets {
		var s Secret
		if json.Unmarshal(option(all, name), &s) == nil && s != (Secret{}) {
			u.Secrets = append(u.Secrets, Use{Option: name, Secret: s})
		}
	}
	return u
}

// option returns the value of an option, nil where it is not given; "tls.key" is the key within tls.
func option(all map[string]json.RawMessage, name string) json.RawMessage {
	name, rest, nested := strings.Cut(name, ".")
	if !nested || all[name] == nil {
		return all[name]
	}
	var within map[string]json.RawMessage
	if json.Unmarshal(all[name], &within) != nil {
		return nil
	}
	return option(within, rest)
}

// CheckUses returns what is wrong with what the contract says of options that point outside: an option that the Go type
// does not have, a secret that is of another type, and one of type Secret that is not said to be one.
func (k *Kind) CheckUses() error {
	c := &k.Contract
	types := map[string]reflect.Type{}
	optionTypes(types, "", k.options)
	var errs []error
	secret := map[string]bool{}
	for field, names := range map[string][]string{"Reads": c.Reads, "Writes": c.Writes, "Endpoints": c.Endpoints, "Secrets": c.Secrets} {
		for _, name := range names {
			t, ok := types[name]
			switch {
			case !ok:
				errs = append(errs, fmt.Errorf("%s names the option %q, which there is not", field, name))
			case isSecret(t) != (field == "Secrets"):
				errs = append(errs, fmt.Errorf("%s names the option %q, which is a %s", field, name, t))
			}
			secret[name] = secret[name] || field == "Secrets"
		}
	}
	for name, t := range types {
		if isSecret(t) && !secret[name] {
			errs = append(errs, fmt.Errorf("option %q is a secret, and Secrets does not name it", name))
		}
	}
	return errors.Join(errs...)
}

// optionTypes adds the type of each option of t, and of those within it, by name.
func optionTypes(types map[string]reflect.Type, prefix string, t reflect.Type) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || prefix != "" && isSecret(t) {
		return
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		types[prefix+name] = f.Type
		optionTypes(types, prefix+name+".", f.Type)
	}
}

func isSecret(t reflect.Type) bool {
	return t == reflect.TypeFor[Secret]() || t == reflect.TypeFor[*Secret]()
}
