package trace

import (
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/sched"
	"rvo.dev/engine/tick"
)

const (
	// settled is how long after the last thing that happened to a picture its trace is told.
	settled = 2 * time.Second
	// longest is how long a run is waited for; a trace is told without what takes longer.
	longest = time.Minute
	// maxPictures bounds the pictures whose traces are not over.
	maxPictures = 1 << 16
	// maxKept bounds what is remembered of traces that were told: the events whose clips are not written, and the pictures
	// that later events may rest on.
	maxKept = 4096
)

// key is a picture.
type key struct {
	camera string
	seq    uint64
}

// picture is what is known of one.
type picture struct {
	key
	capture, taken, last tick.Time
	runs                 []*run
	open                 int // runs that are not over
	events               []*decided
}

// run is a detector's run on a picture.
type run struct {
	of           *picture
	detector     string
	job          uint64
	instance     int
	began, ended tick.Time
	outcome      sched.Outcome
	over         bool
	why          *node.Failure
	text         string
	signals      []string
}

// decided is an event that rests on a picture.
type decided struct {
	*happened
	event string
}

// builder makes pictures of notes. One goroutine uses it.
type builder struct {
	make     *maker
	sample   float64
	g        *graph.Graph
	now      tick.Time
	offset   int64
	arrived  map[string][]arrival // by camera, the last pictures that the core took
	pictures map[key]*picture
	runs     map[uint64]*run // by job, those that are not over
	last     map[int]*run    // by instance, what ended in this turn
	told     kept[key, struct{}]
	clips    kept[string, place] // by occurrence
}

// arrival is a picture that the core took.
type arrival struct {
	seq            uint64
	capture, taken tick.Time
}

func newBuilder(o Options) *builder {
	return &builder{
		make: newMaker(o), sample: o.Sample, arrived: map[string][]arrival{}, pictures: map[key]*picture{}, runs: map[uint64]*run{},
		last: map[int]*run{}, told: kept[key, struct{}]{}, clips: kept[string, place]{},
	}
}

// take reads notes in the order in which they were made.
func (b *builder) take(notes []note) {
	for i := range notes {
		b.note(&notes[i])
	}
}

func (b *builder) note(n *note) {
	switch n.kind {
	case noteTurn:
		b.g, b.now = n.g, n.now
		clear(b.last)
	case noteWall:
		b.offset = n.offset
	case noteFrame:
		c := b.g.CameraID(n.index)
		b.arrived[c] = append(b.arrived[c], arrival{n.seq, n.capture, n.now})
		if len(b.arrived[c]) > 64 {
			b.arrived[c] = append(b.arrived[c][:0], b.arrived[c][32:]...)
		}
	case noteRun:
		b.begin(n)
	case noteFailed:
		if r := b.runs[n.job]; r != nil {
			r.why, r.text = n.why, n.text
		}
	case noteEnd:
		b.end(n, n.outcome)
	case noteGiveUp:
		b.end(n, sched.OutcomeTimeout)
	case noteSignal:
		cell := &b.g.Cells[n.index]
		if r := b.last[cell.Instance]; r != nil {
			r.signals = append(r.signals, cell.Signal)
		}
	case noteEvent:
		b.event(n)
	case noteClip:
		b.make.clip(n, &b.clips)
	}
}

func (b *builder) begin(n *note) {
	in := &b.g.Instances[n.index]
	if n.seq == 0 {
		return // on no picture
	}
	p := b.picture(b.g.CameraID(in.Camera), n.seq, 0)
	if p == nil {
		return
	}
	r := &run{of: p, detector: b.g.Detectors[in.Detector].ID, job: n.job, instance: n.index, began: n.now}
	p.runs, p.last = append(p.runs, r), n.now
	p.open++
	b.runs[n.job] = r
}

func (b *builder) end(n *note, outcome sched.Outcome) {
	r := b.runs[n.job]
	if r == nil {
		return
	}
	delete(b.runs, n.job)
	r.ended, r.outcome, r.over = n.now, outcome, true
	r.of.open--
	r.of.last = n.now
	b.last[r.instance] = r
}

func (b *builder) event(n *note) {
	m := &b.g.Machines[n.index]
	camera := n.event.camera
	if camera == graph.AllCameras {
		camera = m.Camera
	}
	p := b.picture(b.g.CameraID(camera), n.event.frame, n.capture)
	if p == nil {
		return
	}
	p.last = n.now
	p.events = append(p.events, &decided{n.event, b.g.Events[m.Event].ID})
	b.clips.put(n.event.occurrence, b.make.event(p.key, n.event.occurrence, wall(n.event.at.At, b.offset))) // a clip may be told of before
}

// picture returns a picture that has a trace to come, nil when there are too many. Of one that is not known the capture is.
func (b *builder) picture(camera string, seq uint64, capture tick.Time) *picture {
	k := key{camera, seq}
	if p := b.pictures[k]; p != nil {
		return p
	}
	if len(b.pictures) >= maxPictures {
		return nil
	}
	p := &picture{key: k, capture: capture, taken: capture, last: b.now}
	for _, a := range b.arrived[camera] {
		if a.seq == seq {
			p.capture, p.taken = a.capture, a.taken
		}
	}
	if p.capture == 0 {
		p.capture, p.taken = b.now, b.now
	}
	b.pictures[k] = p
	return p
}

// spans returns those of the pictures whose traces are over, and forgets them.
func (b *builder) spans(all bool) []sdk.ReadOnlySpan {
	for k, p := range b.pictures {
		age := b.now.Sub(p.last)
		if !all && age < settled || !all && p.open > 0 && age < longest {
			continue
		}
		delete(b.pictures, k)
		id := b.make.trace(k)
		if len(p.events) == 0 && !sampled(id, b.sample) {
			continue
		}
		b.make.picture(p, b.offset, b.told.has(k))
		b.told.put(k, struct{}{})
	}
	if b.g != nil {
		b.forget()
	}
	return b.make.take()
}

// forget drops the runs that nobody waits for any more: their pictures were told.
func (b *builder) forget() {
	for job, r := range b.runs {
		if b.now.Sub(r.began) > 2*longest {
			delete(b.runs, job)
		}
	}
}
