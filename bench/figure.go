package bench

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// figure is one picture of the report: panels under one another with one x axis.
type figure struct {
	Name    string // of its files
	Caption string
	panels  []*plot.Plot
}

// The size of a figure with one panel, and how much each further one adds.
const (
	figureWidth  = 7.2 * vg.Inch
	figureHeight = 4.2 * vg.Inch
	panelHeight  = 2.9 * vg.Inch
	figureDPI    = 144
)

func designColor(d Design) color.Color {
	if d == Lanes {
		return color.RGBA{R: 0x0b, G: 0x5f, B: 0xa5, A: 0xff}
	}
	return color.RGBA{R: 0xc8, G: 0x50, B: 0x1e, A: 0xff}
}

// panel returns an empty plot in the report's style.
func panel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	for _, s := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		s.Font.Variant = "Sans"
		s.Font.Size = 10
	}
	p.Title.TextStyle.Font.Size = 12
	p.Title.Padding = 8
	p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 9, 9
	p.X.Padding, p.Y.Padding = 4, 4
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.XOffs, p.Legend.YOffs = 8, -4
	p.Legend.Padding = 2
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{Y: 0xe0}, color.Gray{Y: 0xee}
	p.Add(grid)
	return p
}

// line adds a line with points. Dashed lines are tails.
func line(p *plot.Plot, label string, d Design, dashed bool, xys plotter.XYs) {
	if len(xys) == 0 {
		return
	}
	l, pts, err := plotter.NewLinePoints(xys)
	if err != nil {
		return // a value that is no number: nothing to show
	}
	l.Color, l.Width = designColor(d), 1.6
	pts.Color, pts.Radius, pts.Shape = designColor(d), 2.6, draw.CircleGlyph{}
	if dashed {
		l.Dashes = []vg.Length{5, 3}
		pts.Shape = draw.RingGlyph{}
	}
	if len(xys) > 60 { // points would hide the line
		p.Add(l)
		p.Legend.Add(label, l)
		return
	}
	p.Add(l, pts)
	p.Legend.Add(label, l, pts)
}

// logTime makes y a logarithmic axis of durations in seconds.
func logTime(p *plot.Plot) {
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		var out []plot.Tick
		for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
			v := math.Pow(10, e)
			if v >= lo*0.999 && v <= hi*1.001 {
				out = append(out, plot.Tick{Value: v, Label: decade(v)})
			}
			for m := 2.0; m < 10; m++ {
				if v*m >= lo && v*m <= hi {
					out = append(out, plot.Tick{Value: v * m})
				}
			}
		}
		return out
	})
	// Whole decades, so that every figure has labelled ends.
	p.Y.Min = math.Pow(10, math.Floor(math.Log10(max(p.Y.Min, 1e-9))))
	p.Y.Max = math.Pow(10, math.Ceil(math.Log10(max(p.Y.Max, 1e-8))))
}

// decade prints a power of ten of seconds as "100 µs".
func decade(v float64) string {
	for _, u := range []struct {
		unit float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}} {
		if v >= u.unit*0.999 {
			return strconv.FormatFloat(math.Round(v/u.unit), 'f', -1, 64) + " " + u.name
		}
	}
	return ""
}

// labelled are ticks at given places.
func labelled(values []float64, label func(float64) string) plot.Ticker {
	var t plot.ConstantTicks
	for _, v := range values {
		t = append(t, plot.Tick{Value: v, Label: label(v)})
	}
	return t
}

func plain(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// fromZero makes y a linear axis that begins at 0 and leaves room for the legend.
func fromZero(p *plot.Plot) {
	p.Y.Min = 0
	if p.Y.Max *= 1.25; !(p.Y.Max > 0) { // all of it is 0
		p.Y.Max = 1
	}
	p.Y.Tick.Marker = plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		t := plot.DefaultTicks{}.Ticks(lo, hi)
		for i := range t {
			if t[i].Label != "" { // without decimals that say nothing
				t[i].Label = plain(math.Round(t[i].Value*1e6) / 1e6)
			}
		}
		return t
	})
}

