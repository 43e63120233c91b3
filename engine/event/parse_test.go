package event

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"rvo.dev/engine/signal"
)

// parseCond reads a condition as transcripts write it; testdata/README.md has the language.
func parseCond(text string) (*Cond, error) {
	for _, mark := range []string{"(", ")", ",", "[", "]"} {
		text = strings.ReplaceAll(text, mark, " "+mark+" ")
	}
	p := &parser{words: strings.Fields(text)}
	c, err := p.cond()
	if err == nil && len(p.words) != 0 {
		err = fmt.Errorf("%q is left over", p.words)
	}
	return c, err
}

// parser holds what is not read yet.
type parser struct{ words []string }

func (p *parser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *parser) take() string {
	w := p.peek()
	p.words = p.words[min(1, len(p.words)):]
	return w
}

// cond reads one node with its modifiers.
func (p *parser) cond() (*Cond, error) {
	c := &Cond{}
	word := p.take()
	groups := []string{"absent", "all", "any", "not", "atLeast", "sequence"}
	if i := slices.Index(groups, word); i >= 0 && p.peek() == "(" {
		c.Op = []Op{OpAbsent, OpAll, OpAny, OpNot, OpAtLeast, OpSequence}[i]
		if err := p.inside(c); err != nil {
			return nil, err
		}
	} else {
		c.name(word)
		if err := p.filter(c); err != nil {
			return nil, err
		}
		if err := p.comparisons(c); err != nil {
			return nil, err
		}
	}
	return c, p.modifiers(c)
}

// name splits camera/detector.signal.
func (c *Cond) name(word string) {
	if camera, name, ok := strings.Cut(word, "/"); ok {
		c.Camera, c.Signal = camera, name
		return
	}
	c.Signal = strings.Trim(word, `"`)
}

// inside reads what stands in the parentheses of an operator.
func (p *parser) inside(c *Cond) error {
	p.take()
	var err error
	switch c.Op {
	case OpAtLeast:
		c.N, err = strconv.Atoi(p.take())
		p.take()
	case OpSequence:
		c.Span, err = time.ParseDuration(p.take())
		p.take()
	case OpCompare, OpAbsent, OpAll, OpAny, OpNot:
	}
	if err != nil {
		return err
	}
	for p.peek() != ")" {
		if len(p.words) == 0 {
			return errors.New("want the end of the list")
		}
		if c.Op == OpAbsent {
			c.name(p.take())
			continue
		}
		part, err := p.cond()
		if err != nil {
			return err
		}
		c.Of = append(c.Of, part)
		if p.peek() == "," {
			p.take()
		} else if p.peek() != ")" {
			return fmt.Errorf("%q: want a comma or the end of the list", p.words)
		}
	}
	p.take()
	return nil
}

// filter reads of [KEY VALUE, …].
func (p *parser) filter(c *Cond) error {
	if p.peek() != "of" {
		return nil
	}
	f := &BoxFilter{}
	c.Filter = f
	for p.take(); p.peek() == "[" || p.peek() == ","; {
		p.take()
		bounds := map[string]*float64{
			"minScore": &f.MinScore, "maxScore": &f.MaxScore, "minArea": &f.MinArea, "maxArea": &f.MaxArea,
			"minRatio": &f.MinRatio, "maxRatio": &f.MaxRatio,
		}
		switch word, value := p.take(), p.take(); word {
		case "label":
			f.Labels = append(f.Labels, value)
		case "zone":
			f.Zones = append(f.Zones, value)
		case "outside":
			f.Outside = append(f.Outside, value)
		case "anchor":
			f.Anchor = map[string]Anchor{"bottom": AnchorBottom, "center": AnchorCenter, "top": AnchorCenter + 1}[value]
		default:
			if bounds[word] == nil {
				return fmt.Errorf("filter %q is not known", word)
			}
			var err error
			if *bounds[word], err = strconv.ParseFloat(value, 64); err != nil {
				return err
			}
		}
	}
	if p.take() != "]" {
		return fmt.Errorf("%q: a filter wants a list in brackets", p.words)
	}
	return nil
}

// comparisons reads REL VALUE pairs.
func (p *parser) comparisons(c *Cond) error {
	for {
		i := slices.Index([]string{"eq", "ne", "gt", "gte", "lt", "lte", "in"}, p.peek())
		if i < 0 {
			return nil
		}
		p.take()
		cmp := Comparison{Rel: Rel(i)}
		if cmp.Rel == In {
			if p.take() != "[" {
				return fmt.Errorf("%q: in wants a list in brackets", p.words)
			}
			for p.peek() != "]" && p.peek() != "" {
				if w := p.take(); w != "," {
					cmp.Labels = append(cmp.Labels, w)
				}
			}
			p.take()
		} else {
			cmp.Value = constant(p.take())
		}
		c.Compare = append(c.Compare, cmp)
	}
}

// constant reads a bool, an int, a float, or else a label.
func constant(word string) signal.Value {
	if word == "true" || word == "false" {
		return signal.Bool(word == "true")
	}
	if n, err := strconv.ParseInt(word, 10, 64); err == nil {
		return signal.Int(n)
	}
	if f, err := strconv.ParseFloat(word, 64); err == nil {
		return signal.Float(f)
	}
	return signal.Label(word)
}

// modifiers reads what may follow a node.
func (p *parser) modifiers(c *Cond) error {
	for {
		switch p.peek() {
		case "for":
			p.take()
			d, err := time.ParseDuration(p.take())
			if err != nil {
				return err
			}
			c.For = d
		case "within":
			p.take()
			d, err := time.ParseDuration(p.take())
			if err != nil {
				return err
			}
			c.Within = d
		case "unknown":
			p.take()
			c.Unknown = parseAnswer(p.take())
		default:
			return nil
		}
	}
}
