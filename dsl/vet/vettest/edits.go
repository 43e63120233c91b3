package vettest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Edit breaks a pipeline in one way. Do changes it and reports whether there was something to change.
type Edit struct {
	Name string
	Do   func(r *rand.Rand, p Pipeline) bool
}

// Edits returns what people do to pipelines by mistake: each makes nearly any pipeline one that must not pass silently.
func Edits() []Edit {
	return []Edit{
		{"drop a detector that is asked", func(r *rand.Rand, p Pipeline) bool {
			return drop(r, p, "detectors", func(id, text string) bool { return strings.HasPrefix(text, id+".") })
		}},
		{"drop a camera that is named", func(r *rand.Rand, p Pipeline) bool {
			return drop(r, p, "cameras", func(id, text string) bool { return text == id })
		}},
		{"drop evidence that an event wants", func(r *rand.Rand, p Pipeline) bool {
			return drop(r, p, "evidence", func(id, text string) bool { return text == id })
		}},
		{"drop the version", func(_ *rand.Rand, p Pipeline) bool { delete(p, "apiVersion"); return true }},
		{"rename a signal", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, "signal", func(v any) any { return v.(string) + "x" })
		}},
		{"rename a field", renameField},
		{"swap a type", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, pick(r, "fps", "gt", "gte", "lt", "lte"), func(any) any { return "much" })
		}},
		{"cut a unit", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, pick(r, durations()...), func(v any) any { return strings.TrimRight(v.(string), "ms") })
		}},
		{"take a time below zero", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, pick(r, durations()...), func(v any) any { return "-" + v.(string) })
		}},
		{"lower a ttl", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, "ttl", func(any) any { return "1ms" })
		}},
		{"set a rate to zero", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, "fps", func(any) any { return 0 })
		}},
		{"need oneself", func(r *rand.Rand, p Pipeline) bool { return cycle(r, p, 1) }},
		{"need in a circle", func(r *rand.Rand, p Pipeline) bool { return cycle(r, p, 2) }},
		{"empty a condition", func(r *rand.Rand, p Pipeline) bool {
			return event(r, p, func(e map[string]any) { e["when"] = map[string]any{} })
		}},
		{"leave a condition without parts", func(r *rand.Rand, p Pipeline) bool {
			return event(r, p, func(e map[string]any) { e["when"] = map[string]any{pick(r, "all", "any"): []any{}} })
		}},
		{"contradict a condition", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, "signal", func(v any) any { return v }) && event(r, p, func(e map[string]any) {
				leaf := map[string]any{"signal": firstSignal(e["when"]), "eq": true}
				e["when"] = map[string]any{"all": []any{leaf, map[string]any{"not": leaf}}}
			})
		}},
		{"ask twice", func(r *rand.Rand, p Pipeline) bool {
			return event(r, p, func(e map[string]any) { e["when"] = map[string]any{"all": []any{e["when"], e["when"]}} })
		}},
		{"ask for what is beyond the bounds", func(r *rand.Rand, p Pipeline) bool {
			return value(r, p, "signal", func(v any) any { return v }) && bounds(r, p)
		}},
		{"repeat without end", func(r *rand.Rand, p Pipeline) bool {
			return event(r, p, func(e map[string]any) {
				e["maxDuration"], e["hold"], e["cooldown"] = "0s", "0s", "0s"
			})
		}},
		{"hold for less than a value", func(r *rand.Rand, p Pipeline) bool {
			return event(r, p, func(e map[string]any) { e["hold"], e["when"] = "1ms", present(e["when"]) })
		}},
		{"two kinds", func(r *rand.Rand, p Pipeline) bool {
			return entry(r, p, "cameras", func(c map[string]any) {
				c["file"], c["rtsp"] = map[string]any{"path": "x"}, map[string]any{"url": "rtsp://10.0.0.9/"}
			})
		}},
		{"no kind", func(r *rand.Rand, p Pipeline) bool {
			return entry(r, p, "sinks", func(s map[string]any) { delete(s, "jsonl") })
		}},
		{"an id that is none", func(_ *rand.Rand, p Pipeline) bool {
			p["cameras"].(map[string]any)["Front Door"] = map[string]any{"file": map[string]any{"path": "x"}}
			return true
		}},
		{"disable every camera", func(_ *rand.Rand, p Pipeline) bool {
			for _, id := range p.keys("cameras") {
				p["cameras"].(map[string]any)[id].(map[string]any)["enabled"] = false
			}
			return true
		}},
		{"keep more than there can be", func(_ *rand.Rand, p Pipeline) bool {
			p["evidence"].(map[string]any)["clip"].(map[string]any)["pre"] = "11m"
			return true
		}},
		{"give a timeout below the cost", func(r *rand.Rand, p Pipeline) bool {
			return entry(r, p, "detectors", func(d map[string]any) { d["cost"], d["timeout"] = "40ms", "10ms" })
		}},
		{"some cameras in lockstep", func(_ *rand.Rand, p Pipeline) bool {
			ids := p.keys("cameras")
			p["cameras"].(map[string]any)[ids[0]].(map[string]any)["pace"] = "lockstep"
			return len(ids) > 1
		}},
	}
}

