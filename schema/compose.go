package schema

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/parser"
)

// Part is one kind's share of the language.
type Part struct {
	// Role is "camera", "detector" or "sink".
	Role string
	// Name is the key that selects the kind: lower case letters and digits.
	Name string
	// Doc becomes the comment of that key.
	Doc string
	// Options is CUE text that declares #Options and, if it wants, other definitions that #Options uses. It may use
	// the scalars of the core language and import nothing.
	Options string
	// Emits are the signals that a detector gives whatever its options are. A detector whose signals the pipeline declares
	// has them in options under signals.
	Emits []Emit
}

// Emit is one signal of a detector kind.
type Emit struct {
	// Name is the signal's: lower case letters, digits and _.
	Name string
	// Doc becomes its comment; it may be empty.
	Doc string
}

// scalars are the definitions of the core language that a kind's options may use.
func scalars() []string {
	return []string{"#Duration", "#Span", "#Rate", "#Unit", "#Count", "#Pixels", "#Bytes", "#Size", "#Secret"}
}

// Compose returns one schema.cue of the core language and these kinds, in the order of role and name. Definitions of a
// kind are renamed so that kinds cannot meet: #Options of the detector motion becomes #MotionDetector, another
// definition #Area becomes #MotionDetectorArea. It returns an error that names every part whose options are not plain
// closed CUE: syntax errors, imports, "..." in a struct, comprehensions, unknown references, or a name taken by a field.
func Compose(parts []Part) ([]byte, error) {
	parts = slices.Clone(parts)
	slices.SortStableFunc(parts, func(a, b Part) int {
		return strings.Compare(a.Role+"\x00"+a.Name, b.Role+"\x00"+b.Name)
	})
	var (
		errs  []error
		keys  = map[string]*strings.Builder{"camera": {}, "detector": {}, "sink": {}}
		taken = map[string][]string{"camera": Fields(Camera{}), "detector": Fields(Detector{}), "sink": Fields(Sink{})}
		defs  strings.Builder
	)
	name := regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	for _, p := range parts {
		lines, ok := keys[p.Role]
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("kind %q: role %q must be camera, detector or sink", p.Name, p.Role))
			continue
		case !name.MatchString(p.Name):
			errs = append(errs, fmt.Errorf("%s kind %q: name must be lower case letters and digits", p.Role, p.Name))
			continue
		case slices.Contains(taken[p.Role], p.Name):
			errs = append(errs, fmt.Errorf("%s kind %q: name is taken by another kind or a field of every %s", p.Role, p.Name, p.Role))
			continue
		}
		taken[p.Role] = append(taken[p.Role], p.Name)
		text, err := rename(p)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s kind %q: %w", p.Role, p.Name, err))
			continue
		}
		fmt.Fprintf(lines, "%s%s?: %s\n\n", comment(p.Doc), p.Name, definition(p))
		fmt.Fprintf(&defs, "\n%s\n", text)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	emits, err := references(parts)
	if err != nil {
		return nil, err
	}
	keys["detector"].WriteString(emits)
	text := core
	for role, lines := range keys {
		text = strings.Replace(text, "\t// kinds: "+role+"\n", lines.String(), 1)
	}
	out, err := format.Source([]byte(text + defs.String()))
	if err != nil {
		return nil, fmt.Errorf("composed schema: %w", err)
	}
	return out, nil
}

// references returns the lines of #Detector that give every detector the signals of its kind, so that a pipeline can refer
// to them. They stand in #Detector itself, which has a field of its own: a comprehension would open a struct without any.
func references(parts []Part) (string, error) {
	var b strings.Builder
	for _, p := range parts {
		if p.Role != "detector" {
			continue
		}
		if len(p.Emits) > 0 {
			fmt.Fprintf(&b, "if %s != _|_ {emits: {\n", p.Name)
			for _, e := range p.Emits {
				fmt.Fprintf(&b, "%s%q: _\n", comment(e.Doc), e.Name)
			}
			b.WriteString("}}\n\n")
			continue
		}
		declares, err := declaresSignals(p)
		if err != nil {
			return "", err
		}
		if declares {
			fmt.Fprintf(&b, "if %[1]s.signals != _|_ {emits: {for s, _ in %[1]s.signals {(s): _}}}\n\n", p.Name)
		}
	}
	return b.String(), nil
}

