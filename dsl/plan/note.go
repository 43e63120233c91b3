package plan

import (
	"slices"
	"strings"

	"rvo.dev/engine/graph"
)

// symbol is what a line begins with.
func symbol(c *graph.Change) string {
	switch c.Action {
	case graph.Add:
		return "+"
	case graph.Remove:
		return "-"
	case graph.Replace:
		if c.Exclusive {
			return "!"
		}
		return "-/+"
	case graph.Keep, graph.Retune:
	}
	return "~"
}

// note says what a change means for what runs; empty where the words before it say all.
func note(c *graph.Change) string {
	role, _, _ := strings.Cut(c.ID, "/")
	has := func(name string) bool {
		return slices.ContainsFunc(c.Fields, func(f graph.FieldChange) bool { return f.Name == name })
	}
	switch c.Action {
	case graph.Keep, graph.Remove:
	case graph.Add:
		if c.Exclusive {
			return "opened when the one that holds it now is closed"
		}
	case graph.Replace:
		switch {
		case c.Exclusive:
			return "exclusive: the old one is closed before the new one is opened"
		case role == "camera":
			return "opened beside the old one, which goes at the first picture"
		case role == "detector":
			return "made ready beside the old one; its signals keep their values"
		case role == "sink":
			return "opened beside the old one"
		case role == "signal":
			return "its value goes"
		}
	case graph.Retune:
		switch {
		case role == "event" && (has("when") || has("zones")):
			return "pending becomes idle, a confirmed one goes on; cooldown is kept"
		case role == "event" && has("hold"):
			return "counts from when it became pending"
		case role == "evidence":
			return "clips under way end as they began"
		case role == "ring":
			return "keeps its newest pictures"
		}
	}
	return ""
}
