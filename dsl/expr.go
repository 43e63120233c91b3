package dsl

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cuelang.org/go/cue/ast"
	cueerrors "cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"rvo.dev/schema"
)

// maxExpr is how long the text of a condition may be, in bytes. What is longer is written as a tree, where every leaf has a
// line of its own.
const maxExpr = 16 << 10

// Expr is a condition that was written as text.
type Expr struct {
	// Cond is the tree that says the same.
	Cond schema.Cond
	// Offsets are where the parts of the tree stand in the text, in bytes, by path in the tree: "" is the whole, "all.1.gte"
	// the value of a comparison.
	Offsets map[string]int
}

// ExprFault is what is wrong with the text of a condition.
type ExprFault struct {
	// Offset is where, in bytes from the begin of the text.
	Offset  int
	Message string
	Hint    string
}

// ParseExpr reads a condition written as text, such as "people.count >= 2 && !(door.open || motion.level < 0.1)". It reports
// all faults that it can tell apart; the condition is of use only without any. It knows signals by their form alone and not
// whether there are such.
func ParseExpr(text string) (Expr, []ExprFault) {
	if len(text) > maxExpr {
		return Expr{}, []ExprFault{{
			Message: fmt.Sprintf("text of a condition is %d bytes long, more than %d", len(text), maxExpr),
			Hint:    "write it as a tree of all, any and not",
		}}
	}
	p := exprParser{text: text, offsets: map[string]int{}}
	// The parser takes the end of a line for the end of an expression, which a condition on several lines does not mean.
	e, err := parser.ParseExpr("expr", strings.NewReplacer("\n", " ", "\r", " ").Replace(text))
	if err != nil {
		p.syntax(err)
		return Expr{}, p.faults
	}
	cond := p.cond(e, "")
	return Expr{Cond: cond, Offsets: p.offsets}, p.faults
}

// exprParser turns the expressions of CUE that a condition may use into a tree.
type exprParser struct {
	text    string
	offsets map[string]int
	faults  []ExprFault
}

func (p *exprParser) fault(at ast.Node, message, hint string) {
	p.faults = append(p.faults, ExprFault{Offset: offset(at), Message: message, Hint: hint})
}

// offset returns where a node begins; that of an operator is where its left side does.
func offset(n ast.Node) int { return n.Pos().Offset() }

// syntax says in words what keeps the text from being read.
func (p *exprParser) syntax(err error) {
	e := cueerrors.Errors(err)[0]
	at := min(max(e.Position().Offset(), 0), len(p.text))
	f := ExprFault{Offset: at, Message: "condition cannot be read from here on"}
	rest := p.text[at:]
	found := regexp.MustCompile(`^(\w+|[&|=!<>]+|.?)`).FindString(rest)
	message := e.Error()
	switch {
	case strings.TrimSpace(p.text) == "":
		f.Message, f.Hint = "condition is empty", `write one such as "people.count >= 2 && !door.open"`
	case strings.Contains(message, "not terminated"):
		f.Message = "text lacks its closing quote"
	case strings.TrimSpace(rest) == "" && strings.Contains(message, "')'"):
		f.Message = "condition ends before its )"
	case strings.TrimSpace(rest) == "":
		f.Message = "condition ends where a signal or a value must follow"
	case strings.HasPrefix(message, "expected operand"):
		f.Message = "a signal or a value is missing before " + found
	default:
		f.Message = found + " cannot stand here"
	}
	if words := regexp.MustCompile(`\b(and|or|not)\b`).FindString(p.text); words != "" && f.Hint == "" {
		f.Hint = "write " + map[string]string{"and": "&&", "or": "||", "not": "!"}[words] + " and not " + words
	}
	if found == "=" {
		f.Hint = "write == to compare"
	}
	p.faults = append(p.faults, f)
}

