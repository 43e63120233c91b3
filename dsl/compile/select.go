package compile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rvo.dev/dsl"
)

// cameras checks a list of cameras and returns their ids, in the order of the list; nil where it is not given, which means
// all. An entry is an id, or a label and its word, label=word, for every camera that has it.
func (c *compiler) cameras(path string, list *[]string) []string {
	if list == nil || !slices.ContainsFunc(*list, isSelector) {
		return c.refs(path, "camera", list, c.cams)
	}
	var out []string
	add := func(id string) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for i, entry := range *list {
		at := fmt.Sprintf("%s.%d", path, i)
		switch {
		case slices.Contains((*list)[:i], entry):
			c.report(dsl.Finding{Code: CodeNode, Path: at, Message: "camera " + entry + " is named twice", Hint: "take one away"})
		case !isSelector(entry):
			c.ref(at, "camera", entry, c.cams)
			add(entry)
		default:
			found := c.labelled(entry)
			if len(found) == 0 {
				c.unmatched(at, entry)
			}
			for _, id := range found {
				add(id)
			}
		}
	}
	return out
}

// isSelector tells label=word from an id.
func isSelector(entry string) bool { return strings.Contains(entry, "=") }

// labelled returns the cameras that a selector chooses.
func (c *compiler) labelled(selector string) []string {
	label, value, _ := strings.Cut(selector, "=")
	var out []string
	for _, id := range c.cams {
		if v, ok := c.in.Cameras[id].Labels[label]; ok && v == value {
			out = append(out, id)
		}
	}
	return out
}

// unmatched reports a selector that chooses nothing. It is an error: a list that came out empty would mean every camera.
func (c *compiler) unmatched(path, selector string) {
	known := map[string]bool{}
	for _, camera := range c.in.Cameras {
		for label, value := range camera.Labels {
			known[label+"="+value] = true
		}
	}
	f := dsl.Finding{Code: CodeNode, Path: path, Message: "no camera has the label " + quote(selector)}
	f.Hint = dsl.DidYouMean(selector, slices.Sorted(maps.Keys(known)), "there are")
	if len(known) == 0 {
		label, value, _ := strings.Cut(selector, "=")
		f.Hint = fmt.Sprintf("no camera has labels: give one labels: %s: %q", label, value)
	}
	c.report(f)
}
