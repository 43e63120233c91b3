// Package track is the detector kind that follows things from picture to picture: it gives the boxes of another detector
// identities, and says of them what one picture cannot tell: who crosses a line, who comes into a zone and how long one
// stays, what stands still.
//
//	detectors: people: {fps: 10, hog: {}}
//	detectors: walkers: {fps: 10, needs: ["people.boxes"], track: {lines: door: {from: [0.5, 0], to: [0.5, 1]}}}
//	events: entered: when: {signal: "walkers.door_left", gte: 1}
//
// All is in seconds and in fractions of the picture, so that it means the same at any rate and size. The package starts no
// goroutine and reads no clock.
package track

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the track detector.
func Kind() node.Kind {
	return node.Detector(node.Contract{
		Name: "track",
		Doc: "follows the boxes of a detector that it needs: identities, crossings of lines, stays in zones, what stands still. Run it " +
			"at the rate of that detector: below about 5 looks a second people are lost in a crowd",
		Options: optionsCUE,
		Changes: map[string]node.Change{
			"high": node.Retune, "keep": node.Retune, "margin": node.Retune, "settle": node.Retune, "still": node.Retune,
			"lines": node.Replace, "lines.*": node.Retune, "zones": node.Replace, // names of lines and zones are signals
		},
		Zones: "zones",
		Emits: emits,
		Cost:  cost,
	}, open)
}

// cost is one run with twenty boxes and twenty tracks, rounded up.
const cost = 200 * time.Microsecond

// Options are what stands under the kind's key. Nil and zero stand for the defaults.
type Options struct {
	High   *float64        `json:"high"` // score, 0 to 1
	Keep   node.Duration   `json:"keep"`
	Lines  map[string]Line `json:"lines"`
	Margin *float64        `json:"margin"` // fraction of the picture's height
	Zones  []string        `json:"zones"`
	Settle *node.Duration  `json:"settle"`
	Still  node.Duration   `json:"still"`
}

// Line is a line across the picture, in fractions of its width and height.
type Line struct {
	From [2]float64 `json:"from"`
	To   [2]float64 `json:"to"`
}

// moved is the part of its height by which a thing must move to have moved: a box trembles by about a tenth of it.
const moved = 0.2

func (o *Options) complete() error {
	def := func(p **float64, v float64) {
		if *p == nil {
			*p = &v
		}
	}
	def(&o.High, 0.5)
	def(&o.Margin, 0.015)
	if o.Keep == 0 {
		o.Keep = node.Duration(time.Second)
	}
	if o.Still == 0 {
		o.Still = node.Duration(10 * time.Second)
	}
	if o.Settle == nil {
		d := node.Duration(200 * time.Millisecond)
		o.Settle = &d
	}
	id := regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(o.Lines)) {
		l := o.Lines[name]
		if !id.MatchString(name) {
			errs = append(errs, fmt.Errorf("line %q: a name is lower case letters, digits and _, at most 40, a letter first", name))
		}
		if l.From == l.To {
			errs = append(errs, fmt.Errorf("line %q: its ends are one point", name))
		}
	}
	for i, z := range o.Zones {
		if slices.Contains(o.Zones[:i], z) {
			errs = append(errs, fmt.Errorf("zone %q is there twice", z))
		}
	}
	return errors.Join(errs...)
}

// signals are those of lines and zones.
func (o *Options) signals() []node.Emit {
	var out []node.Emit
	for _, name := range slices.Sorted(maps.Keys(o.Lines)) {
		out = append(out,
			node.Emit{Name: name + "_left", Type: signal.TypeInt, Min: 0, Max: maxTracks, Doc: "how many have crossed the line " + name + " to its left with this picture"},
			node.Emit{Name: name + "_right", Type: signal.TypeInt, Min: 0, Max: maxTracks, Doc: "how many have crossed the line " + name + " to its right with this picture"},
		)
	}
	for _, z := range o.Zones {
		out = append(out,
			node.Emit{Name: z + "_count", Type: signal.TypeInt, Min: 0, Max: maxTracks, Doc: "how many are in the zone " + z},
			node.Emit{Name: z + "_dwell", Type: signal.TypeFloat, Doc: "for how many seconds the one that has been longest in the zone " + z + " has been there, 0 when none is"},
			node.Emit{Name: z + "_enter", Type: signal.TypeInt, Min: 0, Max: maxTracks, Doc: "how many have come into the zone " + z + " with this picture"},
			node.Emit{Name: z + "_exit", Type: signal.TypeInt, Min: 0, Max: maxTracks, Doc: "how many have left the zone " + z + " with this picture"},
		)
	}
	return out
}

