package schema

import (
	"bytes"
	"encoding/json"
)

// Pipeline is a pipeline as it was written. Optional fields that are not given are nil or empty: defaults are the
// compiler's. Durations and sizes are texts for ParseDuration and ParseBytes.
type Pipeline struct {
	APIVersion string              `json:"apiVersion"`
	Engine     *Engine             `json:"engine,omitempty"`
	Cameras    map[string]Camera   `json:"cameras"`
	Detectors  map[string]Detector `json:"detectors,omitempty"`
	Events     map[string]Event    `json:"events,omitempty"`
	Evidence   map[string]Evidence `json:"evidence,omitempty"`
	Sinks      map[string]Sink     `json:"sinks,omitempty"`
	Tests      map[string]Test     `json:"tests,omitempty"`
}

// Kinds is what stands under the kind keys of a node: the options of each, by kind name. A valid node has one.
type Kinds map[string]json.RawMessage

// Engine bounds what the pipeline may use.
type Engine struct {
	Cores      *int    `json:"cores,omitempty"`
	RingMemory *string `json:"ringMemory,omitempty"`
	Reserve    *int    `json:"reserve,omitempty"`
	Memory     *string `json:"memory,omitempty"`
	// Lint is the level of findings by code: "off", "info", "warning" or "error".
	Lint map[string]string `json:"lint,omitempty"`
}

// Camera is a camera node.
type Camera struct {
	Kinds  Kinds    `json:"-"`
	FPS    *float64 `json:"fps,omitempty"`
	Width  *int     `json:"width,omitempty"`
	Height *int     `json:"height,omitempty"`
	Ring   *string  `json:"ring,omitempty"`
	Pace   *string  `json:"pace,omitempty"`
	Loop   *bool    `json:"loop,omitempty"`
	Freeze *string  `json:"freezeAfter,omitempty"`
	Prio   *string  `json:"priority,omitempty"`
	// Zones and Masks are polygons by name, of corners that are x and y.
	Zones   map[string][][]float64 `json:"zones,omitempty"`
	Masks   map[string][][]float64 `json:"masks,omitempty"`
	Labels  map[string]string      `json:"labels,omitempty"`
	Enabled *bool                  `json:"enabled,omitempty"`
}

// Detector is a detector node.
type Detector struct {
	Kinds     Kinds             `json:"-"`
	FPS       *float64          `json:"fps"`
	MinFPS    *float64          `json:"minFps,omitempty"`
	Cost      *string           `json:"cost,omitempty"`
	CostClass *string           `json:"costClass,omitempty"`
	Threads   *int              `json:"threads,omitempty"`
	Timeout   *string           `json:"timeout,omitempty"`
	Frame     *string           `json:"frame,omitempty"`
	MaxAge    *string           `json:"maxAge,omitempty"`
	Needs     []string          `json:"needs,omitempty"`
	When      *Cond             `json:"when,omitempty"`
	Emits     map[string]Signal `json:"emits,omitempty"`
	Cameras   *[]string         `json:"cameras,omitempty"`
	On        map[string]On     `json:"on,omitempty"`
	Priority  *string           `json:"priority,omitempty"`
	Load      *string           `json:"load,omitempty"`
	Isolate   *string           `json:"isolate,omitempty"`
	Enabled   *bool             `json:"enabled,omitempty"`
}

// On is what is different about a detector on one camera.
type On struct {
	FPS      *float64 `json:"fps,omitempty"`
	MinFPS   *float64 `json:"minFps,omitempty"`
	Cost     *string  `json:"cost,omitempty"`
	Timeout  *string  `json:"timeout,omitempty"`
	MaxAge   *string  `json:"maxAge,omitempty"`
	Priority *string  `json:"priority,omitempty"`
	Enabled  *bool    `json:"enabled,omitempty"`
}

// Signal is a change to one signal of a detector. Ref is what the schema fills in; a document that was loaded has none.
type Signal struct {
	TTL *string `json:"ttl,omitempty"`
	Ref *string `json:"ref,omitempty"`
}

