package event

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"rvo.dev/engine/signal"
)

// tests returns what a leaf's comparisons come to for a signal of type t: at most one range and what is excluded from
// it, so that the usual leaf is one instruction.
func (k *compiler) tests(c *Cond, t signal.Type, path string) []test {
	if c.Filter != nil && t != signal.TypeBoxes {
		k.refuse(path, "signal %q is of type %s and has a filter: only boxes are filtered", c.Signal, t)
	}
	switch t {
	case signal.TypeBool:
		return k.boolTests(c, path)
	case signal.TypeInt, signal.TypeBoxes:
		return k.intTests(c, t, path)
	case signal.TypeFloat:
		return k.floatTests(c, path)
	case signal.TypeLabel:
		return k.labelTests(c, path)
	case signal.TypeNone:
	}
	k.refuse(path, "signal %q has type %s: nothing can be asked of it", c.Signal, t)
	return nil
}

// boolTests allows eq and ne with true or false; without a comparison the signal must be true.
func (k *compiler) boolTests(c *Cond, path string) []test {
	if len(c.Compare) == 0 {
		return []test{numberTest(1, 1, true)}
	}
	var tests []test
	for _, cmp := range c.Compare {
		if cmp.Rel != Eq && cmp.Rel != Ne || cmp.Value.Type() != signal.TypeBool {
			k.refuse(path, "signal %q is a bool: %s does not fit, use eq or ne with true or false, or no comparison",
				c.Signal, cmp)
			continue
		}
		var want int64
		if cmp.Value.AsBool() == (cmp.Rel == Eq) {
			want = 1
		}
		tests = append(tests, numberTest(want, want, true))
	}
	return tests
}

// intTests compares whole numbers exactly: a bound with a fraction moves to the next whole number that means the same.
func (k *compiler) intTests(c *Cond, t signal.Type, path string) []test {
	if !k.numbers(c, t, path) {
		return nil
	}
	ask := numberTest
	if t == signal.TypeBoxes {
		if filter := k.boxes(c, path); filter != nil {
			slot := int32(len(k.prog.boxes))
			k.prog.boxes = append(k.prog.boxes, filter)
			ask = func(lo, hi int64, inside bool) test {
				return test{inst: inst{op: opBoxes, slot: slot, lo: lo, hi: hi, negate: !inside}}
			}
		}
	}
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	var tests []test
	for _, cmp := range c.Compare {
		if f := cmp.Value.Number(); (cmp.Rel == Eq || cmp.Rel == Ne) && f != math.Trunc(f) {
			k.refuse(path, "signal %q has whole numbers: %s compares with a fraction, use gte or lte", c.Signal, cmp)
			continue
		}
		lo, hi := intRange(cmp)
		if cmp.Rel == Ne {
			tests = append(tests, ask(lo, hi, false))
			continue
		}
		from, to = max(from, lo), min(to, hi)
	}
	if len(tests) > 0 && from == math.MinInt64 && to == math.MaxInt64 {
		return tests
	}
	return append([]test{ask(from, to, true)}, tests...)
}

// numberTest asks whether what stands for a value is in a range of whole numbers, ends included, or outside of it.
func numberTest(lo, hi int64, inside bool) test {
	t := test{inst: inst{op: opRun}, num: compare{lo: lo, span: uint64(hi) - uint64(lo), stop: !inside}}
	if lo > hi { // nothing is in an empty range, and everything in the widest
		t.num.lo, t.num.span, t.num.stop = math.MinInt64, math.MaxUint64, inside
	}
	return t
}

// intRange returns the whole numbers that a comparison names, for Ne those it excludes. It is empty, first end above the
// second, where there are none.
func intRange(cmp Comparison) (lo, hi int64) {
	n, below, above := whole(cmp)
	switch {
	case above && (cmp.Rel == Lt || cmp.Rel == Lte), below && (cmp.Rel == Gt || cmp.Rel == Gte):
		return math.MinInt64, math.MaxInt64
	case above, below:
		return 1, 0
	}
	switch cmp.Rel {
	case Gt:
		if n == math.MaxInt64 {
			return 1, 0
		}
		return n + 1, math.MaxInt64
	case Gte:
		return n, math.MaxInt64
	case Lt:
		if n == math.MinInt64 {
			return 1, 0
		}
		return math.MinInt64, n - 1
	case Lte:
		return math.MinInt64, n
	case Eq, Ne, In:
	}
	return n, n
}