// draw draws the figure on a canvas of its size.
func (f *figure) draw(c draw.Canvas) {
	tiles := draw.Tiles{Rows: len(f.panels), Cols: 1, PadY: 8, PadTop: 6, PadBottom: 6, PadLeft: 6, PadRight: 14}
	rows := make([][]*plot.Plot, len(f.panels))
	for i, p := range f.panels {
		rows[i] = []*plot.Plot{p}
	}
	for i, row := range plot.Align(rows, tiles, c) {
		f.panels[i].Draw(row[0])
	}
}

func (f *figure) height() vg.Length {
	if len(f.panels) == 1 {
		return figureHeight
	}
	return vg.Length(len(f.panels)) * panelHeight
}

// svg returns the figure as SVG.
func (f *figure) svg() ([]byte, error) {
	c := vgsvg.New(figureWidth, f.height())
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw %s: %w", f.Name, err)
	}
	return b.Bytes(), nil
}

// png returns the figure as PNG.
func (f *figure) png() ([]byte, error) {
	c := vgimg.NewWith(vgimg.UseWH(figureWidth, f.height()), vgimg.UseDPI(figureDPI), vgimg.UseBackgroundColor(color.White))
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw %s: %w", f.Name, err)
	}
	return b.Bytes(), nil
}

// writeFigures writes each figure as PNG and SVG.
func writeFigures(dir string, figures []figure) error {
	for i := range figures {
		f := &figures[i]
		for ext, render := range map[string]func() ([]byte, error){".png": f.png, ".svg": f.svg} {
			b, err := render()
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, f.Name+ext), b, 0o644); err != nil {
				return fmt.Errorf("write a figure: %w", err)
			}
		}
	}
	return nil
}

// figures returns the figures for which there are results.
func figures(results []*Result) []figure {
	j := &judged{results: results}
	var out []figure
	for _, f := range []func(*judged) *figure{headOfLine, cdf, overloaded, ceiling, shed, scaling} {
		if fig := f(j); fig != nil {
			out = append(out, *fig)
		}
	}
	return out
}

func (j *judged) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(n string) bool { return len(j.of(n, Lanes))+len(j.of(n, Inline)) == 0 })
}

// seconds is the median over windows of a percentile of a histogram.
func (j *judged) seconds(name string, d Design, f func(*Result) time.Duration) float64 {
	return j.mid(name, d, func(r *Result) float64 { return max(f(r).Seconds(), 1e-9) })
}

// headOfLine: what a detector costs the tick.
func headOfLine(j *judged) *figure {
	costs := []int{1, 3, 10, 50}
	names := []string{"inproc_low"}
	at := "30 pictures a second"
	for _, c := range costs {
		names = append(names, fmt.Sprintf("blocking_%dms", c))
	}
	if hol := []string{"hol_0ms", "hol_1ms", "hol_3ms", "hol_10ms", "hol_50ms"}; j.has(hol...) {
		names, at = hol, "577 pictures a second"
	}
	if !j.has(names...) {
		return nil
	}
	p := panel("One turn of the scheduler against the cost of a detector", "cost of the detector on every picture, "+at, "tick")
	for _, d := range []Design{Inline, Lanes} {
		for _, q := range []float64{50, 99} {
			var xys plotter.XYs
			for i, n := range names {
				if len(j.of(n, d)) > 0 {
					xys = append(xys, plotter.XY{X: float64(i), Y: j.seconds(n, d, func(r *Result) time.Duration { return r.tick.q(q) })})
				}
			}
			line(p, fmt.Sprintf("%s p%v", d, q), d, q == 99, xys)
		}
	}
	logTime(p)
	p.X.Tick.Marker = labelled([]float64{0, 1, 2, 3, 4}, func(v float64) string { return []string{"0", "1 ms", "3 ms", "10 ms", "50 ms"}[int(v)] })
	return &figure{Name: "head_of_line", panels: []*plot.Plot{p}, Caption: "Head-of-line blocking. With the inline design a tick lasts as long as the detectors in it; with lanes it does not know what they cost. Medians over the windows."}
}

