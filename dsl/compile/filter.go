package compile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
	"rvo.dev/schema"
)

// filters returns the fields of a condition that choose boxes, in the order of the language.
func filters(in *schema.Cond) []string {
	var names []string
	add := func(name string, given bool) {
		if given {
			names = append(names, name)
		}
	}
	add("label", in.Label != nil)
	add("labels", in.Labels != nil)
	add("minScore", in.MinScore != nil)
	add("maxScore", in.MaxScore != nil)
	add("minArea", in.MinArea != nil)
	add("maxArea", in.MaxArea != nil)
	add("minRatio", in.MinRatio != nil)
	add("maxRatio", in.MaxRatio != nil)
	add("zone", in.Zone != nil)
	add("zones", in.Zones != nil)
	add("outside", in.Outside != nil)
	add("anchor", in.Anchor != nil)
	return names
}

// filter returns what chooses boxes in a leaf, nil where nothing does. Bounds that are 0 bound nothing, but for an upper one:
// nothing would ever pass.
func (t *tree) filter(in *schema.Cond, emit *node.Emit, path string) *event.BoxFilter {
	names := filters(in)
	if len(names) == 0 {
		return nil
	}
	if emit != nil && emit.Type != signal.TypeBoxes {
		t.report(CodeTypes, path+"."+names[0], fmt.Sprintf("%s chooses boxes, and %s is of type %s", names[0], *in.Signal, emit.Type),
			"take it away, or ask for a signal of boxes")
		return nil
	}
	f := &event.BoxFilter{
		Labels: t.either(in.Label, in.Labels, path, "label", "labels"), Zones: t.either(in.Zone, in.Zones, path, "zone", "zones"),
		Outside: t.either(nil, in.Outside, path, "", "outside"),
		Anchor:  word(in.Anchor, named[event.Anchor]{"bottom", event.AnchorBottom}, named[event.Anchor]{"center", event.AnchorCenter}),
	}
	f.MinScore, f.MaxScore = t.bounds(in.MinScore, in.MaxScore, path, "minScore", "maxScore")
	f.MinArea, f.MaxArea = t.bounds(in.MinArea, in.MaxArea, path, "minArea", "maxArea")
	f.MinRatio, f.MaxRatio = t.bounds(in.MinRatio, in.MaxRatio, path, "minRatio", "maxRatio")
	out := func(zone string) bool { return slices.Contains(f.Outside, zone) }
	if len(f.Zones) > 0 && !slices.ContainsFunc(f.Zones, func(zone string) bool { return !out(zone) }) {
		t.report(CodeTypes, path+".outside", "no box is in zone "+strings.Join(f.Zones, " or ")+" and outside of it", "take one away")
	}
	if emit != nil && len(emit.Labels) > 0 {
		for i, label := range f.Labels {
			if slices.Contains(emit.Labels, label) {
				continue
			}
			at := path + ".label"
			if in.Label == nil {
				at = path + ".labels." + strconv.Itoa(i)
			}
			t.c.report(dsl.Finding{
				Code: CodeTypes, Path: t.base + "." + at, Message: fmt.Sprintf("a box of %s is never labelled %q", *in.Signal, label),
				Hint: dsl.DidYouMean(label, emit.Labels, "there are"),
			})
		}
	}
	return f
}

// either returns what one of two fields gives: a word, or a list of words.
func (t *tree) either(one *string, many *[]string, path, oneName, manyName string) []string {
	switch {
	case one != nil && many != nil:
		t.report(CodeTwoConditions, path+"."+manyName, manyName+" cannot stand beside "+oneName, "put all of them into "+manyName)
	case many != nil && len(*many) == 0:
		t.report(CodeNoParts, path+"."+manyName, manyName+" names nothing", "give it at least one, or leave it out")
	}
	switch {
	case one != nil:
		return []string{*one}
	case many != nil:
		return *many
	}
	return nil
}

