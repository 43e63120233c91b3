package dsl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"cuelang.org/go/cue"
)

// plain returns a definite scalar as plain data: bool, json.Number or string. Numbers have one form whatever way they
// were written, so that equal pipelines have equal content.
func plain(v cue.Value) (any, error) {
	switch v.Kind() {
	case cue.BoolKind:
		return v.Bool()
	case cue.StringKind:
		return v.String()
	case cue.IntKind:
		n, err := v.Int(nil)
		if err != nil {
			return nil, err
		}
		return json.Number(n.String()), nil
	case cue.FloatKind, cue.NumberKind:
		f, err := v.Float64()
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, errors.New("number is out of range")
		}
		return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	return nil, fmt.Errorf("a %s is no value of the pipeline language", v.Kind())
}

// decode fills the document from plain data.
func (w *walker) decode(data any) {
	content, err := canonical(data)
	if err == nil {
		err = json.Unmarshal(content, &w.doc.Pipeline)
	}
	if all, ok := data.(map[string]any); ok && err == nil && all["tests"] != nil {
		delete(all, "tests")
		content, err = canonical(all)
	}
	w.doc.Content = content
	// With findings, a field may be left out or have another type than its struct wants, and that was reported.
	if err != nil && !HasErrors(w.findings) {
		w.add(Finding{Code: CodeValue, Place: w.doc.Place(""), Message: "pipeline cannot be decoded: " + err.Error()})
	}
}

// canonical returns data as JSON with sorted keys and no blanks.
func canonical(data any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(data); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