// cond reads a condition; path is its place in the tree.
func (p *exprParser) cond(e ast.Expr, path string) schema.Cond {
	p.offsets[path] = offset(e)
	switch e := e.(type) {
	case *ast.ParenExpr:
		return p.cond(e.X, path)
	case *ast.UnaryExpr:
		if e.Op != token.NOT {
			p.fault(e, fmt.Sprintf("%s makes no condition", e.Op), "! stands before a condition, - before a number")
			return schema.Cond{}
		}
		not := p.cond(e.X, join(path, "not"))
		return schema.Cond{Not: &not}
	case *ast.BinaryExpr:
		return p.binary(e, path)
	case *ast.CallExpr:
		return p.call(e, path)
	case *ast.Ident, *ast.SelectorExpr:
		if c, ok := p.signal(e, path); ok {
			return c
		}
		return schema.Cond{}
	case *ast.BasicLit:
		p.fault(e, e.Value+" alone says nothing", "compare a signal with it")
		return schema.Cond{}
	}
	p.fault(e, "a condition has no such part", "it is made of signals, comparisons, &&, ||, !, parentheses, absent(…) and in(…)")
	return schema.Cond{}
}

// binary reads a comparison, or what && or || join.
func (p *exprParser) binary(e *ast.BinaryExpr, path string) schema.Cond {
	if e.Op == token.LAND || e.Op == token.LOR {
		name := "all"
		if e.Op == token.LOR {
			name = "any"
		}
		var parts []schema.Cond
		for i, part := range operandsOf(e, e.Op) {
			parts = append(parts, p.cond(part, join(path, name+"."+strconv.Itoa(i))))
		}
		if e.Op == token.LAND {
			return schema.Cond{All: &parts}
		}
		return schema.Cond{Any: &parts}
	}
	if comparison(e.Op) != "" {
		return p.comparison(e, path)
	}
	hint := "comparisons are ==, !=, <, <=, > and >="
	if e.Op == token.AND {
		hint = "write && for and"
	}
	if e.Op == token.OR {
		hint = "write || for or"
	}
	p.faults = append(p.faults, ExprFault{Offset: e.OpPos.Offset(), Message: fmt.Sprintf("%s cannot stand in a condition", e.Op), Hint: hint})
	return schema.Cond{}
}

// comparison returns the field of a condition that an operator stands for, empty for one that compares nothing.
func comparison(op token.Token) string {
	return map[token.Token]string{
		token.EQL: "eq", token.NEQ: "ne", token.LSS: "lt", token.LEQ: "lte", token.GTR: "gt", token.GEQ: "gte",
	}[op]
}

// operandsOf returns what an operator joins that stands several times in a row.
func operandsOf(e ast.Expr, op token.Token) []ast.Expr {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == op {
		return append(operandsOf(b.X, op), operandsOf(b.Y, op)...)
	}
	return []ast.Expr{e}
}

// comparison reads a comparison of a signal with a value, in either order.
func (p *exprParser) comparison(e *ast.BinaryExpr, path string) schema.Cond {
	op, sig, val := e.Op, e.X, e.Y
	if !isName(sig) && isName(val) {
		sig, val = val, sig
		if turned, ok := map[token.Token]token.Token{
			token.LSS: token.GTR, token.GTR: token.LSS, token.LEQ: token.GEQ, token.GEQ: token.LEQ,
		}[op]; ok {
			op = turned
		}
	}
	if !isName(sig) {
		p.fault(sig, "a comparison needs a signal on one side", `write detector.signal: "people.count >= 2"`)
		return schema.Cond{}
	}
	c, ok := p.signal(sig, path)
	if isName(val) {
		p.fault(val, "two signals cannot be compared with each other", "compare each with a value")
		return c
	}
	raw, isNumber, good := p.value(val)
	if !ok || !good {
		return c
	}
	name := comparison(op)
	p.offsets[join(path, name)] = offset(val)
	if op == token.EQL {
		c.Eq = &raw
		return c
	}
	if op == token.NEQ {
		c.Ne = &raw
		return c
	}
	if !isNumber {
		p.fault(val, fmt.Sprintf("%s compares with a number", op), "other values are compared with == or !=")
		return c
	}
	number, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		p.fault(val, "number is out of range", "")
		return c
	}
	switch name {
	case "lt":
		c.Lt = &number
	case "lte":
		c.Lte = &number
	case "gt":
		c.Gt = &number
	case "gte":
		c.Gte = &number
	}
	return c
}

