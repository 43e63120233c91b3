package web

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf16"

	"rvo.dev/engine"
	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// maxTold bounds the boxes that are told with a picture: some eight kilobytes of header.
const maxTold = 64

// toldBox is a box with the signal that it is in.
type toldBox struct {
	Signal string `json:"signal"`
	signal.Box
}

// told is what detectors found near the picture's time, as the JSON of a header: in ASCII, one line, at most maxTold boxes.
func told(found []engine.Found, capture tick.Time) string {
	all := []toldBox{}
	for _, f := range found {
		if drift := f.Capture.Sub(capture); drift > maxDrift || drift < -maxDrift {
			continue
		}
		for _, b := range f.Boxes {
			if len(all) < maxTold && b.Finite() {
				all = append(all, toldBox{f.Signal, b})
			}
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		return "[]"
	}
	return ascii(string(body))
}

// ascii writes what JSON has of other letters as escapes.
func ascii(s string) string {
	if !slices.ContainsFunc([]byte(s), func(b byte) bool { return b >= 0x80 }) {
		return s
	}
	const hex = "0123456789abcdef"
	var out strings.Builder
	for _, r := range s {
		if r < 0x80 {
			out.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			out.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				out.WriteByte(hex[u>>shift&0xf])
			}
		}
	}
	return out.String()
}
