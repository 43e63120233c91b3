package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rvo.dev/engine/graph"
)

// longest is how many characters of a value are shown to people who did not ask for all.
const longest = 48

// said returns a change of a setting in words: "hold 2s → 1s". whole shows values of any length.
func said(f *graph.FieldChange, whole bool) string {
	name := strings.TrimPrefix(f.Name, "options.")
	switch {
	case strings.HasSuffix(name, graph.HiddenSuffix):
		return strings.TrimSuffix(name, graph.HiddenSuffix) + ": a credential in it"
	case strings.HasPrefix(name, "file."):
		return strings.TrimPrefix(name, "file.") + ": what is in the file"
	case strings.HasPrefix(name, "secret."):
		return strings.TrimPrefix(name, "secret.") + ": the secret was written anew"
	}
	short := func(raw json.RawMessage) (string, bool) {
		s := value(f.Name, raw, f.Unit)
		return s, whole || len([]rune(s)) <= longest
	}
	old, ok := short(f.Old)
	now, fits := short(f.New)
	if !ok || !fits {
		return name + " changed"
	}
	return fmt.Sprintf("%s %s → %s", name, old, now)
}

// value returns a value as people write it; "none" for what there is not.
func value(name string, raw json.RawMessage, unit graph.Unit) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if len(raw) == 0 || d.Decode(&v) != nil || v == nil {
		return "none"
	}
	switch v := v.(type) {
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		switch {
		case err != nil || unit == "":
			return v.String()
		case unit == graph.Bytes:
			return size(n)
		}
		return time.Duration(n).String()
	case string:
		if v == "" {
			return `""`
		}
		return v
	}
	if name == "when" {
		if text, ok := condition(raw); ok {
			return text
		}
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// size writes bytes in the unit that leaves at most four digits before the point.
func size(n int64) string {
	v, unit := float64(n), "B"
	for _, u := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if v < 1024 {
			break
		}
		v, unit = v/1024, u
	}
	text := strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	return text + " " + unit
}
