package event

import "fmt"

// Arity is what an operator stands on.
type Arity uint8

const (
	// AritySignal is one signal: the node is a leaf.
	AritySignal Arity = iota
	// ArityOne is exactly one part.
	ArityOne
	// ArityMany is a list of one part or more.
	ArityMany
	// ArityOrder is a list of two parts or more whose order counts.
	ArityOrder
)

// String returns what the operator stands on, in words.
func (a Arity) String() string {
	switch a {
	case AritySignal:
		return "a signal"
	case ArityOne:
		return "one part"
	case ArityMany:
		return "one part or more"
	case ArityOrder:
		return "two parts or more"
	}
	panic(fmt.Sprintf("event: no arity %d", a))
}

// Operator is one row of the table of condition operators.
type Operator struct {
	Op    Op
	Name  string // the field of the pipeline language that selects it
	Arity Arity
	Doc   string // when it is yes, no and unknown, in a sentence

	// quorum says of a node with some parts, and of n where it takes one, how many yes parts make it yes and how many no
	// parts make it no. As long as neither number is reached it is unknown: that is all there is to three-valued logic.
	// Nil for leaves, and for what depends on the past of its parts.
	quorum func(parts, n int) (yes, no int)
	// invert swaps yes and no once the parts are counted.
	invert bool
}

// Operators returns the table of condition operators. A new operator on parts is a row here, a field in the schema and
// a transcript in testdata; one with a memory also needs an instruction in program.go and what it remembers in memory.go.
func Operators() []Operator {
	return []Operator{
		{
			Op: OpCompare, Name: "signal", Arity: AritySignal,
			Doc: "yes when every comparison of the signal's value holds, unknown when the signal is missing or stale",
		},
		{
			Op: OpAbsent, Name: "absent", Arity: AritySignal,
			Doc: "yes when the signal is stale or was never seen, no when it is fresh, unknown until one ttl after its producer started",
		},
		{
			Op: OpAll, Name: "all", Arity: ArityMany,
			Doc:    "yes when every part is yes, no when some part is no, otherwise unknown",
			quorum: func(parts, _ int) (int, int) { return parts, 1 },
		},
		{
			Op: OpAny, Name: "any", Arity: ArityMany,
			Doc:    "yes when some part is yes, no when every part is no, otherwise unknown",
			quorum: func(parts, _ int) (int, int) { return 1, parts },
		},
		{
			Op: OpNot, Name: "not", Arity: ArityOne,
			Doc:    "yes when its part is no, no when it is yes, unknown when it is unknown",
			quorum: func(int, int) (int, int) { return 1, 1 },
			invert: true,
		},
		{
			Op: OpAtLeast, Name: "atLeast", Arity: ArityMany,
			Doc:    "yes when at least n parts are yes, no when fewer than n are yes or unknown, otherwise unknown",
			quorum: func(parts, n int) (int, int) { return n, parts - n + 1 },
		},
		{
			Op: OpSequence, Name: "sequence", Arity: ArityOrder,
			Doc: "yes when its last part is yes and the parts became yes one after the other, first to last within the span, " +
				"otherwise no when every part is known and unknown when one is not",
		},
	}
}

// operator returns the row of an operator.
func operator(op Op) (Operator, bool) {
	for _, row := range Operators() {
		if row.Op == op {
			return row, true
		}
	}
	return Operator{}, false
}

// String returns the operator's name in the pipeline language.
func (o Op) String() string {
	row, ok := operator(o)
	if !ok {
		panic(fmt.Sprintf("event: no operator %d", o))
	}
	return row.Name
}

// inverse returns what not says of an answer.
func (a Answer) inverse() Answer {
	if a == Unknown {
		return Unknown
	}
	return Yes + No - a
}
