package schema

import "encoding/json"

// Test is a test of a pipeline: steps that give signals values on a virtual clock, and what must and must not come of
// them.
type Test struct {
	Description *string  `json:"description,omitempty"`
	Camera      *string  `json:"camera,omitempty"`
	Start       *string  `json:"start,omitempty"` // RFC 3339
	Length      *string  `json:"length,omitempty"`
	Tolerance   *string  `json:"tolerance,omitempty"`
	Only        *bool    `json:"only,omitempty"`
	Steps       []Step   `json:"steps"`
	Expect      []Expect `json:"expect,omitempty"`
	Forbid      []Forbid `json:"forbid,omitempty"`
}

// Step gives signals values from a time on, once or for a while. Set holds true or false, numbers and texts, by signal.
type Step struct {
	At     *string                    `json:"at,omitempty"`
	For    *string                    `json:"for,omitempty"`
	Every  *string                    `json:"every,omitempty"`
	Camera *string                    `json:"camera,omitempty"`
	Set    map[string]json.RawMessage `json:"set,omitempty"`
	Boxes  map[string][]Box           `json:"boxes,omitempty"`
}

// Box is a box of a step, in fractions of the picture.
type Box struct {
	X     *float64 `json:"x"`
	Y     *float64 `json:"y"`
	W     *float64 `json:"w"`
	H     *float64 `json:"h"`
	Score *float64 `json:"score,omitempty"`
	Label *string  `json:"label,omitempty"`
}

// Expect is a record or a state that has to come.
type Expect struct {
	Event     string  `json:"event"`
	Camera    *string `json:"camera,omitempty"`
	State     *string `json:"state,omitempty"`
	At        *string `json:"at,omitempty"`
	Tolerance *string `json:"tolerance,omitempty"`
	Reason    *string `json:"reason,omitempty"`
}

// Forbid is a record or a state that must not come within a span of the test.
type Forbid struct {
	Event  string  `json:"event"`
	Camera *string `json:"camera,omitempty"`
	State  *string `json:"state,omitempty"`
	From   *string `json:"from,omitempty"`
	To     *string `json:"to,omitempty"`
}
