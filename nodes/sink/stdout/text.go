package stdout

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// line writes records for people:
//
//	12:00:02.250  CONFIRMED  person @ front  warning  yes for 2s  hog.count=3 >= 1  evidence person_front_20260301T120000.250Z_0a1b2c3d4e5f
//	12:00:09.100  ended      person @ front  after 6.85s  hog.count=0 >= 1 is no
//
// An end repeats neither severity nor evidence, and no reason that its leaves give. The state is a word in a column of its own; colour only repeats it.
type line struct {
	zone   *time.Location
	colour bool
}

// maxLeaves bounds how much of a wide condition is printed; the JSON record has all of it.
const maxLeaves = 4

func (l *line) append(b []byte, r *node.Record) []byte {
	b = add(b, l.clock(r.Time), "  ")
	b = l.state(b, r.State, r.Severity)
	b = add(b, "  ", r.Event)
	if r.Camera != "" {
		b = add(b, " @ ", r.Camera)
	}
	ended := r.State == "ended"
	if ended {
		b = add(b, "  after ", durationText(r.Duration))
		if !leavesSay(r.Leaves, r.Reason) {
			b = add(b, ": ", r.Reason)
		}
	} else {
		b = add(b, "  ", r.Severity)
		if d, ok := between(r.Since, r.Time); ok && d >= time.Millisecond {
			b = add(b, "  yes for ", round(d).String())
		}
	}
	for i := range r.Leaves {
		if i == maxLeaves {
			b = add(b, ", and ", strconv.Itoa(len(r.Leaves)-i), " more")
			break
		}
		if i == 0 {
			b = add(b, "  ")
		} else {
			b = add(b, ", ")
		}
		b = appendLeaf(b, &r.Leaves[i], r.Camera)
	}
	if r.Evidence != "" && !ended {
		b = add(b, "  evidence ", r.Evidence)
	}
	return b
}

// state writes the state as a word of nine columns, confirmed in capitals, with its colour around it.
func (l *line) state(b []byte, state, severity string) []byte {
	word, colour := state, ""
	switch state {
	case "confirmed":
		word = "CONFIRMED"
		switch severity {
		case "critical":
			colour = "\x1b[1;31m"
		case "warning":
			colour = "\x1b[1;33m"
		default:
			colour = "\x1b[1;32m"
		}
	case "ended":
		colour = "\x1b[2m"
	}
	if !l.colour || colour == "" {
		b = add(b, word)
	} else {
		b = append(b, colour...)
		b = add(b, word)
		b = append(b, "\x1b[0m"...)
	}
	return add(b, strings.Repeat(" ", max(0, 9-len(word))))
}

// clock returns the record's time of day in the reader's zone; a text that is no time as it is.
func (l *line) clock(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return s
	}
	return t.In(l.zone).Format("15:04:05.000")
}

// durationText returns a duration's text in a record as people want it; a text that is no duration as it is.
func durationText(s string) string {
	d, err := time.ParseDuration(s)
	if err != nil {
		return s
	}
	return round(d).String()
}

// round returns a duration to the millisecond, from a minute on to the second: a record holds it to the nanosecond.
func round(d time.Duration) time.Duration {
	if d.Abs() < time.Minute {
		return d.Round(time.Millisecond)
	}
	return d.Round(time.Second)
}

// leavesSay reports whether each of the leaves gives the reason as its answer, so that it need not be said once more.
// Where only some do, as in not or any, a reader would have to work it out.
func leavesSay(leaves []node.RecordLeaf, reason string) bool {
	return len(leaves) > 0 && !slices.ContainsFunc(leaves, func(l node.RecordLeaf) bool { return l.Answer != reason })
}

func between(from, to string) (time.Duration, bool) {
	a, err1 := time.Parse(time.RFC3339Nano, from)
	b, err2 := time.Parse(time.RFC3339Nano, to)
	return b.Sub(a), err1 == nil && err2 == nil
}

// appendLeaf writes a leaf as it is read aloud: hog.count=3 >= 1. An answer other than yes is said, the camera where it
// is not the event's.
func appendLeaf(b []byte, l *node.RecordLeaf, camera string) []byte {
	if l.Camera != "" && l.Camera != camera {
		b = add(b, l.Camera, ": ")
	}
	b = add(b, l.Signal, "=", valueText(l.Value))
	if l.Test != "" && l.Test != "is true" { // the value says it
		b = add(b, " ", testText(l.Test))
	}
	if l.Answer != "yes" {
		b = add(b, " is ", l.Answer)
	}
	return b
}

// testText turns the language's words for relations into signs: "gte 1, lt 5" into ">= 1, < 5".
func testText(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		switch w {
		case "eq":
			words[i] = "=="
		case "ne":
			words[i] = "!="
		case "gt":
			words[i] = ">"
		case "gte":
			words[i] = ">="
		case "lt":
			words[i] = "<"
		case "lte":
			words[i] = "<="
		}
	}
	return strings.Join(words, " ")
}

// valueText returns a leaf's value; of boxes their number, which is what conditions compare.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return "none"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', 4, 64)
	case string:
		return strconv.Quote(v)
	case []signal.Box:
		return strconv.Itoa(len(v))
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(b)
}

// add appends words from outside the program: what could steer a terminal becomes a question mark. Ids are checked by the
// schema, but labels come from models and from other machines.
func add(b []byte, words ...string) []byte {
	for _, w := range words {
		b = append(b, strings.Map(func(r rune) rune {
			if !unicode.IsPrint(r) {
				return '?'
			}
			return r
		}, w)...)
	}
	return b
}
