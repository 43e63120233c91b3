package vettest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
)

// Pipeline is a pipeline as data: what JSON, which is CUE, makes of it.
type Pipeline map[string]any

// Text returns the pipeline as a file.
func (p Pipeline) Text() []byte {
	data, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		panic(err) // it holds texts, numbers, lists and maps
	}
	return append(data, '\n')
}

// Clone returns a copy that shares nothing.
func (p Pipeline) Clone() Pipeline {
	var out Pipeline
	if err := json.Unmarshal(p.Text(), &out); err != nil {
		panic(err) // Text wrote it
	}
	return out
}

// Random returns a pipeline of the kinds of Kinds. Most are sound; what makes some of them not so is what happens to people:
// rates, times and thresholds that do not go together.
func Random(r *rand.Rand) Pipeline {
	g := &generator{r: r, p: Pipeline{"apiVersion": "rvo/v1"}}
	g.cameras()
	g.detectors()
	g.rest()
	return g.p.Clone() // numbers and lists as JSON has them
}

type generator struct {
	r       *rand.Rand
	p       Pipeline
	cams    []string
	signals []said
}

// said is a signal that conditions can ask for.
type said struct{ name, typ string }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// maybe is true in one of n cases.
func (g *generator) maybe(n int) bool { return g.r.IntN(n) == 0 }

func (g *generator) cameras() {
	cams := map[string]any{}
	for i := range 1 + g.r.IntN(3) {
		id := fmt.Sprintf("cam_%d", i)
		c := map[string]any{"file": map[string]any{"path": id + ".mp4"}}
		if g.maybe(3) {
			c = map[string]any{"rtsp": map[string]any{"url": "rtsp://10.0.0.7/" + id}}
		}
		if !g.maybe(3) {
			c["fps"] = pick(g.r, 5, 10, 15, 25)
		}
		if g.maybe(4) {
			c["priority"] = pick(g.r, "low", "high", "critical")
		}
		c["zones"] = map[string]any{"door": []any{[]any{0.1, 0.4}, []any{0.3, 0.4}, []any{0.3, 1}}}
		if g.maybe(4) {
			c["masks"] = map[string]any{"sky": []any{[]any{0, 0}, []any{1, 0}, []any{1, 0.2}}}
		}
		g.cams = append(g.cams, id)
		cams[id] = c
	}
	g.p["cameras"] = cams
}

func (g *generator) detectors() {
	all := map[string]any{}
	for i := range 1 + g.r.IntN(4) {
		id := fmt.Sprintf("det_%d", i)
		kind := pick(g.r, "motion", "motion", "people", "remote", "clock")
		d := map[string]any{kind: map[string]any{}, "fps": pick(g.r, 1, 2, 5, 10)}
		if g.maybe(3) {
			d["cost"] = pick(g.r, "1ms", "8ms", "40ms")
		}
		if kind == "remote" {
			d["timeout"] = pick(g.r, "100ms", "300ms", "3s")
		}
		if g.maybe(3) {
			d["load"] = pick(g.r, "none", "adaptive", "backoff")
		}
		if g.maybe(4) {
			d["priority"] = pick(g.r, "low", "high", "critical")
		}
		if g.maybe(4) {
			d["frame"] = pick(g.r, "next", "newest")
		}
		if g.maybe(4) {
			d["cameras"] = []string{pick(g.r, g.cams...)}
		} else if g.maybe(4) {
			d["on"] = map[string]any{pick(g.r, g.cams...): map[string]any{"fps": pick(g.r, 1, 2, 4)}}
		}
		if len(g.signals) > 0 && g.maybe(3) {
			d["needs"] = []string{pick(g.r, g.signals...).name}
		}
		if len(g.signals) > 0 && g.maybe(4) {
			d["when"] = g.condition(1)
		}
		all[id] = d
		for _, s := range map[string][]said{
			"motion": {{"level", "float"}, {"boxes", "boxes"}, {"still", "bool"}}, "people": {{"count", "int"}, {"posture", "label"}},
			"remote": {{"busy", "bool"}}, "clock": {{"night", "bool"}},
		}[kind] {
			if g.maybe(6) {
				d["emits"] = map[string]any{s.name: map[string]any{"ttl": pick(g.r, "500ms", "2s", "10s")}}
			}
			g.signals = append(g.signals, said{id + "." + s.name, s.typ})
		}
	}
	g.p["detectors"] = all
}

