package show

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"rvo.dev/dsl"
	"rvo.dev/schema"
)

// options goes over what the schema alone gave to the options of kinds, which a document has among what was written: it
// leaves it out, or with a filler remarks on it.
func options(doc *dsl.Document, p *schema.Pipeline, f *filler) error {
	o := &optioner{doc: doc, filler: f}
	p.Cameras, p.Detectors, p.Sinks = maps.Clone(p.Cameras), maps.Clone(p.Detectors), maps.Clone(p.Sinks)
	for id, n := range p.Cameras {
		n.Kinds = o.kinds("cameras."+id, n.Kinds)
		p.Cameras[id] = n
	}
	for id, n := range p.Detectors {
		n.Kinds = o.kinds("detectors."+id, n.Kinds)
		p.Detectors[id] = n
	}
	for id, n := range p.Sinks {
		n.Kinds = o.kinds("sinks."+id, n.Kinds)
		p.Sinks[id] = n
	}
	return o.err
}

type optioner struct {
	doc    *dsl.Document
	filler *filler // nil: leave out
	err    error
}

func (o *optioner) kinds(path string, kinds schema.Kinds) schema.Kinds {
	out := schema.Kinds{}
	for name, raw := range kinds {
		at := path + "." + name
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var v any
		if err := d.Decode(&v); err != nil {
			o.err = fmt.Errorf("%s: %w", at, err)
			return kinds
		}
		o.value(at, v)
		data, err := json.Marshal(v)
		if err != nil {
			o.err = fmt.Errorf("%s: %w", at, err)
		}
		out[name] = data
	}
	return out
}

// value looks at everything below path.
func (o *optioner) value(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			at := path + "." + k
			switch {
			case o.doc.Written(at):
				o.value(at, below)
			case o.filler == nil:
				delete(v, k)
			default:
				o.filler.notes[at] = byDefault
			}
		}
	case []any:
		for i, below := range v {
			o.value(fmt.Sprintf("%s.%d", path, i), below)
		}
	}
}
