package bench

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	texttemplate "text/template"
	"time"
)

// row is one scenario and design in the tables of the report: medians over its windows.
type row struct {
	Scenario, Doc, Design         string
	FPS, Cost                     string
	TickP50, TickP99, TickMax     string
	OverP50, OverP99, Event, Late string
	Ratio                         string // tick p99 of inline over that of lanes
	Runs                          string // of all detectors, a second
	Ticks, Results                int64  // behind the percentiles, of all windows
	Offered                       uint64
	Superseded, NotIngested       uint64
	Lost                          string // a second, by the first RVO's measure
	Skips                         string
	Abandoned                     uint64
	CPU, Foreign                  string
	Allocs                        string // objects a second
	GCs                           string
	Windows                       int
	Noisy                         int // of the windows
}

// page is everything that the report and the README show.
type page struct {
	Command string
	Host    string
	Date    string
	Window  string
	Windows int
	Noisy   int
	Rows    []row
	Figures []shown
	Targets []Target
}

// shown is a figure in the HTML page.
type shown struct {
	Name, Caption string
	SVG           template.HTML
}

// rows returns the scenarios in the order they were measured.
func rows(results []*Result) []row {
	j := &judged{results: results}
	type key struct {
		name string
		d    Design
	}
	var keys []key
	for _, r := range results {
		if k := (key{r.Scenario.Name, r.Design}); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	var out []row
	for _, k := range keys {
		out = append(out, j.row(k.name, k.d))
	}
	return out
}

func (j *judged) row(name string, d Design) row {
	rs := j.of(name, d)
	s := &rs[0].Scenario
	t := func(f func(*Result) time.Duration) string {
		return short(time.Duration(j.mid(name, d, func(r *Result) float64 { return float64(f(r)) })))
	}
	some := func(h func(*Result) hist, f func(*Result) time.Duration) string {
		for _, r := range rs {
			if h(r).count() > 0 {
				return t(f)
			}
		}
		return "–"
	}
	over, ev, late := func(r *Result) hist { return r.over }, func(r *Result) hist { return r.event }, func(r *Result) hist { return r.late }
	out := row{
		Scenario: name, Doc: s.Doc, Design: string(d), FPS: number(j.mid(name, d, (*Result).fps)), Cost: "–",
		TickP50: t(func(r *Result) time.Duration { return r.tick.q(50) }), TickP99: t(func(r *Result) time.Duration { return r.tick.q(99) }),
		TickMax: t(func(r *Result) time.Duration { return r.tick.max() }),
		OverP50: some(over, func(r *Result) time.Duration { return r.over.q(50) }), OverP99: some(over, func(r *Result) time.Duration { return r.over.q(99) }),
		Event: some(ev, func(r *Result) time.Duration { return r.event.q(50) }), Late: some(late, func(r *Result) time.Duration { return r.late.q(50) }),
		Ratio: "–", Lost: number(j.mid(name, d, (*Result).lost)), Windows: len(rs),
		Runs:   number(j.mid(name, d, func(r *Result) float64 { return float64(r.Execs) / r.Window.Seconds() })),
		CPU:    number(100 * j.mid(name, d, func(r *Result) float64 { return r.Usage.CPU })),
		Allocs: number(j.mid(name, d, func(r *Result) float64 { return float64(r.Usage.Allocs) / r.Window.Seconds() })),
		GCs:    number(j.mid(name, d, func(r *Result) float64 { return float64(r.Usage.GCs) })),
	}
	out.Foreign = "?"
	if f := j.mid(name, d, func(r *Result) float64 { return r.Usage.Foreign }); !math.IsNaN(f) {
		out.Foreign = number(100 * f)
	}
	if c := s.cost(); c > 0 {
		out.Cost = short(c)
	}
	if d == Lanes && len(j.of(name, Inline)) > 0 {
		p99 := func(r *Result) float64 { return float64(r.tick.q(99)) }
		out.Ratio = number(j.mid(name, Inline, p99) / max(j.mid(name, Lanes, p99), 1))
	}
	for _, r := range rs {
		out.Ticks += r.tick.count()
		out.Results += r.over.count()
		out.Offered += r.Offered
		out.Superseded += r.Superseded
		out.NotIngested += r.NotIngested
		out.Abandoned += r.Abandoned
		if r.Noisy() {
			out.Noisy++
		}
	}
	out.Skips = rs[len(rs)-1].causes()
	return out
}

// Report is results with what belongs to them.
type Report struct {
	Results []*Result
	Targets []Target // what was judged of them, if anything was
	Host    Host     // as it was before the first window
	Command string   // that made them
	At      time.Time
}

func (r *Report) page() page {
	p := page{
		Command: r.Command, Host: r.Host.String(), Date: r.At.UTC().Format("2006-01-02"), Rows: rows(r.Results), Targets: r.Targets,
		Windows: len(r.Results),
	}
	p.Window = lengths(r.Results)
	for _, x := range r.Results {
		if x.Noisy() {
			p.Noisy++
		}
	}
	return p
}

// lengths says how long the windows were: most of them, then the scenarios that took longer ones.
func lengths(results []*Result) string {
	if len(results) == 0 {
		return "no length"
	}
	least := results[0].Window
	for _, r := range results {
		least = min(least, r.Window)
	}
	out, seen := least.String(), map[string]bool{}
	for _, r := range results {
		if name := r.Scenario.Name; r.Window > least && !seen[name] {
			seen[name] = true
			out += fmt.Sprintf(", of %s %v", name, r.Window)
		}
	}
	return out
}

// Write writes summary.csv and a time series for each window into dir, and with plots the figures and report.html,
// which holds them all and needs nothing beside it. Files of an earlier run with the same names are replaced. It returns the
// names of the figures: those that all scenarios they compare were measured for.
func (r *Report) Write(dir string, plots bool) (drawn []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("a folder for results: %w", err)
	}
	if err := writeCSV(dir, r.Results); err != nil || !plots {
		return nil, err
	}
	figs := figures(r.Results)
	if err := writeFigures(dir, figs); err != nil {
		return nil, err
	}
	p := r.page()
	for i := range figs {
		b, err := figs[i].svg()
		if err != nil {
			return nil, err
		}
		if k := bytes.Index(b, []byte("<svg")); k >= 0 {
			b = b[k:] // without the XML prologue it may stand inside a page
		}
		drawn = append(drawn, figs[i].Name)
		p.Figures = append(p.Figures, shown{figs[i].Name, figs[i].Caption, template.HTML(b)}) // drawn here, from numbers
	}
	t, err := template.New("report").Parse(reportHTML)
	if err != nil {
		return nil, fmt.Errorf("the report's template: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("the report: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.html"), b.Bytes(), 0o644); err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return drawn, nil
}

// Markdown returns the results as a page for the repository.
func (r *Report) Markdown() (string, error) {
	t, err := texttemplate.New("readme").Parse(readmeText)
	if err != nil {
		return "", fmt.Errorf("the page's template: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, r.page()); err != nil {
		return "", fmt.Errorf("the page: %w", err)
	}
	return b.String(), nil
}

// PrintTable writes the results for people.
func (r *Report) PrintTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "scenario\tdesign\tpictures/s\tcost\ttick p50\tp99\tmax\tover cost p50\tp99\tto event\truns/s\toffered\tsuperseded\tnot ingested\tCPU %\tforeign %")
	for _, r := range rows(r.Results) {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\t%s\n", r.Scenario, r.Design, r.FPS, r.Cost, r.TickP50, r.TickP99, r.TickMax,
			r.OverP50, r.OverP99, r.Event, r.Runs, r.Offered, r.Superseded, r.NotIngested, r.CPU, r.Foreign)
	}
	return tw.Flush()
}
