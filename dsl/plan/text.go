package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"rvo.dev/engine/analysis"
	"rvo.dev/engine/graph"
)

// Format is how a plan is written.
type Format string

const (
	// Text is for people.
	Text Format = "text"
	// JSON is one object: a Plan.
	JSON Format = "json"
)

// Formats lists all formats.
func Formats() []Format { return []Format{Text, JSON} }

// Detail is how much of a plan is written for people.
type Detail int

const (
	// Usual is a line for what changes, told once for all cameras where it is the same.
	Usual Detail = iota
	// Concise is what it comes to: the last lines.
	Concise
	// Verbose is a line for every node and setting, with places.
	Verbose
)

// latencies is how many changes of latency are listed for people who did not ask for all.
const latencies = 8

// Write writes the plan. Detail is for Text.
func (p *Plan) Write(w io.Writer, f Format, d Detail) error {
	if f == JSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(p)
	}
	var b strings.Builder
	p.head(&b)
	if d != Concise {
		p.lines(&b, d)
	}
	p.sums(&b)
	p.latencies(&b, d)
	_, err := io.WriteString(w, b.String())
	return err
}

func (p *Plan) head(b *strings.Builder) {
	name := p.New.Pipeline
	if p.Old.Pipeline != name {
		name = p.Old.Pipeline + " → " + name
	}
	fmt.Fprintf(b, "pipeline %s: ", name)
	if g := p.Old.Generation; g > 0 && p.Changed() {
		fmt.Fprintf(b, "generation %d → %d, ", g, g+1)
	}
	fmt.Fprintf(b, "revision %s\n", arrow(revision(p.Old), revision(p.New)))
}

// revision is a content hash as the log has it.
func revision(r Ref) string { return r.Revision[:min(12, len(r.Revision))] }

// lines writes what changes.
func (p *Plan) lines(b *strings.Builder, d Detail) {
	var lines []line
	if d == Verbose {
		for _, c := range p.Changes {
			lines = append(lines, line{change: c, name: c.ID, count: 1})
		}
	} else {
		lines = fold(p.Changes)
	}
	wide := 0
	for i := range lines {
		if n := lines[i].count; n > 1 {
			lines[i].name += fmt.Sprintf(" (%d)", n)
		}
		wide = max(wide, utf8.RuneCountInString(lines[i].name))
	}
	for _, l := range lines {
		text := []string{details(&l.change, false)}
		if d == Verbose {
			text = every(&l.change)
		}
		if n := note(&l.change); n != "" && !l.quiet {
			if len(text) == 0 || text[0] == "" {
				text = nil
			}
			text = append(text, "("+n+")")
		}
		if d != Verbose {
			text = []string{strings.Join(text, "  ")}
		}
		pad := strings.Repeat(" ", wide-utf8.RuneCountInString(l.name))
		for i, t := range text {
			if i == 0 {
				b.WriteString(strings.TrimRight(fmt.Sprintf("%5s %s%s  %s", symbol(&l.change), l.name, pad, t), " "))
			} else {
				fmt.Fprintf(b, "%5s %s  %s", "", strings.Repeat(" ", wide), t)
			}
			b.WriteByte('\n')
		}
	}
}

// details returns in one line what is another in a node.
func details(c *graph.Change, whole bool) string {
	if c.Action == graph.Remove {
		return ""
	}
	if c.Action == graph.Add {
		for _, f := range c.Fields {
			if f.Name == "kind" {
				return value(f.Name, f.New, "")
			}
		}
		return ""
	}
	var parts []string
	for i := range c.Fields {
		if tells(c.Fields, i) {
			parts = append(parts, said(&c.Fields[i], whole))
		}
	}
	if c.Rewired && len(c.Fields) == 0 {
		parts = append(parts, "reads "+strings.Join(c.Inputs, ", "))
		if !whole && len(c.Inputs) > 4 {
			parts[0] = fmt.Sprintf("reads other inputs, %d", len(c.Inputs))
		}
	}
	return strings.Join(parts, ", ")
}

// tells reports whether a change of a setting says more than the others: another path already says that another file is read,
// and another reference that another secret is.
func tells(all []graph.FieldChange, i int) bool {
	name := all[i].Name
	for _, prefix := range []string{"file.", "secret."} {
		if option, ok := strings.CutPrefix(name, prefix); ok {
			return !slices.ContainsFunc(all, func(f graph.FieldChange) bool { return f.Name == "options."+option })
		}
	}
	if shown, ok := strings.CutSuffix(name, graph.HiddenSuffix); ok {
		return !slices.ContainsFunc(all, func(f graph.FieldChange) bool { return f.Name == shown })
	}
	return true
}

