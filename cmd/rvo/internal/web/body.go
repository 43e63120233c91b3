package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// readJSON reads a request's body into v: one JSON value with no field that v does not have. What is wrong with it is answered,
// and false returned.
func readJSON(w http.ResponseWriter, r *http.Request, v api.Body) bool {
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
		writeError(w, http.StatusBadRequest, "", "the body has more than one JSON value: send one object such as "+v.Form())
		return false
	}
	return true
}

// badBody says what keeps a body from being v, and in which member.
func badBody(err error, v api.Body) (field, why string) {
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	kind, isKind := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.EOF):
		return "", "the body is empty: send an object such as " + v.Form()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "", "the body ends within its JSON: send an object such as " + v.Form()
	case isSyntax:
		return "", fmt.Sprintf("the body is no JSON from byte %d on: %v; send an object such as %s", syntax.Offset, syntax, v.Form())
	case isKind && kind.Field == "":
		return "", fmt.Sprintf("the body is a JSON %s: send an object such as %s", kind.Value, v.Form())
	case isKind:
		return kind.Field, fmt.Sprintf("must be %s, not a %s", jsonType(kind.Type.Kind().String()), kind.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name = strings.Trim(name, `"`)
		return name, fmt.Sprintf("there is no member %q here: send an object such as %s", name, v.Form())
	}
	return "", "the body is not what is asked for here: send an object such as " + v.Form()
}

// jsonType is what JSON calls a Go type of a member.
func jsonType(kind string) string {
	switch {
	case kind == "string":
		return "a string"
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case kind == "slice", kind == "array":
		return "a list"
	}
	return "an object"
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
