package dsl

import (
	"fmt"
	"regexp"
	"strings"

	cueerrors "cuelang.org/go/cue/errors"
)

// saying is what the evaluator or the parser says about a fault, as a pattern of its whole text, and what a person is told
// instead. $1 and so on stand for the groups of the pattern.
type saying struct{ pattern, words string }

// sayings are what can be said in a user's own terms. What is not here is said in general terms: the texts of the evaluator
// speak of its insides and are never printed.
func sayings() []saying {
	return []saying{
		// The text.
		{`missing ',' before newline.*`, "a comma or a closing bracket is missing at the end of this line"},
		{`missing ',' in .*`, "a comma is missing here"},
		{`string literal not terminated`, "text lacks its closing quote"},
		{`comment not terminated`, "comment lacks its end"},
		{`illegal character NUL`, "file holds bytes that are no text"},
		{`illegal (?:UTF-8 encoding|byte order mark)`, "file holds bytes that are no text in UTF-8"},
		{`illegal character U\+[0-9A-F]+ '(.+)' in escape sequence`, `\$1 means nothing in a text: a backslash itself is written \\`},
		{`illegal character U\+[0-9A-F]+ '(.+)'`, "$1 cannot stand here"},
		{`illegal character (U\+[0-9A-F]+)`, "character $1 cannot stand here"},
		{`(?:unknown|invalid) escape sequence.*|escape sequence .*|octal escape.*|hexadecimal escape.*`, `backslash that means nothing in a text: a backslash itself is written \\`},
		{`illegal .*number.*|invalid number.*|illegal '_' in number`, "number that cannot be read"},
		{`illegal token.*|unexpected '(.+)'`, "this cannot stand here"},
		{`invalid string.*|.*non-matching whitespace.*|expected newline after multiline quote.*|invalid literal.*`, "text of several lines that cannot be read: it begins on the line after its quotes, and each line with the blanks that the last has"},
		{`identifiers starting with '__' are reserved`, "names that begin with __ are not for pipelines"},
		{`unreferenced alias or let clause (\S+)`, "$1 is never used"},
		{`preference mark not allowed at this position`, "* marks a default and stands only in a choice: *1 | 2"},
		{`(?:invalid label|.*label expression|alias expression is not a valid label|square bracket must have exactly one element|cannot use _ as label).*`, "this is no name of a field"},
		{`ellipsis must be last element in list`, "... stands only at the end of a list"},
		{`(?:expression exceeds maximum nesting depth|maximum nesting depth).*`, "is nested too deep to be read"},
		{`(?:old-style alias|unsupported field alias|cyclic reference in field alias|identifier for .*alias|label alias|postfix alias|field has both|cannot use _ as alias).*`, "a name given with = cannot stand here: use let"},

		// Names.
		{`reference "(.+)" not found`, "nothing is called $1"},
		{`undefined field: (.+)`, "there is no field $1"},
		{`undefined field \[(.+)\]`, "there is no element $1"},
		{`imported and not used: ("[^"]+").*`, "import $1 is not used"},
		{`cannot find package ("[^"]+").*`, "there is no package $1"},
		{`import ("[^"]+") not found|import failed: .*("[^"]+").*`, "there is no package $1$2"},
		{`(?:relative import paths not allowed|local import).*|import path .*|invalid import path.*|empty import path`, "an import is a package path such as \"pipeline.local/lib\" and no path of a file"},
		{`no (?:CUE )?files in package directory.*|no package name|build constraints exclude.*|.*no matching.*`, "there is no file of that package"},
		{`(?:found packages|inconsistent package).*`, "its files do not make one package"},
		{`import cycle.*|package .* imports itself.*`, "packages import each other in a circle"},

		// Values.
		{`(?:failed arithmetic: )?division by zero.*|failed arithmetic: division .*`, "it divides by zero"},
		{`failed arithmetic.*`, "the number cannot be computed"},
		{`.*count .*exceeds limit.*`, "it is repeated too often"},
		{`index (?:out of range )?\[?(-?\d+)\]? (?:out of range|with length) ?\[?(?:with length )?(\d*)\]?`, "there is no element $1"},
		{`index out of range \[(-?\d+)\].*`, "there is no element $1"},
		{`invalid operands? .* to '(.+)'.*`, "$1 cannot be used with such values"},
		{`invalid operand .*`, "it computes with something that has no definite value"},
		{`invalid (?:slice )?index.*|cannot slice.*|invalid operation.*`, "nothing can be taken out of it in this way"},
		{`incompatible list lengths.*`, "lists of different lengths contradict each other"},
		{`conflicting values (.+) and (.+) \(mismatched types .*\)`, "$1 and $2 contradict each other"},
		{`conflicting values (.+) and (.+)`, "$1 and $2 contradict each other"},
		{`incompatible .* bounds .*`, "its bounds leave no value"},
		{`invalid value (.+) \(out of bound .*\)`, "$1 is out of range"},
		{`invalid value (.+) \(does not (?:satisfy|match) .*\)`, "$1 is not of the form that is asked for"},
		{`invalid value (.+) \(.*`, "$1 is not what is asked for"},
		{`structural cycle.*`, "it contains itself without end"},
		{`(?:cycle|cyclic).*`, "it refers to itself without end"},
		{`field not allowed`, "field that is not allowed here"},
		{`adding field .*`, "field that depends on itself"},
		{`field is required but not present|required field missing: .*`, "field that has to be given"},
		{`cannot use (.+) \(type .*\) as type .*`, "$1 cannot be used here"},
		{`explicit error .*`, "it is marked as an error (_|_)"},
		{`cannot combine .*`, "fields and elements of a list cannot stand together"},
		{`cannot call .*|argument must be .*`, "it cannot be called"},
		{`(?:too many|not enough) arguments in call to (\S+).*`, "$1 is called with a wrong number of values"},
		{`error in call to ([A-Za-z.]+).*|cannot use .* in argument \d+ to (\S+).*`, "$1$2 cannot do this with what it is given"},
		{`ambiguous default.*|unresolved disjunction.*`, "has several possible values and no default"},
		{`(?:key value of dynamic field must be concrete|invalid interpolation: non-concrete).*`, "the field's name has no definite value"},
		{`(?:incomplete|non-concrete|unresolved).*`, "has no definite value"},
		{`\d+ matched, expected .*|.*errors in empty disjunction.*`, "is none of what is possible here"},
		{`undefined .*`, "nothing is called so"},

		// Embedded data.
		{`(?:yaml|json|toml|invalid (?:YAML|JSON|TOML)|.*\.(?:ya?ml|json|toml): ).*`, "embedded data cannot be read"},
		{`(?:@embed: |embed: ).*|.*(?:no such file or directory|does not exist).*`, "embedded file does not exist or cannot be read"},
	}
}

