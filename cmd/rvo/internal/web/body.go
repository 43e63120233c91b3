package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// readJSON reads a request's body into v: one JSON value with no field that v does not have. What is wrong with it is answered,
// and false returned.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	if t := r.Header.Get("Content-Type"); t != "" {
		kind, _, err := mime.ParseMediaType(t)
		if err != nil || kind != "application/json" {
			writeError(w, http.StatusUnsupportedMediaType, "", "the body must be JSON, with the header Content-Type: application/json, and came as "+kind)
			return false
		}
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			writeError(w, http.StatusRequestEntityTooLarge, "", fmt.Sprintf("the body is larger than the %d bytes that this path takes", tooLarge.Limit))
			return false
		}
		writeError(w, http.StatusBadRequest, "", "the body could not be read to its end: send it again")
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		field, why := badBody(err, v)
		writeError(w, http.StatusBadRequest, field, why)
		return false
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		writeError(w, http.StatusBadRequest, "", "the body has more than one JSON value: send one object "+members(v))
		return false
	}
	return true
}

// badBody says what keeps a body from being v, and in which member.
func badBody(err error, v any) (field, why string) {
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	kind, isKind := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.EOF):
		return "", "the body is empty: send a JSON object " + members(v)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "", "the body ends within its JSON: send an object " + members(v)
	case isSyntax:
		return "", fmt.Sprintf("the body is no JSON from byte %d on: %v; send an object %s", syntax.Offset, syntax, members(v))
	case isKind && kind.Field == "":
		return "", fmt.Sprintf("the body is a JSON %s: send an object %s", kind.Value, members(v))
	case isKind:
		return kind.Field, fmt.Sprintf("must be %s, not a %s", jsonType(kind.Type), kind.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name = strings.Trim(name, `"`)
		return name, fmt.Sprintf("there is no member %q here: send an object %s", name, members(v))
	}
	return "", "the body is not what is asked for here: send a JSON object " + members(v)
}

// members tells the members of the object that a body has to be, with their types.
func members(v any) string {
	t := reflect.TypeOf(v).Elem()
	var out []string
	for f := range t.Fields() {
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		said := fmt.Sprintf("%q: %s", name, jsonType(f.Type))
		if strings.Contains(rest, "omitempty") {
			said += " (optional)"
		}
		out = append(out, said)
	}
	return "with " + strings.Join(out, ", ")
}

// jsonType is what JSON calls a type.
func jsonType(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // bodies have no others
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	if t == reflect.TypeFor[json.RawMessage]() {
		return "a value"
	}
	return "a list"
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}

// writeError answers with what is wrong, in which field of the request.
func writeError(w http.ResponseWriter, code int, field, why string) {
	writeJSON(w, code, api.Error{Error: why, Field: field})
}

// openAPI gives the API's description.
func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	_, _ = w.Write(api.OpenAPI())
}

// marshal returns a value of package api as JSON; those have no form that JSON cannot say.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("null")
	}
	return b
}