// whole returns the whole number that stands for a comparison's value, or that the value is below or above them all.
func whole(cmp Comparison) (n int64, below, above bool) {
	if cmp.Value.Type() == signal.TypeInt {
		return cmp.Value.AsInt(), false, false
	}
	f := cmp.Value.Number()
	switch cmp.Rel {
	case Gt, Lte:
		f = math.Floor(f)
	case Gte, Lt:
		f = math.Ceil(f)
	case Eq, Ne, In:
	}
	// -2^63 is a whole number that fits, 2^63 is the first that does not.
	if f < math.MinInt64 {
		return 0, true, false
	}
	if f >= -math.MinInt64 {
		return 0, false, true
	}
	return int64(f), false, false
}

// floatTests compares as 64-bit floating point numbers.
func (k *compiler) floatTests(c *Cond, path string) []test {
	if !k.numbers(c, signal.TypeFloat, path) {
		return nil
	}
	inf := math.Inf(1)
	from, to := -inf, inf
	var tests []test
	for _, cmp := range c.Compare {
		f := cmp.Value.Number()
		switch cmp.Rel {
		case Eq:
			from, to = max(from, f), min(to, f)
		case Ne:
			tests = append(tests, floatTest(f, f, false))
		case Gt:
			from = max(from, math.Nextafter(f, inf))
		case Gte:
			from = max(from, f)
		case Lt:
			to = min(to, math.Nextafter(f, -inf))
		case Lte:
			to = min(to, f)
		case In:
		}
	}
	if len(tests) > 0 && from == -inf && to == inf {
		return tests
	}
	return append([]test{floatTest(from, to, true)}, tests...)
}

// floatTest asks whether a float is in a range, ends included, or outside of it. Both zeros are one number: the range goes
// from the one below to the one above.
func floatTest(from, to float64, inside bool) test {
	if from == 0 {
		from = math.Copysign(0, -1)
	}
	if to == 0 {
		to = 0
	}
	return numberTest(signal.Ordered(from), signal.Ordered(to), inside)
}

// numbers checks that a leaf on a signal of numbers compares, and with numbers.
func (k *compiler) numbers(c *Cond, t signal.Type, path string) bool {
	of := "is of type " + t.String()
	if t == signal.TypeBoxes {
		of = "counts as the number of its boxes"
	}
	if len(c.Compare) == 0 {
		k.refuse(path, "signal %q %s and has no comparison: add one, such as gte", c.Signal, of)
		return false
	}
	ok := true
	for _, cmp := range c.Compare {
		if vt := cmp.Value.Type(); cmp.Rel >= In || vt != signal.TypeInt && vt != signal.TypeFloat {
			k.refuse(path, "signal %q %s: %s does not fit, use eq, ne, gt, gte, lt or lte with a number", c.Signal, of, cmp)
			ok = false
		}
	}
	return ok
}

// labelTests allows eq and ne with a label, and in with a list of them.
func (k *compiler) labelTests(c *Cond, path string) []test {
	if len(c.Compare) == 0 {
		k.refuse(path, "signal %q is a label and has no comparison: add eq, ne or in", c.Signal)
		return nil
	}
	var tests []test
	for _, cmp := range c.Compare {
		words := cmp.Labels
		switch {
		case cmp.Rel == In && len(words) == 0:
			k.refuse(path, "signal %q: in has no labels: give at least one", c.Signal)
			continue
		case cmp.Rel == In:
			words = slices.Clone(words)
		case (cmp.Rel == Eq || cmp.Rel == Ne) && cmp.Value.Type() == signal.TypeLabel:
			words = []string{cmp.Value.AsLabel()}
		default:
			k.refuse(path, "signal %q is a label: %s does not fit, use eq or ne with a label, or in with a list", c.Signal, cmp)
			continue
		}
		tests = append(tests, test{inst: inst{op: opWord, negate: cmp.Rel == Ne, slot: int32(len(k.prog.words))}})
		k.prog.words = append(k.prog.words, words)
	}
	return tests
}

// String returns the comparison as it is written: gte 2.
func (c Comparison) String() string {
	if c.Rel > In {
		return "relation " + strconv.Itoa(int(c.Rel))
	}
	if c.Rel != In {
		return c.Rel.String() + " " + c.Value.String()
	}
	words := make([]string, len(c.Labels))
	for i, w := range c.Labels {
		words[i] = strconv.Quote(w)
	}
	return "in [" + strings.Join(words, ", ") + "]"
}

// testText returns what a leaf asks of its signal, for explanations.
func testText(compare []Comparison) string {
	if len(compare) == 0 {
		return "is true"
	}
	parts := make([]string, len(compare))
	for i, c := range compare {
		parts[i] = c.String()
	}
	return strings.Join(parts, ", ")
}