// declaresSignals reports whether #Options has a field signals.
func declaresSignals(p Part) (bool, error) {
	f, err := parser.ParseFile(p.Name+".options.cue", p.Options)
	if err != nil {
		return false, err
	}
	found := false
	ast.Walk(f, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok {
			name, _, _ := ast.LabelName(field.Label)
			found = found || name == "signals"
		}
		return true
	}, nil)
	return found, nil
}

// definition returns the name of a part's options in the composed schema.
func definition(p Part) string { return "#" + title(p.Name) + title(p.Role) }

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func comment(doc string) string {
	var b strings.Builder
	if doc = strings.TrimSpace(doc); doc == "" {
		return ""
	}
	for line := range strings.SplitSeq(doc, "\n") {
		b.WriteString(strings.TrimRight("// "+line, " ") + "\n")
	}
	return b.String()
}

// rename returns the options text with the names of its definitions made the part's own.
func rename(p Part) (string, error) {
	f, err := parser.ParseFile(p.Name+".options.cue", p.Options, parser.ParseComments)
	if err != nil {
		return "", err
	}
	names, err := declared(f, p)
	if err != nil {
		return "", err
	}
	var errs []error
	// Names that a struct declares itself stay as they are.
	free := map[*ast.Ident]bool{}
	for _, id := range f.Unresolved {
		free[id] = true
	}
	ast.Walk(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportDecl:
			errs = append(errs, errors.New("options import a package: they may use only the scalars of the core language"))
		case *ast.Comprehension:
			errs = append(errs, errors.New("options have a comprehension, which would open the struct it stands in"))
		case *ast.StructLit:
			for _, d := range n.Elts {
				if _, ok := d.(*ast.Ellipsis); ok {
					errs = append(errs, errors.New(`options have "..." in a struct, which would let typos pass`))
				}
			}
		case *ast.Ident:
			if free[n] && strings.HasPrefix(n.Name, "#") && !slices.Contains(scalars(), n.Name) {
				errs = append(errs, fmt.Errorf("options use %s, which is neither theirs nor one of %s", n.Name, strings.Join(scalars(), ", ")))
			}
			// The parser resolves a reference to the declared value.
			for field, name := range names {
				if n.Node == field.Value {
					n.Name = name
				}
			}
		}
		return true
	}, nil)
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	for field, name := range names {
		field.Label = &ast.Ident{NamePos: field.Label.Pos(), Name: name}
	}
	// The file's package clause and comments above it are not part of the definitions.
	decls := &ast.File{}
	for _, d := range f.Decls {
		if _, ok := d.(*ast.Package); !ok {
			decls.Decls = append(decls.Decls, d)
		}
	}
	out, err := format.Node(decls)
	return string(out), err
}

// declared returns the new name of every definition at the top of f.
func declared(f *ast.File, p Part) (map[*ast.Field]string, error) {
	names := map[*ast.Field]string{}
	options := false
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.Package, *ast.CommentGroup, *ast.ImportDecl:
		case *ast.Field:
			id, ok := d.Label.(*ast.Ident)
			if !ok || !strings.HasPrefix(id.Name, "#") {
				return nil, errors.New("options declare something beside definitions (#Name: …)")
			}
			if id.Name == "#Options" {
				options = true
				names[d] = definition(p)
				continue
			}
			names[d] = definition(p) + strings.TrimPrefix(id.Name, "#")
		default:
			return nil, errors.New("options declare something beside definitions (#Name: …)")
		}
	}
	if !options {
		return nil, errors.New("options do not declare #Options")
	}
	return names, nil
}
