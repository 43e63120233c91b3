package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// stateTone is how bad it is that a camera, a detector or an event is in a state.
func stateTone(state string) tone {
	switch state {
	case "up", "ok", "yes", "live", "kept", "applied":
		return good
	case "starting", "stalled", "frozen", "degraded", "probing", "potential", "unknown", "superseded", "planned", "rolled back":
		return warn
	case "down", "broken", "rejected":
		return bad
	case "confirmed":
		return accent
	}
	return dim
}

// age says how long before the server's now a moment was; 0 is never.
func age(nowMS, thenMS int64) string {
	if thenMS == 0 {
		return "never"
	}
	return span(time.Duration(max(0, nowMS-thenMS)) * time.Millisecond)
}

// ttlText writes how long a value may decide. What is true until it is told otherwise has the longest time there is.
func ttlText(v float64) string {
	if d := ms(v); d <= 0 || d > 100*365*24*time.Hour {
		return "always"
	}
	return span(ms(v))
}

// test writes a comparison with the signs that people read.
func test(s string) string {
	op, rest, _ := strings.Cut(s, " ")
	if sign, ok := map[string]string{"eq": "=", "ne": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}[op]; ok {
		op = sign
	}
	return clean(strings.TrimSpace(op + " " + rest))
}

// value writes a signal's value in a few columns.
func value(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', 5, 64)
	case string:
		return clean(v)
	case []any:
		return boxes(v)
	}
	return clean(fmt.Sprint(v))
}

// boxes writes boxes as how many there are of each label.
func boxes(v []any) string {
	if len(v) == 0 {
		return "no boxes"
	}
	by := map[string]uint64{}
	for _, b := range v {
		label := "box"
		if m, ok := b.(map[string]any); ok {
			if l, ok := m["label"].(string); ok && l != "" {
				label = l
			}
		}
		by[label]++
	}
	var parts []string
	for _, c := range causes(by) {
		parts = append(parts, fmt.Sprintf("%d %s", c.n, c.name))
	}
	return strings.Join(parts, ", ")
}

// rateText writes a number of things a second.
func rateText(v float64) string {
	if v >= 99.95 {
		return fmt.Sprintf("%.0f/s", v)
	}
	return fmt.Sprintf("%.1f/s", v)
}

// costText writes a cost in milliseconds; 0 is not known.
func costText(v float64) string {
	if v <= 0 {
		return "-"
	}
	return span(ms(v))
}

// field is one line of a detail: a name and what it is.
func field(name, text string) string {
	return fmt.Sprintf("  %s  %s", paint(dim, fmt.Sprintf("%-16s", name)), text)
}

// heading begins a part of a detail.
func heading(text string) string { return paint(strong, "  "+text) }

// bars writes counts by cause, the largest first, each with a bar of its share.
func (m *model) bars(cs []cause, w int) []string {
	var total uint64
	for _, c := range cs {
		total += c.n
	}
	var out []string
	for _, c := range cs {
		share := float64(c.n) / float64(total)
		bar := strings.Repeat(m.g.bar, int(share*float64(max(0, min(40, w-42)))+0.5))
		out = append(out, fmt.Sprintf("    %s %s %4.0f%% %s", fit(c.name, 20, m.g), fitRight(number(c.n), 7, m.g), 100*share, paint(warn, bar)))
	}
	return out
}

// clockTime writes a moment of the server's clock, in milliseconds, as the time of day here.
func (m *model) clockTime(msec int64) string {
	if msec == 0 {
		return "-"
	}
	return moment(msec).In(m.zone).Format("15:04:05")
}

// moment is a time of the server's, given in milliseconds.
func moment(msec int64) time.Time { return time.UnixMilli(msec) }

// stamp writes an RFC 3339 time as the time of day here.
func (m *model) stamp(s string) string {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return clean(s)
	}
	return t.In(m.zone).Format("15:04:05.000")
}
