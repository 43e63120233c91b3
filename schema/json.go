package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/cuecontext"
)

// JSONSchema returns the JSON Schema (draft 2020-12) of a composed schema.cue, for editors and generators that do not know
// CUE: of a pipeline that is written as JSON or YAML, or that was evaluated. What only CUE can say (a duration's exact form, a
// node's one kind) is left to rvo vet, so that nothing is refused here that vet accepts. It returns an error for a text that is
// no schema, or that uses something that has no counterpart.
func JSONSchema(text []byte) ([]byte, error) {
	root := cuecontext.New().CompileBytes(text)
	if err := root.Err(); err != nil {
		return nil, fmt.Errorf("schema does not compile: %w", err)
	}
	if !root.LookupPath(cue.ParsePath("#Pipeline")).Exists() {
		return nil, errors.New("schema has no #Pipeline")
	}
	it, err := root.Fields(cue.Definitions(true))
	if err != nil {
		return nil, err
	}
	defs := map[string]any{}
	for it.Next() {
		name := it.Selector().String()
		def, err := jsonOf(it.Value(), true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		describeJSON(def, it.Value())
		defs[strings.TrimPrefix(name, "#")] = def
	}
	return json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     "https://rvo.dev/schema/pipeline.json",
		"title":   "RVO pipeline",
		"$ref":    "#/$defs/Pipeline",
		"$defs":   defs,
	}, "", "  ")
}

// describeJSON adds a value's comment to its schema.
func describeJSON(out map[string]any, v cue.Value) {
	var parts []string
	for _, d := range v.Doc() {
		parts = append(parts, strings.TrimSpace(d.Text()))
	}
	if text := strings.Join(parts, "\n\n"); text != "" {
		out["description"] = text
	}
}

// definitionOf returns the name of the definition that a value refers to, also where it says more of it.
func definitionOf(v cue.Value) string {
	_, p := v.ReferencePath()
	if op, args := v.Expr(); op == cue.AndOp && len(p.Selectors()) == 0 && v.IncompleteKind() == cue.StructKind {
		_, p = args[0].ReferencePath()
	}
	if s := p.Selectors(); len(s) == 1 && s[0].IsDefinition() {
		return strings.TrimPrefix(s[0].String(), "#")
	}
	return ""
}

// jsonOf returns the JSON Schema of a value. top is set for a definition itself, which is not a reference to itself.
func jsonOf(v cue.Value, top bool) (map[string]any, error) {
	if name := definitionOf(v); name != "" && !top {
		return map[string]any{"$ref": "#/$defs/" + name}, nil
	}
	switch v.IncompleteKind() {
	case cue.StructKind:
		return jsonStruct(v)
	case cue.ListKind:
		out := map[string]any{"type": "array"}
		element := v.LookupPath(cue.MakePath(cue.AnyIndex))
		if element.Exists() {
			items, err := jsonOf(element, false)
			if err != nil {
				return nil, err
			}
			out["items"] = items
		}
		return out, nil
	}
	return jsonScalar(v)
}

// jsonStruct returns the schema of a struct: its fields and no others, or any name where it has a pattern.
func jsonStruct(v cue.Value) (map[string]any, error) {
	out := map[string]any{"type": "object", "additionalProperties": false}
	if any := v.LookupPath(cue.MakePath(cue.AnyString)); any.Exists() {
		more, err := jsonOf(any, false)
		if err != nil {
			return nil, err
		}
		out["additionalProperties"] = more
	}
	it, err := v.Fields(cue.Optional(true))
	if err != nil {
		return nil, err
	}
	properties := map[string]any{}
	var required []string
	for it.Next() {
		name := it.Selector().Unquoted()
		field, err := jsonOf(it.Value(), false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		describeJSON(field, it.Value())
		properties[name] = field
		if it.Selector().ConstraintType() == cue.RequiredConstraint {
			required = append(required, name)
		}
	}
	if len(properties) > 0 {
		out["properties"] = properties
	}
	if len(required) > 0 {
		out["required"] = required
	}
	return out, nil
}

// jsonScalar returns the schema of a scalar: its type, its words, its bounds.
func jsonScalar(v cue.Value) (map[string]any, error) {
	op, args := v.Expr()
	switch op {
	case cue.OrOp:
		return jsonChoice(args)
	case cue.AndOp:
		out := map[string]any{}
		for _, a := range args {
			part, err := jsonOf(a, false)
			if err != nil {
				return nil, err
			}
			mergeJSON(out, part)
		}
		return out, nil
	}
	bound := map[cue.Op]string{
		cue.GreaterThanOp: "exclusiveMinimum", cue.GreaterThanEqualOp: "minimum", cue.LessThanOp: "exclusiveMaximum",
		cue.LessThanEqualOp: "maximum",
	}
	if key, ok := bound[op]; ok {
		f, err := args[0].Float64()
		return map[string]any{"type": "number", key: f}, err
	}
	if op == cue.RegexMatchOp {
		pattern, err := args[0].String()
		return map[string]any{"type": "string", "pattern": pattern}, err
	}
	if v.IsConcrete() {
		var word any
		err := v.Decode(&word)
		return map[string]any{"const": word}, err
	}
	switch k := v.IncompleteKind(); k {
	case cue.BoolKind:
		return map[string]any{"type": "boolean"}, nil
	case cue.IntKind:
		return map[string]any{"type": "integer"}, nil
	case cue.NumberKind, cue.FloatKind:
		return map[string]any{"type": "number"}, nil
	case cue.StringKind:
		return map[string]any{"type": "string"}, nil
	case cue.TopKind:
		return map[string]any{}, nil
	default:
		return nil, fmt.Errorf("%v has no JSON Schema", k)
	}
}

// jsonChoice returns the schema of a choice. Calls of error("…") are what is said when nothing fits, and no choice.
func jsonChoice(args []cue.Value) (map[string]any, error) {
	var words, parts []any
	var last map[string]any
	for _, a := range args {
		if op, call := a.Expr(); op == cue.CallOp && len(call) == 2 || a.Err() != nil {
			continue
		}
		part, err := jsonOf(a, false)
		if err != nil {
			return nil, err
		}
		if word, ok := part["const"]; ok {
			words = append(words, word)
		}
		parts, last = append(parts, part), part
	}
	switch {
	case len(parts) == 1:
		return last, nil
	case len(words) == len(parts) && len(words) > 0:
		return map[string]any{"enum": words}, nil
	}
	return map[string]any{"anyOf": parts}, nil
}

// mergeJSON adds what must hold too. A second pattern goes into allOf, and integer is narrower than number.
func mergeJSON(out, part map[string]any) {
	for key, value := range part {
		switch {
		case key == "pattern" && out["pattern"] != nil:
			all, _ := out["allOf"].([]any)
			out["allOf"] = append(all, map[string]any{"pattern": value})
		case key == "type" && out["type"] == "integer":
		default:
			out[key] = value
		}
	}
}