// call reads absent(signal) and in(signal, "label", …).
func (p *exprParser) call(e *ast.CallExpr, path string) schema.Cond {
	name := ""
	if id, ok := e.Fun.(*ast.Ident); ok {
		name = id.Name
	}
	switch {
	case name == "absent" && len(e.Args) == 1:
		c, ok := p.signal(e.Args[0], path)
		if !ok {
			return schema.Cond{}
		}
		p.offsets[join(path, "absent")] = offset(e.Args[0])
		delete(p.offsets, join(path, "signal"))
		c.Absent, c.Signal = c.Signal, nil
		return c
	case name == "in" && len(e.Args) > 1:
		c, _ := p.signal(e.Args[0], path)
		var labels []string
		for i, a := range e.Args[1:] {
			raw, _, ok := p.value(a)
			var label string
			if err := json.Unmarshal(raw, &label); ok && err != nil {
				p.fault(a, "in(…) takes labels, text in quotes", "")
			}
			p.offsets[join(path, "in."+strconv.Itoa(i))] = offset(a)
			labels = append(labels, label)
		}
		p.offsets[join(path, "in")] = offset(e)
		c.In = &labels
		return c
	}
	hint := `there are absent(detector.signal) and in(detector.signal, "label", "label")`
	if near, ok := Nearest(name, []string{"absent", "in"}); ok && near != name {
		hint = "did you mean " + near + "?"
	}
	p.fault(e, "a condition has no such call", hint)
	return schema.Cond{}
}

// signal reads the name of a signal, or cameras.ID.detector.signal.
func (p *exprParser) signal(e ast.Expr, path string) (schema.Cond, bool) {
	parts, ok := names(e)
	if !ok {
		p.fault(e, "a signal is named detector.signal", "in lower case letters, digits and _")
		return schema.Cond{}, false
	}
	written := strings.Join(parts, ".")
	for _, part := range parts {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(part) {
			p.fault(e, written+" is no name of a signal", "names are lower case letters, digits and _, a letter first")
			return schema.Cond{}, false
		}
	}
	name := written
	var c schema.Cond
	switch {
	case len(parts) == 4 && parts[0] == "cameras":
		name = parts[2] + "." + parts[3]
		c.Camera = &parts[1]
		p.offsets[join(path, "camera")] = offset(e)
	case len(parts) != 2:
		p.fault(e, written+" is no signal: a signal is named detector.signal", "that of another camera is cameras.ID.detector.signal")
		return schema.Cond{}, false
	}
	p.offsets[join(path, "signal")] = offset(e)
	c.Signal = &name
	return c, true
}

// value reads what a signal is compared with, as JSON, and whether it is a number.
func (p *exprParser) value(e ast.Expr) (raw json.RawMessage, number, ok bool) {
	sign := ""
	lit := e
	if u, isUnary := e.(*ast.UnaryExpr); isUnary && (u.Op == token.SUB || u.Op == token.ADD) {
		lit = u.X
		if u.Op == token.SUB {
			sign = "-"
		}
	}
	b, isLit := lit.(*ast.BasicLit)
	if !isLit {
		p.fault(e, "a signal is compared with true, false, a number or text in quotes", "")
		return nil, false, false
	}
	switch {
	case b.Kind == token.INT || b.Kind == token.FLOAT:
		var n literal.NumInfo
		if err := literal.ParseNum(b.Value, &n); err == nil {
			text := sign + n.String()
			if json.Valid([]byte(text)) {
				return json.RawMessage(text), true, true
			}
		}
		p.fault(e, b.Value+" is no number that a signal can have", "")
		return nil, false, false
	case sign == "" && b.Kind == token.STRING:
		text, err := literal.Unquote(b.Value)
		if err == nil {
			raw, err = json.Marshal(text)
		}
		if err == nil && strings.HasPrefix(b.Value, `"`) {
			return raw, false, true
		}
	case sign == "" && (b.Kind == token.TRUE || b.Kind == token.FALSE):
		return json.RawMessage(b.Value), false, true
	}
	p.fault(e, "a signal is compared with true, false, a number or text in quotes", "")
	return nil, false, false
}

func isName(e ast.Expr) bool {
	switch e.(type) {
	case *ast.Ident, *ast.SelectorExpr:
		return true
	}
	return false
}

// names takes a.b.c apart.
func names(e ast.Expr) ([]string, bool) {
	switch e := e.(type) {
	case *ast.Ident:
		return []string{e.Name}, true
	case *ast.SelectorExpr:
		parts, ok := names(e.X)
		id, isIdent := e.Sel.(*ast.Ident)
		if !ok || !isIdent {
			return nil, false
		}
		return slices.Concat(parts, []string{id.Name}), true
	}
	return nil, false
}