// saidBy is a saying that is ready to be matched.
type saidBy struct {
	pattern *regexp.Regexp
	words   string
}

// said returns what a person is told instead of a text of the evaluator or the parser, and false for one that it does not
// know. The patterns are compiled once for all faults of a pipeline: there may be thousands.
func (s *sources) said(text string) (string, bool) {
	if s.sayings == nil {
		for _, x := range sayings() {
			s.sayings = append(s.sayings, saidBy{regexp.MustCompile(`(?s)^(?:` + x.pattern + `)$`), x.words})
		}
	}
	for _, x := range s.sayings {
		if m := x.pattern.FindStringSubmatchIndex(text); m != nil {
			return string(x.pattern.ExpandString(nil, x.words, text, m)), true
		}
	}
	return "", false
}

// expected puts in words what the parser expected and what it found.
func expected(text string) (string, bool) {
	m := regexp.MustCompile(`(?s)^expected (.+?)(?:, found (?:'(.+?)'( .*)?|(newline)))?$`).FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	name := func(s string) string {
		s = strings.Trim(s, "'")
		switch {
		case s == "EOF":
			return "the end of the file"
		case s == "operand" || s == "expression":
			return "a value"
		case s == "IDENT" || strings.HasPrefix(s, "identifier") || s == "selector":
			return "a name"
		case strings.HasPrefix(s, "label"):
			return "a field's name or :"
		case s == "," || s == "newline":
			return "a comma or the end of the line"
		case s == "STRING" || s == "string":
			return "text in quotes"
		}
		return s
	}
	want, found := name(m[1]), m[2]
	switch {
	case found == "EOF":
		return fmt.Sprintf("file ends where %s must stand", want), true
	case m[4] != "" || found == "," && strings.TrimSpace(m[3]) == "":
		return fmt.Sprintf("line ends where %s must stand", want), true
	case found == "":
		return want + " must stand here", true
	case m[3] != "":
		found = strings.TrimSpace(m[3])
	}
	if r := []rune(found); len(r) > 40 {
		found = string(r[:40]) + "…"
	}
	return fmt.Sprintf("%s must stand here, not %s", want, found), true
}

// message returns what an error says in a user's terms, without the path and the places, which findings have of their own,
// and false where there is nothing to tell but that it is one. The words of error("…") are the pipeline's own and stay.
func (s *sources) message(e cueerrors.Error) (string, bool) {
	format, args := e.Msg()
	text := rawText(e)
	if words, ok := expected(text); ok {
		return words, true
	}
	if words, ok := s.said(text); ok {
		words = shorten(words)
		return words, !inside(words)
	}
	if format == "%s" && len(args) == 1 || strings.HasPrefix(text, "must ") {
		return shorten(text), true
	}
	return "", false
}

// inside reports whether a text still quotes what only the evaluator knows: a definition of the schema, a fault.
func inside(text string) bool {
	// A name that nothing declares is the user's own.
	if regexp.MustCompile(`#[A-Z]`).MatchString(text) && !strings.HasPrefix(text, "nothing is called") && !strings.HasPrefix(text, "there is no") {
		return true
	}
	return strings.ContainsAny(text, "{}") || strings.Contains(text, "_|_ //") || strings.Contains(text, "~(#") || strings.Contains(text, "errors in")
}

// rawText returns what an error says in the evaluator's own terms, without its path.
func rawText(e cueerrors.Error) string {
	format, args := e.Msg()
	text := fmt.Sprintf(format, args...)
	if text == "" || strings.Contains(text, "%!") {
		text = e.Error()
	}
	return strings.TrimSpace(text)
}

// messageOr is message with general words for what is not known.
func (s *sources) messageOr(e cueerrors.Error, otherwise string) string {
	if text, ok := s.message(e); ok {
		return text
	}
	return otherwise
}

// shorten cuts out the structs that a text quotes, which are the schema's insides more often than not, and what is too long
// to be read.
func shorten(text string) string {
	for range 8 { // innermost first
		next := regexp.MustCompile(`\{[^{}]*\}`).ReplaceAllString(text, "a struct")
		if next == text {
			break
		}
		text = next
	}
	text, _, _ = strings.Cut(text, "\n")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return text
}
