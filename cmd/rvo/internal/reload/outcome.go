package reload

import (
	"bytes"
	"slices"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/dsl/plan"
	"rvo.dev/engine/graph"
)

// Result is how a reload ended.
type Result string

// The results.
const (
	Applied    Result = "applied"     // the new graph runs
	Unchanged  Result = "unchanged"   // what was read is what runs
	Rejected   Result = "rejected"    // it has errors or could not be prepared; nothing happened
	Superseded Result = "superseded"  // a newer edit came; nothing happened
	RolledBack Result = "rolled_back" // it ran, failed in its probation, and the one before runs again
	Planned    Result = "planned"     // it was only asked what would happen
)

// results are those that are counted.
func results() []Result { return []Result{Applied, Unchanged, Rejected, Superseded, RolledBack} }

// Trigger is what made a reload begin.
type Trigger string

// The triggers.
const (
	Changed Trigger = "file"   // files changed
	Asked   Trigger = "api"    // POST /api/v1/reload
	Signal  Trigger = "signal" // SIGHUP
	Edited  Trigger = "node"   // a node was edited over HTTP
)

// Outcome is one reload as it is told. It holds no credentials.
type Outcome struct {
	Result     Result    `json:"result"`
	Trigger    Trigger   `json:"trigger"`
	At         time.Time `json:"at"`
	Generation uint64    `json:"generation"` // that runs now
	Revision   string    `json:"revision"`   // of what was read; empty where it could not be
	// Findings are what vet says of it.
	Findings []dsl.Finding `json:"findings"`
	// Error is why the engine did not take it, or why it was rolled back; Node and Step say where.
	Error string `json:"error,omitempty"`
	Node  string `json:"node,omitempty"`
	Step  string `json:"step,omitempty"`
	// Counts and Changes are what the swap did; Changes at most MaxChanges of what is not kept.
	Counts  plan.Counts    `json:"counts"`
	Changes []graph.Change `json:"changes"`
	// Plan is what a swap would do, where only that was asked, and PlanText the same for people.
	Plan     *plan.Plan `json:"plan,omitempty"`
	PlanText string     `json:"plan_text,omitempty"`
	// Written is the file that an edit of a node was written to.
	Written string  `json:"written,omitempty"`
	Seconds Seconds `json:"seconds"`
}

// MaxChanges is how many changes an Outcome lists.
const MaxChanges = 256

// Seconds are the parts of a reload's time.
type Seconds struct {
	Wait    float64 `json:"wait"`    // from the file's change until it was looked at
	Read    float64 `json:"read"`    // reading and judging
	Prepare float64 `json:"prepare"` // opening what is new
	Commit  float64 `json:"commit"`  // in which the core took no input
	Total   float64 `json:"total"`
}

// swapped enters what a swap did.
func (o *Outcome) swapped(s *Swapped, nodes int) {
	o.Generation = s.Generation
	o.Seconds.Prepare, o.Seconds.Commit = s.Prepare.Seconds(), s.Commit.Seconds()
	o.changed(s.Changes, nodes)
}

// changed enters what changes: what is kept need not be named.
func (o *Outcome) changed(cs []graph.Change, nodes int) {
	o.Counts = plan.Counts{}
	o.Changes = []graph.Change{}
	for i := range cs {
		c := &cs[i]
		switch c.Action {
		case graph.Keep:
			continue
		case graph.Retune:
			o.Counts.Retune++
		case graph.Replace:
			o.Counts.Replace++
			if c.Exclusive {
				o.Counts.Exclusive++
			}
		case graph.Add:
			o.Counts.Add++
		case graph.Remove:
			o.Counts.Remove++
		}
		if len(o.Changes) < MaxChanges {
			o.Changes = append(o.Changes, *c)
		}
	}
	o.Counts.Keep = nodes - o.Counts.Add - o.Counts.Retune - o.Counts.Replace
	redactChanges(o.Changes)
}

// redactChanges hides credentials in the settings that differ.
func redactChanges(cs []graph.Change) {
	for i := range cs {
		cs[i].Fields = slices.Clone(cs[i].Fields)
		for j := range cs[i].Fields {
			f := &cs[i].Fields[j]
			f.Old, f.New = redactValue(f.Name, f.Old), redactValue(f.Name, f.New)
		}
	}
}

// redactValue hides credentials in a setting, as rvo plan does.
func redactValue(name string, v []byte) []byte {
	if v == nil {
		return nil
	}
	n := graph.Public([]graph.Node{{Fields: []graph.Field{{Name: name, Value: v}}}}, dsl.Redact, nil)
	return n[0].Fields[0].Value
}

// same reports whether two outcomes say the same of what was read.
func (o *Outcome) same(p *Outcome) bool {
	return p != nil && o.Result == p.Result && o.Revision == p.Revision && o.Error == p.Error && slices.EqualFunc(o.Findings, p.Findings, func(a, b dsl.Finding) bool {
		return a.Code == b.Code && a.Message == b.Message && a.Place == b.Place
	})
}

// text is a plan for people.
func text(p *plan.Plan) string {
	var b bytes.Buffer
	if err := p.Write(&b, plan.Text, plan.Usual); err != nil {
		return "" // a buffer takes everything
	}
	return b.String()
}