// emits refuses what complete does, so that vet finds it too.
func emits(raw json.RawMessage) ([]node.Emit, error) {
	var o Options
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, fmt.Errorf("options: %w", err)
		}
	}
	if err := o.complete(); err != nil {
		return nil, err
	}
	return append([]node.Emit{
		{Name: "boxes", Type: signal.TypeBoxes, Doc: "what is seen and followed, each with its identity in track; the score is the median over its last looks"},
		{Name: "count", Type: signal.TypeInt, Min: 0, Max: maxTracks, Doc: "how many things are seen and followed"},
		{Name: "stationary", Type: signal.TypeInt, Min: 0, Max: maxTracks, Doc: "how many of them stand still"},
	}, o.signals()...), nil
}

func open(_ context.Context, _ node.DetectorEnv, o Options) (node.Model, error) {
	t, err := node.NewTuned(o, func(o Options) (Options, error) {
		err := o.complete()
		return o, err
	})
	return &shared{t}, err
}

type shared struct{ *node.Tuned[Options, Options] }

// NewInstance implements node.Model.
func (m *shared) NewInstance(_ context.Context, env node.InstanceEnv) (node.Instance, error) {
	for _, z := range m.Now().Zones {
		if _, ok := env.Zones[z]; !ok {
			return nil, fmt.Errorf("track: camera %s has no zone %q: draw it, or take it out of zones", env.Camera, z)
		}
	}
	return &instance{m: m, zones: env.Zones}, nil
}

// Close implements node.Model.
func (*shared) Close() error { return nil }

// instance follows things on one camera.
type instance struct {
	m      *shared
	o      *Options // of the present run
	zones  map[string]signal.Polygon
	t      tracker
	lines  []line
	aspect float64 // of the present picture
}

// Detect implements node.Instance.
func (i *instance) Detect(_ context.Context, run *node.Run) error {
	if len(run.Frames) == 0 {
		return errors.New("track: run without a picture")
	}
	var boxes []signal.Box
	found := false
	for _, in := range run.Inputs {
		if in.Value.Type() == signal.TypeBoxes {
			boxes, found = append(boxes, in.Value.AsBoxes()...), true
		}
	}
	if !found {
		return errors.New("track: none of the signals it needs is of type boxes: say needs: [\"detector.boxes\"]")
	}
	f := run.Frames[len(run.Frames)-1]
	i.prepare(i.m.Now(), float64(f.Width)/float64(f.Height))
	seen := i.t.step(boxes, f.Capture, i.aspect)

	out := make([]signal.Box, 0, len(seen))
	still := 0
	for _, k := range seen {
		b := k.seen
		b.Track, b.Score = k.id, k.score()
		out = append(out, b)
		if f.Capture.Sub(k.since) >= i.t.still {
			still++
		}
	}
	run.Set("boxes", signal.Boxes(out))
	run.Set("count", signal.Int(int64(len(out))))
	run.Set("stationary", signal.Int(int64(still)))
	for n := range i.lines {
		var crossed [3]int64
		for _, k := range seen {
			crossed[i.lines[n].cross(k, i.aspect)]++
		}
		run.Set(i.lines[n].name+"_left", signal.Int(crossed[sideLeft]))
		run.Set(i.lines[n].name+"_right", signal.Int(crossed[sideRight]))
	}
	for _, z := range i.o.Zones {
		i.zone(run, z, seen)
	}
	return nil
}

// prepare makes what the run goes by, for a picture of an aspect. On which side of a line a thing was means nothing when the line
// is another.
func (i *instance) prepare(o *Options, aspect float64) {
	if i.o == o && i.aspect == aspect {
		return
	}
	i.o, i.aspect = o, aspect
	i.t.high, i.t.keep, i.t.moved, i.t.still = *o.High, o.Keep.D(), moved, o.Still.D()
	old := i.lines
	i.lines = make([]line, 0, len(o.Lines))
	for n, name := range slices.Sorted(maps.Keys(o.Lines)) {
		l := o.Lines[name]
		made := line{
			name: name, from: point{l.From[0] * aspect, l.From[1]}, to: point{l.To[0] * aspect, l.To[1]}, margin: *o.Margin,
		}
		i.lines = append(i.lines, made)
		if n < len(old) && (old[n].from != made.from || old[n].to != made.to) {
			i.t.forget(name)
		}
	}
}

// zone sets the signals of one zone. Things that are hidden for the moment stay where they were.
func (i *instance) zone(run *node.Run, name string, seen []*track) {
	now := i.t.last
	var entered, left, inside int64
	dwell := 0.0
	for _, k := range seen {
		in, out := k.visit(name, i.zones[name], now, time.Duration(*i.o.Settle))
		if in {
			entered++
		}
		if out {
			left++
		}
	}
	for _, k := range i.t.tracks {
		if s := k.zones[name]; s.inside {
			inside++
			dwell = max(dwell, now.Sub(s.since).Seconds())
		}
	}
	run.Set(name+"_count", signal.Int(inside))
	run.Set(name+"_dwell", signal.Float(dwell))
	run.Set(name+"_enter", signal.Int(entered))
	run.Set(name+"_exit", signal.Int(left))
}

// Close implements node.Instance.
func (*instance) Close() error { return nil }