// Cond is a condition node. Lists are nil when they are not given and empty when they are given empty.
type Cond struct {
	All      *[]Cond          `json:"all,omitempty"`
	Any      *[]Cond          `json:"any,omitempty"`
	AtLeast  *AtLeast         `json:"atLeast,omitempty"`
	Sequence *Sequence        `json:"sequence,omitempty"`
	Not      *Cond            `json:"not,omitempty"`
	Signal   *string          `json:"signal,omitempty"`
	Absent   *string          `json:"absent,omitempty"`
	Camera   *string          `json:"camera,omitempty"`
	Expr     *string          `json:"expr,omitempty"`
	Eq       *json.RawMessage `json:"eq,omitempty"`
	Ne       *json.RawMessage `json:"ne,omitempty"`
	Gt       *float64         `json:"gt,omitempty"`
	Gte      *float64         `json:"gte,omitempty"`
	Lt       *float64         `json:"lt,omitempty"`
	Lte      *float64         `json:"lte,omitempty"`
	In       *[]string        `json:"in,omitempty"`
	Label    *string          `json:"label,omitempty"`
	Labels   *[]string        `json:"labels,omitempty"`
	MinScore *float64         `json:"minScore,omitempty"`
	MaxScore *float64         `json:"maxScore,omitempty"`
	MinArea  *float64         `json:"minArea,omitempty"`
	MaxArea  *float64         `json:"maxArea,omitempty"`
	MinRatio *float64         `json:"minRatio,omitempty"`
	MaxRatio *float64         `json:"maxRatio,omitempty"`
	Zone     *string          `json:"zone,omitempty"`
	Zones    *[]string        `json:"zones,omitempty"`
	Outside  *[]string        `json:"outside,omitempty"`
	Anchor   *string          `json:"anchor,omitempty"`
	For      *string          `json:"for,omitempty"`
	Within   *string          `json:"within,omitempty"`
	Unknown  *string          `json:"unknown,omitempty"`
}

// AtLeast is so many parts out of several.
type AtLeast struct {
	N  *int    `json:"n"`
	Of *[]Cond `json:"of"`
}

// Sequence is parts that become yes one after the other.
type Sequence struct {
	Of     *[]Cond `json:"of"`
	Within *string `json:"within"`
}

// Event is an event node.
type Event struct {
	When         *Cond             `json:"when"`
	Cameras      *[]string         `json:"cameras,omitempty"`
	Scope        *string           `json:"scope,omitempty"`
	During       *During           `json:"during,omitempty"`
	DecideWithin *string           `json:"decideWithin,omitempty"`
	Hold         *string           `json:"hold,omitempty"`
	Grace        *string           `json:"grace,omitempty"`
	UnknownGrace *string           `json:"unknownGrace,omitempty"`
	Cooldown     *string           `json:"cooldown,omitempty"`
	MaxDuration  *string           `json:"maxDuration,omitempty"`
	Severity     *string           `json:"severity,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	Updates      *string           `json:"updates,omitempty"`
	Evidence     *string           `json:"evidence,omitempty"`
	Sinks        *[]string         `json:"sinks,omitempty"`
	Enabled      *bool             `json:"enabled,omitempty"`
}

// During is weekly hours.
type During struct {
	Hours    *[]string `json:"hours"`
	TimeZone *string   `json:"timezone"`
}

// Evidence is an evidence node.
type Evidence struct {
	Pre      *string  `json:"pre,omitempty"`
	Post     *string  `json:"post,omitempty"`
	FPS      *float64 `json:"fps,omitempty"`
	Quality  *int     `json:"quality,omitempty"`
	Dir      *string  `json:"dir,omitempty"`
	Keep     *string  `json:"keep,omitempty"`
	MaxBytes *string  `json:"maxBytes,omitempty"`
	MinFree  *string  `json:"minFree,omitempty"`
}

// Sink is a sink node.
type Sink struct {
	Kinds Kinds `json:"-"`
	Queue *int  `json:"queue,omitempty"`
}

// UnmarshalJSON reads the node and puts every key that is no field of every camera into Kinds.
func (c *Camera) UnmarshalJSON(data []byte) error {
	type plain Camera
	return unmarshalNode(data, (*plain)(c), &c.Kinds)
}

// UnmarshalJSON reads the node and puts every key that is no field of every detector into Kinds.
func (d *Detector) UnmarshalJSON(data []byte) error {
	type plain Detector
	return unmarshalNode(data, (*plain)(d), &d.Kinds)
}

// UnmarshalJSON reads the node and puts every key that is no field of every sink into Kinds.
func (s *Sink) UnmarshalJSON(data []byte) error {
	type plain Sink
	return unmarshalNode(data, (*plain)(s), &s.Kinds)
}

// unmarshalNode decodes data into node, a struct without methods, and what node has no field for into kinds.
func unmarshalNode(data []byte, node any, kinds *Kinds) error {
	if err := json.Unmarshal(data, node); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	for _, name := range Fields(node) {
		delete(all, name)
	}
	*kinds = nil
	for name, options := range all {
		if *kinds == nil {
			*kinds = Kinds{}
		}
		(*kinds)[name] = bytes.Clone(options)
	}
	return nil
}
