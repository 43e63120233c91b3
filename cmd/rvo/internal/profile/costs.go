package profile

import (
	"fmt"
	"strings"
	"time"
)

// Header is how a file of costs begins, by which it is known as one.
const Header = "// Measured by rvo profile"

// Row is a detector in a file of costs.
type Row struct {
	ID string
	// Threads is how many it may use in the pipeline.
	Threads int
	// Given is the cost that the pipeline says itself; 0: none.
	Given time.Duration
	// Costs are what was measured, one for each number of threads.
	Costs []Cost
}

// At returns what was measured with the threads that the pipeline gives it; false where it never ran to its end.
func (r *Row) At() (Cost, bool) {
	for _, c := range r.Costs {
		if c.Threads == r.Threads && c.Runs > 0 {
			return c, true
		}
	}
	return Cost{}, false
}

// CUE returns a file that gives every detector the cost that was measured: the 95th percentile. A detector whose cost the
// pipeline says keeps that, and the measurement is a comment. Package is the pipeline's, empty for none; about says when and on
// what it was measured.
func CUE(pkg, about string, rows []Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n// cost is what one run takes, the 95th percentile; what vet says of rates and delays rests on it.\n", Header, about)
	if pkg != "" {
		fmt.Fprintf(&b, "package %s\n", pkg)
	}
	b.WriteString("\ndetectors: {\n")
	for _, r := range rows {
		var measured []string
		for _, c := range r.Costs {
			if c.Runs > 0 {
				measured = append(measured, fmt.Sprintf("%d: p50 %s, p95 %s of %d runs", c.Threads, Round(c.P50), Round(c.P95), c.Runs))
			}
		}
		text := "nothing was measured"
		if len(measured) > 0 {
			text = "by threads, " + strings.Join(measured, "; ")
		}
		c, ok := r.At()
		switch {
		case r.Given > 0:
			fmt.Fprintf(&b, "\t// %s: the pipeline says %s; %s\n", r.ID, r.Given, text)
		case !ok:
			fmt.Fprintf(&b, "\t// %s: %s\n", r.ID, text)
		default:
			fmt.Fprintf(&b, "\t// %s\n\t%q: cost: %q\n", text, r.ID, Round(c.P95).String())
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// Round rounds a measured duration up to two digits: more of them do not come back in the next measurement.
func Round(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 100 {
		unit *= 10
	}
	return (d + unit - 1) / unit * unit
}