// cdf: the whole distribution of the way from a picture to its signals.
func cdf(j *judged) *figure {
	for _, name := range []string{"overload_severe", "overload_moderate", "overload_threshold", "blocking_10ms", "burn_two_cores", "blocking_3ms", "blocking_1ms"} {
		if !j.has(name) {
			continue
		}
		p := panel("From the moment a picture was due to its signals, less the detector's cost", "share of the results ("+name+")", "latency")
		// An axis of nines: 90, 99, 99.9 % lie a decade apart.
		nines := func(q float64) float64 { return -math.Log10(1 - q/100) }
		most := 0.0
		for _, d := range []Design{Inline, Lanes} {
			h := newHist(3)
			for _, r := range j.of(name, d) {
				h.h.Merge(r.over.h)
			}
			if h.count() == 0 {
				continue
			}
			var xys plotter.XYs
			for _, b := range h.h.CumulativeDistributionWithTicks(16) {
				if b.Quantile < 100 && b.ValueAt > 0 {
					xys = append(xys, plotter.XY{X: nines(b.Quantile), Y: float64(b.ValueAt) / 1e9})
					most = max(most, nines(b.Quantile))
				}
			}
			line(p, fmt.Sprintf("%s, %d results", d, h.count()), d, false, xys)
		}
		if most == 0 {
			continue
		}
		logTime(p)
		p.X.Min, p.X.Max = 0, most
		p.X.Tick.Marker = labelled([]float64{0, nines(50), 1, nines(95), 2, 3, 4, 5}, func(v float64) string {
			return strconv.FormatFloat(100*(1-math.Pow(10, -v)), 'g', 6, 64) + " %"
		})
		return &figure{Name: "latency_cdf", panels: []*plot.Plot{p}, Caption: "The whole histogram, not three points of it, from the intended arrival: a picture that waited for the loop is as late as it is."}
	}
	return nil
}

// overloaded: what happens when pictures come faster than a 5 ms detector.
func overloaded(j *judged) *figure {
	names := []string{"overload_threshold", "overload_moderate", "overload_severe"}
	if !j.has(names...) {
		return nil
	}
	unseen := panel("A 5 ms detector and a camera that is faster than it", "", "pictures never seen, 1/s")
	age := panel("", "pictures a second", "age of a result, ms")
	for _, d := range []Design{Inline, Lanes} {
		var lost, p50, p99 plotter.XYs
		for _, n := range names {
			rs := j.of(n, d)
			if len(rs) == 0 {
				continue
			}
			x := rs[0].Scenario.FPS
			lost = append(lost, plotter.XY{X: x, Y: j.mid(n, d, func(r *Result) float64 { return float64(r.Superseded+r.NotIngested) / r.Window.Seconds() })})
			whole := func(q float64) float64 {
				return 1e3 * j.seconds(n, d, func(r *Result) time.Duration { return r.over.q(q) + r.Scenario.cost() })
			}
			p50 = append(p50, plotter.XY{X: x, Y: whole(50)})
			p99 = append(p99, plotter.XY{X: x, Y: whole(99)})
		}
		line(unseen, string(d), d, false, lost)
		line(age, string(d)+" p50", d, false, p50)
		line(age, string(d)+" p99", d, true, p99)
	}
	fromZero(unseen)
	fromZero(age)
	age.Y.Max *= 1.3 // room for the legend
	for _, p := range []*plot.Plot{unseen, age} {
		p.X.Tick.Marker = labelled([]float64{120, 300, 577}, plain)
	}
	return &figure{Name: "overload", panels: []*plot.Plot{unseen, age}, Caption: "Overload. Above: pictures that no tick saw. Below: from the moment a picture was due to the signals made of it."}
}

