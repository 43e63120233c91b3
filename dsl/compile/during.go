package compile

import (
	"strconv"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/schema"
)

// during compiles the hours in which an event is watched.
func (c *compiler) during(path string, in *schema.During) *graph.DuringSpec {
	if in == nil {
		return nil
	}
	out := &graph.DuringSpec{Hours: or(in.Hours, nil), TimeZone: or(in.TimeZone, "")}
	if in.Hours != nil && len(*in.Hours) == 0 {
		c.report(dsl.Finding{
			Code: CodeNoParts, Path: path + ".hours", Message: "hours names none: the event would never be watched",
			Hint: "give it at least one span such as \"mon-fri 08:00-18:00\", or set enabled: false",
		})
	}
	for i, span := range out.Hours {
		if _, err := event.ParseSchedule([]string{span}, time.UTC); err != nil {
			// Its days and its hours may both be wrong: a line each.
			for line := range strings.SplitSeq(err.Error(), "\n") {
				message, hint, _ := strings.Cut(line, ": give ")
				if hint != "" {
					hint = "give " + hint
				}
				c.report(dsl.Finding{Code: dsl.CodeValue, Path: path + ".hours." + strconv.Itoa(i), Message: message, Hint: hint})
			}
		}
	}
	if in.TimeZone != nil {
		if _, err := graph.TimeZone(*in.TimeZone); err != nil {
			message, hint, _ := strings.Cut(err.Error(), ": ")
			c.report(dsl.Finding{Code: dsl.CodeValue, Path: path + ".timezone", Message: message, Hint: hint})
		}
	}
	return out
}
