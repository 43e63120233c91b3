package plan

import (
	"slices"
	"strings"

	"rvo.dev/engine/graph"
)

// line is what people read of one or more changes that are the same.
type line struct {
	change graph.Change // the first; its Fields are what is left to say
	name   string
	count  int
	quiet  bool // what it means is said with another line
}

// fold makes lines of changes: what only follows from the change of another node is left out, and what is the same on several
// cameras is told once.
func fold(changes []graph.Change) []line {
	byID := map[string]*graph.Change{}
	for i := range changes {
		byID[changes[i].ID] = &changes[i]
	}
	var out []line
	at := map[string]int{}
	for _, c := range changes {
		comes := c.Action == graph.Add || c.Action == graph.Remove
		if on := byID["camera/"+camera(c.ID)]; comes && on != nil && on.Action == c.Action {
			continue
		}
		up := byID[parent(c.ID)]
		follows := up != nil && up.Action == c.Action
		if follows && comes {
			continue
		}
		if follows {
			c.Fields = slices.DeleteFunc(slices.Clone(c.Fields), func(f graph.FieldChange) bool {
				return slices.ContainsFunc(up.Fields, func(g graph.FieldChange) bool {
					return f.Name == g.Name && string(f.Old) == string(g.Old) && string(f.New) == string(g.New)
				})
			})
			if len(c.Fields) == 0 && !c.Rewired {
				continue
			}
		}
		l := line{change: c, name: group(c.ID), count: 1, quiet: follows}
		key := symbol(&c) + l.name + details(&c, true)
		if i, ok := at[key]; ok {
			out[i].count++
			continue
		}
		at[key] = len(out)
		out = append(out, l)
	}
	for i := range out {
		if out[i].count == 1 {
			out[i].name = out[i].change.ID
		}
	}
	return out
}

// parent returns the id of the node without which this one would not be; empty for none.
func parent(id string) string {
	role, rest, _ := strings.Cut(id, "/")
	name, where, on := strings.Cut(rest, "@")
	switch role {
	case "ring":
		return "camera/" + rest
	case "detector":
		if on {
			return "detector/" + name
		}
	case "signal":
		producer, _, _ := strings.Cut(name, ".")
		if producer == graph.CameraSignals {
			return "camera/" + where
		}
		return "detector/" + producer + "@" + where
	}
	return ""
}

// camera returns the name of the camera that a node is on; empty for none.
func camera(id string) string {
	_, on, _ := strings.Cut(id, "@")
	return on
}

// group returns what nodes are told of together: those of one name on several cameras, all signals of a detector, cameras, rings.
func group(id string) string {
	role, rest, _ := strings.Cut(id, "/")
	name, _, _ := strings.Cut(rest, "@")
	switch role {
	case "camera", "ring":
		return role
	case "signal":
		name, _, _ = strings.Cut(name, ".")
	}
	return role + "/" + name
}
