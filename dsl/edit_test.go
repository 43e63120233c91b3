package dsl_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cuelang.org/go/cue/scanner"
	"cuelang.org/go/cue/token"
	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl"
)

// foreign are phrases of the evaluator and the parser that no user may read.
func foreign() *regexp.Regexp {
	return regexp.MustCompile(`conflicting values|mismatched types|empty disjunction|field not allowed|incomplete value|non-concrete|` +
		`out of bound|does not satisfy|undefined field|reference "[^"]*" not found|cannot use .* as type|invalid operands?|` +
		`invalid interpolation|structural cycle|unresolved|required but not present|_\|_[^)]|failed arithmetic|incompatible (?:list|int|num|str)|` +
		`error in call|error\(|explicit error|expected .*found|expected '|missing ','|illegal (?:character|token)|not terminated|import failed|` +
		`cannot find package|imported and not used|unreferenced alias|preference mark|cannot combine|cannot slice|cannot call|` +
		`invalid (?:index|label|string|literal|number|argument|operation|value)|ambiguous default|index out of range|index \d|matchN|` +
		`\(type |IDENT|EOF|CallExpr|BinaryExpr|\bast\.|\badt\.|#[A-Z][A-Za-z]+\b|yaml:|json:|goroutine|panic|schema\.cue|%!`)
}

// tokens splits a text into tokens and what stands between them, so that joining them gives the text again.
func tokens(text string) []string {
	f := token.NewFile("p.cue", -1, len(text))
	var s scanner.Scanner
	s.Init(f, []byte(text), nil, 0)
	var out []string
	last := 0
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return append(out, text[last:])
		}
		at := pos.Offset()
		if lit == "\n" || at < last {
			continue // a comma that is not written
		}
		size := len(lit)
		if size == 0 {
			size = len(tok.String())
		}
		if at+size > len(text) {
			return append(out, text[last:])
		}
		out = append(out, text[last:at], text[at:at+size])
		last = at + size
	}
}

// edit makes one random change to a text: a token goes, comes twice, changes places with another or becomes another.
func edit(r *rand.Rand, text string) (string, string) {
	toks := tokens(text)
	words := []string{
		"5", "-1", `"x"`, "true", "null", "[]", "{}", "a.b", "_", "_|_", "&", "|", "string", "int", "(", "}", ":", ",", "...", "*1 | 2",
		"cameras", "1/0", `"\("`, "1s", "#X", "!", "?", "[1][3]", "len(5)", "strings.X", "if true {a: 1}", "for x in [1] {a: 1}", "let y = 3", "@tag(q)", "5.5", `"motion.level"`,
	}
	var idx []int
	for i := 1; i < len(toks); i += 2 {
		if toks[i] != "" {
			idx = append(idx, i)
		}
	}
	i, j := idx[r.IntN(len(idx))], idx[r.IntN(len(idx))]
	what := ""
	switch r.IntN(6) {
	case 0:
		what = fmt.Sprintf("without %q", toks[i])
		toks[i] = ""
	case 1:
		what = fmt.Sprintf("%q twice", toks[i])
		toks[i] += " " + toks[i]
	case 2:
		what = fmt.Sprintf("%q and %q swapped", toks[i], toks[j])
		toks[i], toks[j] = toks[j], toks[i]
	case 3:
		w := words[r.IntN(len(words))]
		what = fmt.Sprintf("%q for %q", w, toks[i])
		toks[i] = w
	case 4:
		w := words[r.IntN(len(words))]
		what = fmt.Sprintf("%q before %q", w, toks[i])
		toks[i] = w + " " + toks[i]
	default:
		b := []byte(toks[i])
		k := r.IntN(len(b))
		what = fmt.Sprintf("a letter of %q", toks[i])
		b[k] = "abz_09\"{:"[r.IntN(9)]
		toks[i] = string(b)
	}
	return strings.Join(toks, ""), what
}

// Whatever is done to a good pipeline, what is said about it is in words of ours, stands somewhere in a file, and is said
// once. The edits are random; a failure prints the seed.
func TestRandomEditsGiveNoForeignWords(t *testing.T) {
	schemaText := testSchema(t)
	archives, err := filepath.Glob("testdata/good_*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 2))
	n := 300
	if testing.Short() {
		n = 40
	}
	bad := foreign()
	silent, found := 0, 0
	dir := t.TempDir()
	for range n {
		ar, err := txtar.ParseFile(archives[r.IntN(len(archives))])
		if err != nil {
			t.Fatal(err)
		}
		opts := dsl.Options{Schema: schemaText, Dir: dir, Files: map[string][]byte{}, Tests: true}
		lines := strings.Split(strings.TrimSpace(string(ar.Comment)), "\n")
		var paths []string
		args := strings.Fields(lines[len(lines)-1])
		for i := 0; i < len(args); i++ {
			switch args[i] {
			case "-t":
				i++
				opts.Tags = append(opts.Tags, args[i])
			case "-tests":
			default:
				paths = append(paths, args[i])
			}
		}
		var cue []int
		for i, f := range ar.Files {
			if strings.HasSuffix(f.Name, ".cue") && !strings.Contains(f.Name, "cue.mod") {
				cue = append(cue, i)
			}
			if !strings.HasSuffix(f.Name, ".cue") && f.Name != "want" || strings.Contains(f.Name, "cue.mod") {
				cue = nil // files that have to be on disk: the golden tests have them
				break
			}
		}
		if len(cue) == 0 {
			continue
		}
		k := cue[r.IntN(len(cue))]
		text, what := edit(r, string(ar.Files[k].Data))
		for i, f := range ar.Files {
			if f.Name != "want" {
				opts.Files[f.Name] = f.Data
			}
			if i == k {
				opts.Files[f.Name] = []byte(text)
			}
		}
		_, fs, err := dsl.Load(context.Background(), paths, opts)
		if err != nil {
			t.Fatalf("seed %d, %s: %v", seed, what, err)
		}
		if len(fs) == 0 {
			silent++
		}
		at := map[string]string{}
		for _, f := range fs {
			found++
			// The schema's definitions are only named as what a user can write.
			for _, s := range []string{f.Message, strings.ReplaceAll(f.Hint, "schema.#Detector", "")} {
				// What is quoted from the text itself is the user's.
				if m := bad.FindString(s); m != "" && !strings.Contains(text, m) {
					t.Errorf("seed %d, %s: %v\n  hint %s\nsays %q in\n%s", seed, what, f, f.Hint, m, text)
				}
			}
			// Only what is missing from a file, or wrong with a folder or the command line, has no line.
			whole := f.Code == dsl.CodeMissing && !strings.Contains(f.Path, ".") || f.Code == dsl.CodeImport || f.Code == dsl.CodeTag
			if f.Place.File == "" || !whole && f.Place.Line == 0 {
				t.Errorf("seed %d, %s: %v has no place in\n%s", seed, what, f, text)
			}
			key := f.Place.String() + f.Code
			if at[key] == f.Message {
				t.Errorf("seed %d, %s: %v is said twice", seed, what, f)
			}
			at[key] = f.Message
		}
	}
	t.Logf("seed %d: %d edits, %d findings, %d edits without any", seed, n, found, silent)
}