func durations() []string {
	return []string{"hold", "grace", "cooldown", "for", "pre", "post", "ttl", "timeout"}
}

// drop takes an entry of a part away that some text in the pipeline refers to.
func drop(r *rand.Rand, p Pipeline, part string, refers func(id, text string) bool) bool {
	named := map[string]bool{}
	note := func(v any) {
		text, _ := v.(string)
		for _, id := range p.keys(part) {
			if refers(id, text) {
				named[id] = true
			}
		}
	}
	walk(map[string]any(p), func(m map[string]any) {
		for _, v := range m {
			note(v)
			list, _ := v.([]any)
			for _, e := range list {
				note(e)
			}
		}
	})
	if len(named) == 0 {
		return false
	}
	delete(p[part].(map[string]any), pick(r, slices.Sorted(maps.Keys(named))...))
	return true
}

// entry changes one entry of a part.
func entry(r *rand.Rand, p Pipeline, part string, change func(map[string]any)) bool {
	ids := p.keys(part)
	if len(ids) == 0 {
		return false
	}
	change(p[part].(map[string]any)[pick(r, ids...)].(map[string]any))
	return true
}

func event(r *rand.Rand, p Pipeline, change func(map[string]any)) bool {
	return entry(r, p, "events", change)
}

// value changes one of the values that stand under a key anywhere in the pipeline.
func value(r *rand.Rand, p Pipeline, key string, change func(any) any) bool {
	var at []map[string]any
	walk(map[string]any(p), func(m map[string]any) {
		if _, ok := m[key]; ok {
			at = append(at, m)
		}
	})
	if len(at) == 0 {
		return false
	}
	m := pick(r, at...)
	m[key] = change(m[key])
	return true
}

// walk visits every struct of a pipeline, in order.
func walk(v any, visit func(map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			walk(e, visit)
		}
	case map[string]any:
		visit(v)
		for _, k := range slices.Sorted(maps.Keys(v)) {
			walk(v[k], visit)
		}
	}
}

// renameField misspells a field of the language.
func renameField(r *rand.Rand, p Pipeline) bool {
	key := pick(r, "fps", "when", "signal", "hold", "cooldown", "pre", "cameras", "path", "needs")
	var at []map[string]any
	walk(map[string]any(p), func(m map[string]any) {
		if _, ok := m[key]; ok {
			at = append(at, m)
		}
	})
	if len(at) == 0 {
		return false
	}
	m := pick(r, at...)
	m[key[1:]+key[:1]] = m[key]
	delete(m, key)
	return true
}

// cycle makes n detectors wait for one another.
func cycle(r *rand.Rand, p Pipeline, n int) bool {
	all := p["detectors"].(map[string]any)
	ids := p.keys("detectors")
	if len(ids) < n {
		return false
	}
	r.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	gives := map[string]string{"motion": "level", "people": "count", "remote": "busy", "clock": "night"}
	for i, id := range ids[:n] {
		other := ids[(i+1)%n]
		for kind, signal := range gives {
			if _, ok := all[other].(map[string]any)[kind]; ok {
				all[id].(map[string]any)["needs"] = []any{other + "." + signal}
			}
		}
	}
	return true
}

// firstSignal returns a signal that a condition reads.
func firstSignal(c any) string {
	found := ""
	walk(c, func(m map[string]any) {
		for _, key := range []string{"signal", "absent"} {
			if s, ok := m[key].(string); ok && found == "" {
				found = s
			}
		}
	})
	return found
}

// present returns a comparison of a signal that a condition reads, so that only its values change the answer.
func present(c any) any {
	s := firstSignal(c)
	name := s[strings.LastIndexByte(s, '.')+1:]
	switch {
	case slices.Contains([]string{"still", "busy", "night"}, name):
		return map[string]any{"signal": s}
	case name == "posture":
		return map[string]any{"signal": s, "eq": "lying"}
	case name == "level":
		return map[string]any{"signal": s, "gte": 0.5}
	}
	return map[string]any{"signal": s, "gte": 1}
}

// bounds asks a signal for what it never is.
func bounds(r *rand.Rand, p Pipeline) bool {
	return event(r, p, func(e map[string]any) {
		s := firstSignal(e["when"])
		switch name := s[strings.LastIndexByte(s, '.')+1:]; name {
		case "level":
			e["when"] = map[string]any{"signal": s, "gt": 1}
		case "posture":
			e["when"] = map[string]any{"signal": s, "eq": "flying"}
		case "count":
			e["when"] = map[string]any{"signal": s, "gt": 2, "lt": 3}
		case "boxes":
			e["when"] = map[string]any{"signal": s, "lt": 0}
		default:
			e["when"] = map[string]any{"signal": s, "gt": 1}
		}
	})
}
