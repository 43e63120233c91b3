package draw_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rvo.dev/dsl"
	"rvo.dev/dsl/compile"
	"rvo.dev/dsl/draw"
	"rvo.dev/engine/graph"
	"rvo.dev/nodes/all"
)

// The golden files are rewritten by go test ./dsl/draw -update.
var update = flag.Bool("update", false, "rewrite the golden files")

func build(t testing.TB, file string) *graph.Graph {
	t.Helper()
	kinds, err := all.Set()
	if err != nil {
		t.Fatal(err)
	}
	text, err := compile.SchemaFor(kinds)
	if err != nil {
		t.Fatal(err)
	}
	doc, findings, err := dsl.Load(t.Context(), []string{file}, dsl.Options{Schema: text})
	if err != nil || dsl.HasErrors(findings) {
		t.Fatal(findings, err)
	}
	spec, findings := compile.Compile(doc, kinds)
	if dsl.HasErrors(findings) {
		t.Fatal(findings)
	}
	g, err := graph.Build(spec, kinds)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func write(t testing.TB, p *draw.Picture, f draw.Format) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Each format is compared whole. A revision changes with the language's defaults and is no matter here.
func TestFormats(t *testing.T) {
	p := draw.Of(build(t, "testdata/site.cue"))
	p.Revision = "0123"
	for i := range p.Parts {
		p.Parts[i].Own, p.Parts[i].Wired = "own", "wired" // package graph's business
	}
	for _, f := range draw.Formats() {
		got := write(t, p, f)
		golden := filepath.Join("testdata", "site."+string(f))
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s (%v):\n%s", f, err, got)
		}
	}
}

func TestParse(t *testing.T) {
	if f, err := draw.Parse("svg"); f != draw.SVG || err != nil {
		t.Error(f, err)
	}
	if _, err := draw.Parse("png"); err == nil || !strings.Contains(err.Error(), "did you mean svg") && !strings.Contains(err.Error(), "dot, json, mermaid, svg") {
		t.Errorf("error %v", err)
	}
}

// pictures draws random pictures, of the form that graphs have: names that need escapes, dependencies without a cycle.
func pictures(t *rapid.T) *draw.Picture {
	p := &draw.Picture{Pipeline: rapid.SampledFrom([]string{"site", `a "b"`, "<&>", "ü\\"}).Draw(t, "name")}
	ids := map[string][]string{}
	for _, role := range []string{"camera", "detector", "event", "evidence", "sink"} {
		for i := range rapid.IntRange(0, 6).Draw(t, role) {
			n := draw.Node{Role: role, Name: fmt.Sprintf("%s_%d", strings.Repeat("x", i*3), i), Detail: rapid.SampledFrom([]string{"", "5/s", `"<&>"`}).Draw(t, "detail")}
			n.ID = role + "/" + n.Name
			p.Nodes = append(p.Nodes, n)
			ids[role] = append(ids[role], n.ID)
		}
	}
	edges := func(from, to []string, kind string, signals ...string) {
		for _, a := range from {
			for _, b := range to {
				if a != b && rapid.Bool().Draw(t, a+b) {
					p.Edges = append(p.Edges, draw.Edge{From: a, To: b, Kind: kind, Signals: signals})
				}
			}
		}
	}
	edges(ids["camera"], ids["detector"], draw.Frames)
	for i := range ids["detector"] {
		edges(ids["detector"][i:i+1], ids["detector"][i+1:], draw.Needs, "a")
	}
	edges(ids["detector"], ids["event"], draw.Condition, "a", `"b"`)
	edges(ids["event"], ids["evidence"], draw.Keeps)
	edges(ids["event"], ids["sink"], draw.Records)
	return p
}

