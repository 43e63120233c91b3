package test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/tick"
	"rvo.dev/schema"
)

// Code is the code of what Compile finds: a test that cannot be run as it stands.
const Code = "RVO701"

// defaultStart is when a test begins that does not say: a Monday at midnight.
const defaultStart = "2026-01-05T00:00:00Z"

// Compile returns the tests of a pipeline, and what is wrong with them. A test with a finding at error level is left out
// of the suite. g is the graph of doc. The findings are sorted.
func Compile(doc *dsl.Document, g *graph.Graph) (*Suite, []dsl.Finding) {
	s := &Suite{Name: doc.Name, graph: still(g), place: doc.Place}
	var findings []dsl.Finding
	names := slices.Sorted(maps.Keys(doc.Pipeline.Tests))
	if len(names) == 0 {
		return s, nil
	}
	signals := signalNames(g)
	for _, name := range names {
		in := doc.Pipeline.Tests[name]
		c := &compiler{doc: doc, g: s.graph, signals: signals, in: &in, base: "tests." + name}
		c.test = &Test{Name: name, Place: doc.Place(c.base), Description: or(in.Description, ""), only: or(in.Only, false)}
		c.compile()
		if !dsl.HasErrors(c.findings) {
			s.Tests = append(s.Tests, c.test)
		}
		findings = append(findings, c.findings...)
	}
	slices.SortStableFunc(s.Tests, func(a, b *Test) int {
		return cmp.Or(cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Place.Col, b.Place.Col))
	})
	return s, doc.Finish(findings)
}

// still returns a graph whose detectors wait for ever: for pictures that nobody takes.
func still(g *graph.Graph) *graph.Graph {
	out := *g
	out.Instances = slices.Clone(g.Instances)
	for i := range out.Instances {
		out.Instances[i].NoFrame, out.Instances[i].Gate = false, nil
	}
	return &out
}

// signalNames returns the names of all signals, sorted.
func signalNames(g *graph.Graph) []string {
	var out []string
	for i := range g.Cells {
		out = append(out, g.Cells[i].Signal)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// compiler is the work on one test.
type compiler struct {
	doc      *dsl.Document
	g        *graph.Graph
	signals  []string
	in       *schema.Test
	base     string // path of the test
	main     int    // camera of what names none; AllCameras: all
	mainOK   bool
	test     *Test
	findings []dsl.Finding
}

func (c *compiler) compile() {
	t, err := time.Parse(time.RFC3339Nano, or(c.in.Start, defaultStart))
	if err != nil || t.Year() < 1971 || t.Year() > 2200 {
		c.fault(c.base+".start", "there is no such time, or it is not between 1971 and 2200", "write one such as "+strconv.Quote(defaultStart))
	}
	c.test.start = t.UnixNano()
	c.main, c.mainOK = c.camera(c.base+".camera", c.in.Camera)
	c.steps()
	tolerance := duration(c.in.Tolerance, 0)
	open := false
	for i := range c.in.Expect {
		open = c.expect(i, tolerance) || open
	}
	for i := range c.in.Forbid {
		c.forbid(i)
	}
	c.length(open)
	c.gaps()
	if len(c.in.Expect) == 0 && len(c.in.Forbid) == 0 && !c.test.only {
		c.findings = append(c.findings, dsl.Finding{
			Code: Code, Severity: dsl.Warning, Path: c.base, Place: c.doc.Place(c.base),
			Message: fmt.Sprintf("test %s expects nothing and forbids nothing", c.test.Name),
			Hint:    "say what has to come, expect: [{event: …}], what must not, forbid: [{event: …}], or only: true",
		})
	}
}

// length says how long the test lasts. Nothing in it may lie beyond a length that was given.
func (c *compiler) length(open bool) {
	t := c.test
	end := tick.Time(0)
	for _, s := range t.steps {
		end = max(end, s.to)
	}
	for _, e := range t.expect {
		if e.timed {
			end = max(end, e.at.Add(e.tolerance))
		}
	}
	for _, f := range t.forbid {
		if f.to != tick.Never {
			end = max(end, f.to)
		}
	}
	t.end, t.limit = end, end
	if open {
		t.limit = end.Add(Patience)
	}
	if c.in.Length == nil {
		c.bound(c.base)
		return
	}
	given := duration(c.in.Length, 0)
	t.end, t.limit = tick.Time(given), tick.Time(given)
	c.bound(c.base + ".length")
	for i, s := range t.steps {
		if s.at > t.end {
			c.fault(fmt.Sprintf("%s.steps.%d", c.base, i), fmt.Sprintf("the step begins at %s, after the end of the test at %s", short(s.at), short(t.end)), "")
		}
	}
	for i, e := range c.in.Expect {
		if at := duration(e.At, 0); e.At != nil && tick.Time(at) > t.end {
			c.fault(fmt.Sprintf("%s.expect.%d.at", c.base, i), "expected after the end of the test at "+short(t.end), "make length longer")
		}
	}
	for i, f := range c.in.Forbid {
		if from := duration(f.From, 0); f.From != nil && tick.Time(from) > t.end {
			c.fault(fmt.Sprintf("%s.forbid.%d.from", c.base, i), "forbidden only after the end of the test at "+short(t.end), "make length longer")
		}
	}
}

// MaxLength is how long a test may last: a date that is Start and so much stays one that nanoseconds can tell.
const MaxLength = 10 * 365 * 24 * time.Hour

// bound refuses a test that is too long.
func (c *compiler) bound(path string) {
	if c.test.end > tick.Time(MaxLength) {
		c.fault(path, fmt.Sprintf("the test lasts longer than %s, which is ten years", short(tick.Time(MaxLength))), "")
	}
}

// duration returns a length of time, or otherwise where it is not given. One that cannot be read was found while loading.
func duration(text *string, otherwise time.Duration) time.Duration {
	if text == nil {
		return otherwise
	}
	d, err := schema.ParseDuration(*text)
	if err != nil {
		return otherwise
	}
	return d
}

// fault keeps a finding at error level.
func (c *compiler) fault(path, message, hint string) {
	if !c.doc.Faulty(path) {
		c.findings = append(c.findings, dsl.Finding{Code: Code, Path: path, Place: c.doc.ValuePlace(path), Message: message, Hint: hint})
	}
}

// unknown keeps a finding about a name that nothing has.
func (c *compiler) unknown(path string, place dsl.Place, what, written string, names []string) {
	f := dsl.Finding{
		Code: Code, Path: path, Place: place,
		Message: fmt.Sprintf("there is no %s %s", what, written),
		Hint:    dsl.DidYouMean(written, names, "there are"),
	}
	if near, ok := dsl.OnlyNear(written, names); ok {
		f.Fix = c.doc.Fix(f.Place, strconv.Quote(written), strconv.Quote(near))
	}
	if !c.doc.Faulty(path) {
		c.findings = append(c.findings, f)
	}
}

// camera returns the index of a camera that is named; AllCameras where none is. ok is false where it is at fault, which is then
// reported.
func (c *compiler) camera(path string, id *string) (camera int, ok bool) {
	if id == nil {
		return graph.AllCameras, true
	}
	if i := c.g.CameraIndex(*id); i >= 0 {
		return i, true
	}
	if _, known := c.doc.Pipeline.Cameras[*id]; known {
		c.fault(path, fmt.Sprintf("camera %s is not enabled: nothing is seen and nothing is watched there", *id), "")
	} else {
		c.unknown(path, c.doc.ValuePlace(path), "camera", *id, slices.Collect(maps.Keys(c.doc.Pipeline.Cameras)))
	}
	return 0, false
}

// or returns what p points at, or otherwise.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
