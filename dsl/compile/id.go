package compile

import (
	"fmt"
	"regexp"
	"strings"

	"rvo.dev/dsl"
)

// maxID bounds an id, which becomes part of file names and metric labels.
const maxID = 63

// ids checks every id of the pipeline.
func (c *compiler) ids() {
	check := func(field, what string, ids []string) {
		re := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
		for _, id := range ids {
			path := field + "." + id
			f := dsl.Finding{Code: CodeID, Path: path}
			switch {
			case !re.MatchString(id):
				f.Message = fmt.Sprintf("%s id %q must be lower case letters, digits and _, a letter first", what, id)
				f.Hint = "call it " + suggestID(what, id)
			case len(id) > maxID:
				f.Message = fmt.Sprintf("%s id %q has %d letters, at most %d are allowed", what, id, len(id), maxID)
				f.Hint = "call it " + id[:maxID]
			case what == "detector" && id == "camera":
				f.Message = "detector id camera is reserved for the signals of cameras themselves"
				f.Hint = "choose another name"
			default:
				continue
			}
			f.Place = c.doc.Place(path)
			c.report(f)
		}
	}
	check("cameras", "camera", c.cams)
	for _, id := range c.cams {
		check("cameras."+id+".zones", "zone", ids(c.in.Cameras[id].Zones))
		check("cameras."+id+".masks", "mask", ids(c.in.Cameras[id].Masks))
		check("cameras."+id+".labels", "label", ids(c.in.Cameras[id].Labels))
	}
	check("detectors", "detector", ids(c.in.Detectors))
	check("events", "event", ids(c.in.Events))
	check("evidence", "evidence", ids(c.in.Evidence))
	check("sinks", "sink", ids(c.in.Sinks))
}

// suggestID returns the id nearest to a name. What does not begin with a letter gets the word for its kind in front.
func suggestID(what, name string) string {
	s := regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "_")
	s = strings.Trim(s, "_")
	if s == "" || s[0] >= '0' && s[0] <= '9' {
		s = strings.Trim(what+"_"+s, "_")
	}
	return s[:min(len(s), maxID)]
}