// condition returns a random condition of at most so many levels below it.
func (g *generator) condition(depth int) map[string]any {
	c := map[string]any{}
	op := pick(g.r, "all", "any", "all", "any", "not", "atLeast", "sequence")
	switch {
	case depth == 0 || g.maybe(2):
		c = g.leaf()
	case op == "not":
		c[op] = g.condition(depth - 1)
	case op == "atLeast":
		c[op] = map[string]any{"n": 1, "of": g.parts(depth)}
	case op == "sequence":
		c[op] = map[string]any{"of": g.parts(depth), "within": pick(g.r, "1s", "10s")}
	default:
		c[op] = g.parts(depth)
	}
	if g.maybe(6) {
		c["for"] = pick(g.r, "500ms", "2s")
	}
	if g.maybe(8) {
		c["within"] = pick(g.r, "1s", "5s")
	}
	if g.maybe(8) {
		c["unknown"] = pick(g.r, "yes", "no")
	}
	return c
}

func (g *generator) parts(depth int) []any {
	var out []any
	for range 2 + g.r.IntN(2) {
		out = append(out, g.condition(depth-1))
	}
	return out
}

func (g *generator) leaf() map[string]any {
	s := pick(g.r, g.signals...)
	if g.maybe(10) {
		return map[string]any{"absent": s.name}
	}
	c := map[string]any{"signal": s.name}
	switch s.typ {
	case "bool":
		if g.maybe(3) {
			c["eq"] = g.maybe(2)
		}
	case "label":
		c[pick(g.r, "eq", "ne")] = pick(g.r, "standing", "lying")
	case "float":
		c[pick(g.r, "gt", "gte", "lt", "lte")] = pick(g.r, 0.1, 0.25, 0.5, 0.75)
	default:
		c[pick(g.r, "gt", "gte", "lte", "eq")] = 1 + g.r.IntN(4)
	}
	if s.typ == "boxes" && g.maybe(2) {
		c[pick(g.r, "zone", "minScore", "maxArea")] = 0.5
		if _, ok := c["zone"]; ok {
			c["zone"] = "door"
		}
	}
	if g.maybe(10) {
		c["camera"] = pick(g.r, g.cams...)
	}
	return c
}

func (g *generator) rest() {
	events := map[string]any{}
	for i := range 1 + g.r.IntN(3) {
		e := map[string]any{"when": g.condition(2)}
		for field, values := range map[string][]string{
			"hold": {"0s", "500ms", "2s", "10s"}, "grace": {"0s", "300ms", "1s"}, "cooldown": {"0s", "1s", "10s"},
			"maxDuration": {"1s", "10s"}, "unknownGrace": {"0s", "5s"},
		} {
			if v := pick(g.r, values...); g.maybe(2) {
				e[field] = v
			}
		}
		if g.maybe(6) {
			e["during"] = map[string]any{"hours": []string{pick(g.r, "00:00-24:00", "mon-fri 08:00-18:00")}, "timezone": "UTC"}
		}
		switch {
		case g.maybe(3):
			e["cameras"] = []string{pick(g.r, g.cams...)}
		case g.maybe(4):
			e["scope"] = "pipeline"
			walk(e["when"], func(m map[string]any) {
				if m["signal"] != nil || m["absent"] != nil {
					m["camera"] = pick(g.r, g.cams...)
				}
			})
		}
		if g.maybe(2) {
			e["evidence"] = "clip"
		}
		events[fmt.Sprintf("ev_%d", i)] = e
	}
	g.p["events"] = events
	g.p["evidence"] = map[string]any{"clip": map[string]any{"pre": pick(g.r, "1s", "5s"), "post": pick(g.r, "1s", "5s"), "fps": 2}}
	g.p["sinks"] = map[string]any{"log": map[string]any{"jsonl": map[string]any{"path": "events.jsonl"}}}
	g.p["engine"] = map[string]any{"cores": 1 + g.r.IntN(4)}
}

// keys returns the keys of a part of a pipeline in order.
func (p Pipeline) keys(part string) []string {
	m, _ := p[part].(map[string]any)
	return slices.Sorted(maps.Keys(m))
}