// bounds returns a lower and an upper bound, 0 for none.
func (t *tree) bounds(lower, upper *float64, path, lowerName, upperName string) (float64, float64) {
	switch {
	case upper != nil && *upper == 0:
		t.report(CodeTypes, path+"."+upperName, upperName+" 0 lets no box pass", "give it more, or leave it out")
	case lower != nil && upper != nil && *lower > *upper:
		t.report(CodeTypes, path+"."+upperName, fmt.Sprintf("no box passes both %s %v and %s %v", lowerName, *lower, upperName, *upper),
			"raise "+upperName+" or lower "+lowerName)
	}
	return or(lower, 0), or(upper, 0)
}

// zones checks that the cameras whose boxes a condition looks at have the zones that it names: the camera that the leaf
// names, else each of on.
func (c *compiler) zones(base string, cond *event.Cond, on []string) {
	cond.Walk(func(leaf *event.Cond) {
		if leaf.Filter == nil {
			return
		}
		cameras := on
		if leaf.Camera != "" {
			cameras = []string{leaf.Camera}
		}
		path := base + "." + leaf.Path
		for i, zone := range leaf.Filter.Zones {
			at := path + ".zone"
			if !c.doc.Has(at) {
				at = path + ".zones." + strconv.Itoa(i)
			}
			c.zone(at, zone, cameras)
		}
		for i, zone := range leaf.Filter.Outside {
			c.zone(path+".outside."+strconv.Itoa(i), zone, cameras)
		}
	})
}

// listedZones checks that the cameras that a detector looks at have the zones that its options list.
func (c *compiler) listedZones(path string, d *graph.DetectorSpec) {
	k, ok := c.kinds.Kind(node.RoleDetector, d.Kind)
	if !ok || k.Contract.Zones == "" {
		return
	}
	var options map[string]json.RawMessage
	var zones []string
	if json.Unmarshal(d.Options, &options) != nil || json.Unmarshal(options[k.Contract.Zones], &zones) != nil {
		return // the schema has said so
	}
	on := d.Cameras
	if len(on) == 0 {
		on = c.cams
	}
	for i, zone := range zones {
		c.zone(fmt.Sprintf("%s.%s.%s.%d", path, d.Kind, k.Contract.Zones, i), zone, on)
	}
}

// zone reports cameras that lack a zone.
func (c *compiler) zone(path, zone string, cameras []string) {
	var lack, have []string
	for _, id := range cameras {
		camera, ok := c.in.Cameras[id]
		if _, found := camera.Zones[zone]; !ok || found || c.doc.Faulty("cameras."+id) {
			continue
		}
		lack = append(lack, id)
		for _, name := range ids(camera.Zones) {
			if !slices.Contains(have, name) {
				have = append(have, name)
			}
		}
	}
	if len(lack) == 0 {
		return
	}
	f := dsl.Finding{
		Code: CodeNode, Path: path, Message: fmt.Sprintf("camera %s has no zone %s", dsl.List(lack), quote(zone)),
		Hint:    "draw it under zones of the camera",
		Related: []dsl.Related{{Place: c.doc.Place("cameras." + lack[0]), Message: "camera " + lack[0]}},
	}
	if len(lack) > 1 {
		f.Message = fmt.Sprintf("cameras %s have no zone %s", strings.Join(lack, ", "), quote(zone))
		f.Hint = "draw it under zones of each, or say which cameras are meant"
	}
	if near, ok := dsl.Nearest(zone, have); ok {
		f.Hint = "did you mean " + near + "?"
	}
	c.report(f)
}

// watched returns the cameras on which an event is watched: those it names, else all on which something gives one of its
// signals.
func (c *compiler) watched(given []string, cond *event.Cond) []string {
	if len(given) > 0 {
		return given
	}
	var out []string
	for _, id := range c.cams {
		if slices.ContainsFunc(cond.Signals(), func(r event.Ref) bool { return r.Camera == "" && c.gives(r.Signal, id) }) {
			out = append(out, id)
		}
	}
	return out
}

// gives reports whether something gives a signal on a camera.
func (c *compiler) gives(name, camera string) bool {
	id, _, _ := strings.Cut(name, ".")
	if id == graph.CameraSignals {
		return true
	}
	for i := range c.spec.Detectors {
		if d := &c.spec.Detectors[i]; d.ID == id {
			_, runs := d.At(camera)
			return runs
		}
	}
	return false
}
