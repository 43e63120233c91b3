package model

import (
	"fmt"
	"slices"
	"strings"

	"rvo.dev/engine/signal"
)

// Filter says which boxes of a network count, and what they are called. It can change from one picture to the next; all else
// about a network is its Plan.
type Filter struct {
	// Score is the least score of a box, Overlap how much two boxes of a class may overlap.
	Score, Overlap float32
	// Labels are the names of the classes, in the network's order.
	Labels []string
	// Keep are the labels that count; empty: all.
	Keep []string
}

// Filter returns what the options make of the plan's network.
func (p *Plan) Filter(o PlanOptions) (*Filter, error) {
	f := &Filter{Score: p.Family.Score, Overlap: p.Family.Overlap, Keep: o.Keep}
	if o.Score > 0 {
		f.Score = o.Score
	}
	if o.Overlap > 0 {
		f.Overlap = o.Overlap
	}
	var err error
	if f.Labels, err = p.Family.labels(o.Labels, p.classes); err != nil {
		return nil, &OptionError{"labels", err}
	}
	for _, k := range o.Keep {
		if !slices.Contains(f.Labels, k) {
			return nil, &OptionError{"keep", fmt.Errorf("keep: the network has no label %q: it has %s", k, some(f.Labels))}
		}
	}
	return f, nil
}

// kept drops the boxes that do not count, in place.
func (f *Filter) kept(found []signal.Box) []signal.Box {
	if len(f.Keep) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(b signal.Box) bool { return !slices.Contains(f.Keep, b.Label) })
}

// labels returns the names of the classes.
func (f *Family) labels(given []string, classes int) ([]string, error) {
	switch {
	case len(given) == 0 && classes == 1 && f.Label != "":
		return []string{f.Label}, nil
	case len(given) == 0:
		return nil, fmt.Errorf("the network has %s and no labels: name them, or a file with one in each line", count(classes, "class", "classes"))
	case len(given) != classes:
		return nil, fmt.Errorf("%s for a network of %s: name each class once, in the network's order",
			count(len(given), "label", "labels"), count(classes, "class", "classes"))
	}
	return given, nil
}

// count says how many of something there are.
func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// some lists labels, not all of a thousand.
func some(labels []string) string {
	const most = 20
	if len(labels) > most {
		return strings.Join(labels[:most], ", ") + fmt.Sprintf(" and %d more", len(labels)-most)
	}
	return strings.Join(labels, ", ")
}