// A drawing is XML, no two boxes in it touch, all are on the page, and every edge leads to the right.
func TestDrawingIsSound(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := pictures(rt)
		out := write(t, p, draw.SVG)
		if again := write(t, p, draw.SVG); !bytes.Equal(out, again) {
			rt.Fatal("the same picture is drawn in two ways")
		}
		type rect struct{ x, y, w, h int }
		var boxes []rect
		var page rect
		edges := 0
		d := xml.NewDecoder(bytes.NewReader(out))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				rt.Fatalf("%v in\n%s", err, out)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			attr := map[string]string{}
			for _, a := range e.Attr {
				attr[a.Name.Local] = a.Value
			}
			number := func(name string) int {
				n, err := strconv.Atoi(attr[name])
				if err != nil {
					rt.Fatalf("%s of <%s>: %v", name, e.Name.Local, err)
				}
				return n
			}
			switch {
			case e.Name.Local == "svg":
				page = rect{0, 0, number("width"), number("height")}
			case e.Name.Local == "rect" && attr["rx"] != "":
				boxes = append(boxes, rect{number("x"), number("y"), number("width"), number("height")})
			case e.Name.Local == "path" && attr["marker-end"] != "":
				edges++
				var x1, y1, a, b, c, f, x2, y2 int
				if _, err := fmt.Sscanf(attr["d"], "M%d,%d C%d,%d %d,%d %d,%d", &x1, &y1, &a, &b, &c, &f, &x2, &y2); err != nil || x2 <= x1 {
					rt.Fatalf("edge %q leads to the left (%v)", attr["d"], err)
				}
			}
		}
		if len(boxes) != len(p.Nodes) || edges != len(p.Edges) {
			rt.Fatalf("%d boxes of %d nodes, %d of %d edges", len(boxes), len(p.Nodes), edges, len(p.Edges))
		}
		for i, a := range boxes {
			if a.x < 0 || a.y < 0 || a.x+a.w > page.w || a.y+a.h > page.h {
				rt.Fatalf("box %v is not on the page %v", a, page)
			}
			for _, b := range boxes[i+1:] {
				if a.x < b.x+b.w && b.x < a.x+a.w && a.y < b.y+b.h && b.y < a.y+a.h {
					rt.Fatalf("boxes %v and %v meet", a, b)
				}
			}
		}
	})
}

// What goes into a quoted text stays in it.
func TestTextsAreQuoted(t *testing.T) {
	p := &draw.Picture{
		Pipeline: "a\"b\\c\nd",
		Nodes:    []draw.Node{{ID: "event/a", Role: "event", Name: "a", Detail: `say "x"`}, {ID: "sink/b", Role: "sink", Name: "b"}},
		Edges:    []draw.Edge{{From: "event/a", To: "sink/b", Kind: draw.Records, Signals: []string{`"`}}},
	}
	if got := string(write(t, p, draw.DOT)); !strings.Contains(got, `digraph "a\"b\\c\nd" {`) || !strings.Contains(got, `say \"x\"`) {
		t.Errorf("%s", got)
	}
	if got := string(write(t, p, draw.Mermaid)); !strings.Contains(got, "say #quot;x#quot;") || !strings.Contains(got, `|"#quot;"|`) {
		t.Errorf("%s", got)
	}
}

// As data, a graph of nothing has lists too.
func TestJSON(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(write(t, draw.Of(&graph.Graph{Name: "n"}), draw.JSON), &got); err != nil {
		t.Fatal(err)
	}
	if got["schema"] != "rvo.graph/v1" || got["nodes"] == nil || got["edges"] == nil || got["parts"] == nil {
		t.Errorf("%v", got)
	}
}

// Neither a credential nor what could be guessed by its hash is in a drawing.
func TestHidesCredentials(t *testing.T) {
	var drawn [2]string
	for i, password := range []string{"hunter2", "hunter3"} {
		file := filepath.Join(t.TempDir(), "p.cue")
		text := `apiVersion: "rvo/v1"
cameras: gate: http: {url: "http://joe:` + password + `@cam/1"}
detectors: motion: {motion: {}, fps: 5}
events: moving: {when: {signal: "motion.level", gte: 0.1}, hold: "1s"}
`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, f := range []draw.Format{draw.JSON, draw.Mermaid, draw.DOT, draw.SVG} {
			got := string(write(t, draw.Of(build(t, file)), f))
			if strings.Contains(got, "hunter") {
				t.Errorf("%s has the password: %s", f, got)
			}
			if f == draw.JSON {
				drawn[i] = strings.ReplaceAll(got, filepath.Dir(file), "")
			}
		}
	}
	a, b := parts(t, drawn[0]), parts(t, drawn[1])
	if a == "" || a != b {
		t.Errorf("the password makes a difference:\n%s\n%s", a, b)
	}
}

// parts are the hashes in a drawing.
func parts(t *testing.T, text string) string {
	t.Helper()
	var got struct {
		Parts []struct{ ID, Own, Wired string }
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(got.Parts)
}
