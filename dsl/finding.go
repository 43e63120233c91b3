package dsl

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Severity is how much a finding weighs.
type Severity uint8

const (
	// Error means that the pipeline is not run.
	Error Severity = iota
	// Warning means that the pipeline runs and probably does not do what was meant.
	Warning
	// Info is worth knowing.
	Info
)

// String returns "error", "warning" or "info".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Info:
		return "info"
	}
	panic(fmt.Sprintf("dsl: no severity %d", s))
}

// MarshalJSON writes the severity's name.
func (s Severity) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads the severity's name.
func (s *Severity) UnmarshalJSON(data []byte) error {
	var name string
	if err := json.Unmarshal(data, &name); err != nil {
		return err
	}
	for _, known := range []Severity{Error, Warning, Info} {
		if known.String() == name {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("severity %q: must be one of error, warning, info", name)
}

// Place is where something stands in the source: a file, relative to the working directory where it lies below it, and
// line and column from 1, the column in bytes. Line 0 means the file as a whole; the zero Place is unknown.
type Place struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// String returns "file:line:col", or as much of it as is known.
func (p Place) String() string {
	switch {
	case p.File == "":
		return "-"
	case p.Line == 0:
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Related is another place that has to do with a finding.
type Related struct {
	Place   Place  `json:"place"`
	Message string `json:"message"`
}

// Fix is an edit of a source file that mends a finding: the only name that can have been meant, a unit that is missing.
// Whoever makes it looks first whether Old still stands at Place, and leaves the file alone where it does not.
type Fix struct {
	Place Place  `json:"place"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// Finding is one thing to say about a pipeline. Its texts hold no credentials.
type Finding struct {
	// Code is the finding's number, such as "RVO002". Codes never change their meaning.
	Code     string    `json:"code"`
	Severity Severity  `json:"severity"`
	Message  string    `json:"message"`
	Path     string    `json:"path,omitempty"` // in the pipeline: "events.intrusion.when.all.1"
	Place    Place     `json:"place"`
	Related  []Related `json:"related,omitempty"`
	Hint     string    `json:"hint,omitempty"` // the way out
	// Fix is an edit that is safe to make without asking; nil where there is none.
	Fix *Fix `json:"fix,omitempty"`
	// Line is the source line at Place, for printers; empty where there is none.
	Line string `json:"-"`
}

// HasErrors reports whether a finding is at error level.
func HasErrors(fs []Finding) bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Severity == Error })
}

// CouldNotRun reports whether the findings say that the pipeline could not be looked at at all (it cannot be read, or
// its evaluation was given up), as opposed to faults in it.
func CouldNotRun(fs []Finding) bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Code == CodeLimit || f.Code == CodeRead })
}

// Sort orders findings by file, line, column, severity and code and drops those that say the same at the same place.
func Sort(fs []Finding) []Finding {
	slices.SortStableFunc(fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Place.File, b.Place.File),
			cmp.Compare(a.Place.Line, b.Place.Line),
			cmp.Compare(a.Place.Col, b.Place.Col),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Path, b.Path),
			cmp.Compare(a.Message, b.Message),
		)
	})
	// What a template gets wrong is wrong in every entry made from it, at one place: one finding is enough.
	type key struct {
		code, message string
		place         Place
	}
	seen := map[key]bool{}
	return slices.DeleteFunc(fs, func(f Finding) bool {
		k := key{f.Code, f.Message, f.Place}
		if f.Place.Line == 0 {
			k.message += "\x00" + f.Path
		}
		dup := seen[k]
		seen[k] = true
		return dup
	})
}
