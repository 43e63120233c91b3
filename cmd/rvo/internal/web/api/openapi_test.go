package api

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const marker = "  schemas: # from the Go types: go test ./cmd/rvo/internal/web/api -update\n"

var update = flag.Bool("update", false, "write the schemas of openapi.yaml")

// TestOpenAPISchemas: the document's schemas are what the Go types say.
func TestOpenAPISchemas(t *testing.T) {
	before, _, ok := bytes.Cut(OpenAPI(), []byte(marker))
	if !ok {
		t.Fatalf("openapi.yaml has no line %q", marker)
	}
	want := string(before) + marker + schemas(t)
	if *update {
		if err := os.WriteFile("openapi.yaml", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(OpenAPI()) {
		t.Errorf("openapi.yaml is not what the Go types say: go test ./cmd/rvo/internal/web/api -update")
	}
}

// TestOpenAPIReferences: the document is YAML, and what it refers to is there.
func TestOpenAPIReferences(t *testing.T) {
	var doc map[string]any
	if err := yaml.Unmarshal(OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && !found(doc, ref) {
				t.Errorf("there is no %s", ref)
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc)
}

func found(doc map[string]any, ref string) bool {
	at := any(doc)
	for part := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		m, _ := at.(map[string]any)
		if at = m[part]; at == nil {
			return false
		}
	}
	return true
}

// schemas writes the package's types as schemas, by name.
func schemas(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]*ast.StructType{}
	docs := map[string]string{}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, s := range g.Specs {
				if ts, ok := s.(*ast.TypeSpec); ok {
					if st, ok := ts.Type.(*ast.StructType); ok {
						types[ts.Name.Name], docs[ts.Name.Name] = st, oneLine(g.Doc.Text())
					}
				}
			}
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(types)) {
		fmt.Fprintf(&b, "    %s:\n      description: %s\n      type: object\n      properties:\n", name, strconv.Quote(docs[name]))
		var required []string
		fields(t, &b, types, types[name], &required)
		if len(required) > 0 {
			fmt.Fprintf(&b, "      required: [%s]\n", strings.Join(required, ", "))
		}
	}
	return b.String()
}

func fields(t *testing.T, b *strings.Builder, types map[string]*ast.StructType, st *ast.StructType, required *[]string) {
	t.Helper()
	for _, f := range st.Fields.List {
		if f.Tag == nil {
			fields(t, b, types, types[f.Type.(*ast.Ident).Name], required) // embedded
			continue
		}
		tag, err := strconv.Unquote(f.Tag.Value)
		if err != nil {
			t.Fatal(err)
		}
		name, opts, _ := strings.Cut(reflect.StructTag(tag).Get("json"), ",")
		schema := strings.TrimSuffix(strings.TrimPrefix(typeOf(t, f.Type), "{"), "}")
		if doc := oneLine(f.Doc.Text() + " " + f.Comment.Text()); doc != "" {
			if schema != "" {
				schema += ", "
			}
			schema += "description: " + strconv.Quote(doc)
		}
		fmt.Fprintf(b, "        %s: {%s}\n", name, schema)
		if !strings.Contains(opts, "omitempty") {
			*required = append(*required, name)
		}
	}
}

func typeOf(t *testing.T, e ast.Expr) string {
	t.Helper()
	switch e := e.(type) {
	case *ast.Ident:
		switch e.Name {
		case "string":
			return "{type: string}"
		case "bool":
			return "{type: boolean}"
		case "int", "int64", "uint64":
			return "{type: integer}"
		case "float64":
			return "{type: number}"
		case "any":
			return "{}"
		}
		return `{$ref: "#/components/schemas/` + e.Name + `"}`
	case *ast.StarExpr:
		return "{oneOf: [" + typeOf(t, e.X) + `, {type: "null"}]}`
	case *ast.ArrayType:
		return "{type: array, items: " + typeOf(t, e.Elt) + "}"
	case *ast.MapType:
		value := e.Value
		if p, ok := value.(*ast.StarExpr); ok {
			value = p.X // there is none that is null
		}
		return "{type: object, additionalProperties: " + typeOf(t, value) + "}"
	case *ast.SelectorExpr:
		return "{}" // json.RawMessage
	}
	t.Fatalf("openapi.yaml has no word for a %T", e)
	return ""
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
