package tui

import (
	"fmt"
	"strings"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// maxDepth bounds how deep a condition is drawn.
const maxDepth = 40

// tree draws a condition with what each part answers, a line a part.
func (m *model) tree(t *api.Tree, nowMS int64, w int) []string {
	var out []string
	var walk func(t *api.Tree, lead, stem string, depth int)
	walk = func(t *api.Tree, lead, stem string, depth int) {
		if t == nil {
			return
		}
		out = append(out, fit("    "+paint(dim, lead)+m.part(t, nowMS), w, m.g))
		if depth >= maxDepth {
			return
		}
		for i, p := range t.Of {
			lead, next := stem+m.g.tree, stem+m.g.up
			if i == len(t.Of)-1 {
				lead, next = stem+m.g.last, stem+"  "
			}
			walk(p, lead, next, depth+1)
		}
	}
	walk(t, "", "", 0)
	return out
}

// part is one part of a condition in a line: the answer first, as a sign and as a word.
func (m *model) part(t *api.Tree, nowMS int64) string {
	sign := map[string]string{"yes": m.g.good, "no": m.g.none, "unknown": "?"}[t.Answer]
	text := paint(stateTone(t.Answer), sign+" "+fit(clean(t.Answer), 7, m.g)) + " "
	if len(t.Of) > 0 || t.Signal == "" {
		text += paint(strong, operator(t))
	} else {
		text += leaf(t, nowMS)
	}
	text += modifiers(t)
	if t.Decided {
		text += paint(accent, "  decided")
	}
	return text
}

func operator(t *api.Tree) string {
	switch t.Op {
	case "atLeast":
		return fmt.Sprintf("at least %d of %d", t.N, len(t.Of))
	case "all", "any":
		return clean(t.Op) + " of"
	}
	return clean(t.Op)
}

// leaf says what is compared, what it is now and how old.
func leaf(t *api.Tree, nowMS int64) string {
	name := clean(t.Signal)
	if t.Camera != "" {
		name += "@" + clean(t.Camera)
	}
	if t.Op == "absent" {
		name += " is absent"
	} else {
		name += " " + test(t.Test)
	}
	if t.CapturedMS == 0 {
		return name + paint(dim, "  never seen")
	}
	fresh := ""
	if !t.Fresh {
		fresh = paint(warn, ", stale (ttl "+ttlText(t.TTLMS)+")")
	}
	return fmt.Sprintf("%s  is %s%s", name, paint(strong, value(t.Value)), paint(dim, fmt.Sprintf("  %s old, frame %d", age(nowMS, t.CapturedMS), t.Frame))+fresh)
}

func modifiers(t *api.Tree) string {
	var parts []string
	if t.ForMS > 0 {
		parts = append(parts, "for "+span(ms(t.ForMS)))
	}
	if t.WithinMS > 0 {
		parts = append(parts, "within "+span(ms(t.WithinMS)))
	}
	if t.Unknown != "" {
		parts = append(parts, "unknown counts as "+clean(t.Unknown))
	}
	if len(parts) == 0 {
		return ""
	}
	return paint(dim, "  ["+strings.Join(parts, ", ")+"]")
}