// every returns all that is another in a node, a line each, after its place.
func every(c *graph.Change) []string {
	var out []string
	if c.Place.File != "" {
		out = append(out, fmt.Sprintf("at %s:%d:%d", c.Place.File, c.Place.Line, c.Place.Col))
	}
	for i := range c.Fields {
		f := &c.Fields[i]
		if c.Action == graph.Add {
			out = append(out, strings.TrimPrefix(f.Name, "options.")+" "+value(f.Name, f.New, f.Unit))
			continue
		}
		out = append(out, said(f, true)+" ["+f.Class.String()+"]")
	}
	if c.Rewired {
		out = append(out, "reads "+strings.Join(c.Inputs, ", "))
	}
	return out
}

// sums writes what it comes to.
func (p *Plan) sums(b *strings.Builder) {
	n := &p.Counts
	if !p.Changed() {
		b.WriteString("nothing changes\n")
	} else {
		fmt.Fprintf(b, "%d to add, %d to change (%d retuned, %d replaced, %d of them exclusive), %d to remove; %d nodes untouched\n",
			n.Add, n.Retune+n.Replace, n.Retune, n.Replace, n.Exclusive, n.Remove, n.Keep)
	}
	for _, c := range p.Pools {
		if c.Name != "cpu" && c.Old.Wanted == 0 && c.New.Wanted == 0 {
			continue
		}
		fmt.Fprintf(b, "%s %s of %s (slots %s", c.Name, arrow(fmt.Sprintf("%.2f", c.Old.Wanted), fmt.Sprintf("%.2f", c.New.Wanted)),
			arrow(strconv.Itoa(c.Old.Slots), strconv.Itoa(c.New.Slots)), c.New.Source)
		if c.New.Wanted > 0 {
			fmt.Fprintf(b, ", costs %s", c.Cost)
		}
		b.WriteByte(')')
		if c.New.Overloaded {
			b.WriteString(": too much, some detectors get less than their rate")
		}
		b.WriteByte('\n')
	}
	m := &p.Memory
	fmt.Fprintf(b, "memory %s (%s)", arrow(size(m.Old), size(m.New)), m.Source)
	if m.Limit > 0 {
		fmt.Fprintf(b, ", pictures %s of %s", arrow(size(m.OldPictures), size(m.NewPictures)), size(m.Limit))
	}
	if m.Both > max(m.Old, m.New) {
		fmt.Fprintf(b, "; %s while old and new are open", size(m.Both))
	}
	b.WriteByte('\n')
}

// latencies writes which events are decided sooner or later than before, those of one event with the same bounds once.
func (p *Plan) latencies(b *strings.Builder, d Detail) {
	var lines []string
	count := map[string]int{}
	for _, c := range p.Latency {
		if c.New == nil {
			continue // that it goes is said
		}
		name, _, on := strings.Cut(c.Event, "@")
		if d == Verbose {
			name = c.Event
		} else if on {
			name += "@…"
		}
		bound := upToMilli(c.New.Total)
		if c.Old != nil {
			bound = arrow(upToMilli(c.Old.Total), bound)
		}
		l := name + " decides within " + bound
		if c.DecideWithin > 0 && c.New.Total > c.DecideWithin {
			l += fmt.Sprintf(", later than its decideWithin of %s", c.DecideWithin)
		}
		if d == Verbose && c.New.Why != "" {
			l += ": " + c.New.Why
		}
		if count[l]++; count[l] == 1 {
			lines = append(lines, l)
		}
	}
	for i, l := range lines {
		if d != Verbose && i == latencies {
			fmt.Fprintf(b, "… and %d more: --verbose\n", len(lines)-i)
			return
		}
		if n := count[l]; n > 1 {
			l += fmt.Sprintf(" (%d cameras)", n)
		}
		b.WriteString(l + "\n")
	}
}

// upToMilli writes a bound in whole milliseconds, above what it is: nobody needs more of it.
func upToMilli(s analysis.Span) string {
	if !s.Bounded() {
		return s.String()
	}
	return (s.Duration() + time.Millisecond - 1).Truncate(time.Millisecond).String()
}

// arrow writes a change, or the value where there is none.
func arrow(old, now string) string {
	if old == now {
		return now
	}
	return old + " → " + now
}
