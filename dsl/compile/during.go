package compile

import (
	"rvo.dev/dsl"
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
		c.report(dsl.Finding{Code: CodeNoParts, Path: path + ".hours", Message: "hours names none: the event would never be watched",
			Hint: "give it at least one span such as \"mon-fri 08:00-18:00\", or set enabled: false"})
	}
	return out
}