// ceiling: how many pictures a second a design can look at.
func ceiling(j *judged) *figure {
	names := []string{"fps_1000", "fps_2000", "fps_5000", "ingest_10000", "ingest_50000", "ingest_100000"}
	if !j.has(names...) {
		return nil
	}
	p := panel("How many pictures the scheduler sees", "pictures a second", "seen by a tick, 1/s")
	var rates []float64
	least, most := math.Inf(1), 0.0
	for _, d := range []Design{Inline, Lanes} {
		var xys plotter.XYs
		for _, n := range names {
			rs := j.of(n, d)
			if len(rs) == 0 {
				continue
			}
			x := rs[0].Scenario.FPS
			y := max(j.mid(n, d, func(r *Result) float64 { return r.fps() * (1 - r.unseen()) }), 1)
			xys = append(xys, plotter.XY{X: x, Y: y})
			rates, least, most = append(rates, x), min(least, y), max(most, y)
		}
		line(p, string(d), d, false, xys)
	}
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker = labelled(rates, plain)
	var decades []float64
	for e := math.Floor(math.Log10(least)); e <= math.Ceil(math.Log10(most)); e++ {
		decades = append(decades, math.Pow(10, e))
	}
	p.Y.Tick.Marker = labelled(decades, plain)
	p.Y.Min, p.Y.Max = decades[0], decades[len(decades)-1]
	return &figure{Name: "ceiling", panels: []*plot.Plot{p}, Caption: "The ceiling. A detector that returns at once up to 3841 pictures a second, none above. The inline design sees one picture a pass, and a pass has its sleep."}
}

// shed: what a detector that is too slow does over time.
func shed(j *judged) *figure {
	const name = "load_shed"
	if !j.has(name) {
		return nil
	}
	ticks := panel("A 50 ms detector that is made to pause, beside a fast one", "", "longest tick")
	runs := panel("", "time in the window, s", "runs of it, 1/s")
	for _, d := range []Design{Inline, Lanes} {
		rs := j.of(name, d)
		if len(rs) == 0 {
			continue
		}
		r := rs[len(rs)-1]
		slow := slices.IndexFunc(r.loads, func(l loadResult) bool { return l.ID == "slow" })
		var a, b plotter.XYs
		last := time.Duration(0)
		for i := range r.series {
			p := &r.series[i]
			a = append(a, plotter.XY{X: p.until.Seconds(), Y: max(p.tick.max().Seconds(), 1e-9)})
			b = append(b, plotter.XY{X: p.until.Seconds(), Y: float64(p.loads[slow]) / (p.until - last).Seconds()})
			last = p.until
		}
		line(ticks, string(d), d, false, a)
		line(runs, string(d), d, false, b)
	}
	logTime(ticks)
	ticks.Y.Max *= 10 // room for the legend
	fromZero(runs)
	return &figure{Name: "shedding", panels: []*plot.Plot{ticks, runs}, Caption: "Shedding over time, of the last window. The inline design still stops for 50 ms whenever the detector runs; percentiles do not show it, the longest tick of each interval does."}
}

// scaling: what more cameras cost.
func scaling(j *judged) *figure {
	var counts []float64
	cpu := panel("Cameras of 30 pictures a second, four detectors of 5 runs a second and four events on each", "", "CPU, % of a core")
	tick := panel("", "cameras", "tick")
	var c, p50, p99 plotter.XYs
	for _, n := range []int{1, 10, 100, 1000} {
		name := fmt.Sprintf("cameras_%d", n)
		if !j.has(name) {
			continue
		}
		x := float64(n)
		counts = append(counts, x)
		c = append(c, plotter.XY{X: x, Y: 100 * j.mid(name, Lanes, func(r *Result) float64 { return r.Usage.CPU })})
		p50 = append(p50, plotter.XY{X: x, Y: j.seconds(name, Lanes, func(r *Result) time.Duration { return r.tick.q(50) })})
		p99 = append(p99, plotter.XY{X: x, Y: j.seconds(name, Lanes, func(r *Result) time.Duration { return r.tick.q(99) })})
	}
	if len(counts) < 2 {
		return nil
	}
	line(cpu, "lanes", Lanes, false, c)
	line(tick, "lanes p50", Lanes, false, p50)
	line(tick, "lanes p99", Lanes, true, p99)
	fromZero(cpu)
	logTime(tick)
	tick.Y.Max *= 10 // room for the legend
	for _, p := range []*plot.Plot{cpu, tick} {
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = labelled(counts, plain)
	}
	return &figure{Name: "scaling", panels: []*plot.Plot{cpu, tick}, Caption: "Many cameras on one core goroutine. The inline design has one camera and is not shown."}
}
