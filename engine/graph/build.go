package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
)

// Build checks a spec against the kinds and returns its graph, or an error that joins all that is wrong. The spec is
// not kept.
func Build(spec *Spec, kinds *node.Set) (*Graph, error) {
	b := &builder{spec: spec, kinds: kinds, g: &Graph{
		Name: spec.Name, Dir: spec.Dir, Revision: spec.Revision,
		Cores: spec.Engine.Cores, RingMemory: spec.Engine.RingMemory, Reserve: spec.Engine.Reserve,
		Memory: spec.Engine.Memory,
	}}
	if b.g.RingMemory == 0 {
		b.g.RingMemory = DefaultRingMemory
		if b.g.Memory > 0 {
			b.g.RingMemory = min(DefaultRingMemory, b.g.Memory/2)
		}
	}
	if b.g.Memory < 0 || b.g.Memory > 0 && b.g.RingMemory > b.g.Memory {
		b.fail("engine: ringMemory %d is above memory %d, which it is a part of: lower it, or raise memory", b.g.RingMemory, b.g.Memory)
	}
	if r, c := b.g.Reserve, b.g.Cores; r < 0 || c > 0 && r >= c {
		b.fail("engine: reserve %d of %d cores: must leave at least one for what is not critical", r, c)
	}
	b.ids()
	b.cameras()
	b.detectors()
	if len(b.errs) == 0 { // what follows points at cameras and detectors
		b.cells()
		b.instances()
		b.cycle()
		b.priorities()
		b.evidence()
		b.sinks()
		b.events()
		b.rings()
	}
	if len(b.errs) > 0 {
		return nil, errors.Join(b.errs...)
	}
	b.fit()
	return b.g, nil
}

// fit gives the lists that grow with the cameras their final size: a graph stays, and a list that was appended to may have a
// quarter of room that nothing will ever be in.
func (b *builder) fit() {
	g := b.g
	g.Cameras, g.Cells, g.Instances, g.Machines = slices.Clone(g.Cameras), slices.Clone(g.Cells), slices.Clone(g.Instances), slices.Clone(g.Machines)
}

type builder struct {
	spec  *Spec
	kinds *node.Set
	g     *Graph
	errs  []error

	cell map[cellKey]int
	// known holds every detector of the spec by id, disabled ones too: their signals exist and are never seen.
	known map[string]*Detector
}

type cellKey struct {
	camera int
	signal string
}

func (b *builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}

// ids refuses names that could not stand in a path, a metric label or a signal's name, and two of one kind alike.
func (b *builder) ids() {
	re := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	check := func(what string, ids []string) {
		seen := map[string]bool{}
		for _, id := range ids {
			switch {
			case !re.MatchString(id) || len(id) > 63:
				b.fail("%s %q: an id is at most 63 lower case letters, digits and _, beginning with a letter", what, id)
			case seen[id]:
				b.fail("%s %q is there twice", what, id)
			}
			seen[id] = true
		}
	}
	s := b.spec
	check("camera", idsOf(s.Cameras, func(c CameraSpec) string { return c.ID }))
	check("detector", idsOf(s.Detectors, func(d DetectorSpec) string { return d.ID }))
	check("event", idsOf(s.Events, func(e EventSpec) string { return e.ID }))
	check("evidence", idsOf(s.Evidence, func(e EvidenceSpec) string { return e.ID }))
	check("sink", idsOf(s.Sinks, func(k SinkSpec) string { return k.ID }))
	for _, d := range s.Detectors {
		if d.ID == CameraSignals {
			b.fail("detector %q: the name is reserved for the camera's own signals: choose another", d.ID)
		}
	}
}

func idsOf[T any](list []T, id func(T) string) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = id(v)
	}
	return out
}

func (b *builder) kind(r node.Role, id, name string, options json.RawMessage) *node.Kind {
	k, ok := b.kinds.Kind(r, name)
	if !ok {
		b.fail("%s %q: there is no kind %q", r, id, name)
		return nil
	}
	if err := k.Check(options); err != nil {
		b.fail("%s %q: %s %w", r, id, name, err)
		return nil
	}
	return k
}

func (b *builder) cameras() {
	live, lockstep := 0, 0
	for _, c := range b.spec.Cameras {
		k := b.kind(node.RoleCamera, c.ID, c.Kind, c.Options)
		if k == nil {
			continue
		}
		b.zones(&c)
		if c.FPS < 0 || c.Width < 0 || c.Height < 0 || c.Ring < 0 || c.FreezeAfter < 0 {
			b.fail("camera %q: fps, width, height, ring and freezeAfter must not be negative", c.ID)
		}
		if !c.Enabled {
			b.g.Disabled = append(b.g.Disabled, "camera/"+c.ID)
			continue
		}
		if c.Pace == PaceLockstep {
			lockstep++
			if k.Contract.Live {
				b.fail("camera %q: %s cannot wait, so it cannot run in lockstep: use pace \"live\"", c.ID, c.Kind)
			}
		} else {
			live++
		}
		b.g.Cameras = append(b.g.Cameras, Camera{CameraSpec: c, Kind: k})
	}
	if live > 0 && lockstep > 0 {
		b.fail("%d cameras run live and %d in lockstep: give all cameras the same pace", live, lockstep)
	}
	b.g.Lockstep = lockstep > 0
	if len(b.g.Cameras) == 0 && len(b.errs) == 0 {
		b.fail("the pipeline has no camera that is enabled")
	}
}

func (b *builder) detectors() {
	b.known = map[string]*Detector{}
	for _, d := range b.spec.Detectors {
		k := b.kind(node.RoleDetector, d.ID, d.Kind, d.Options)
		if k == nil {
			continue
		}
		emits, err := k.Contract.Emits(d.Options)
		if err != nil {
			b.fail("detector %q: %w", d.ID, err)
			continue
		}
		if d.Load == LoadAdaptive && d.MinFPS == 0 {
			d.MinFPS = d.FPS / 10
		}
		if !b.rates(&d) {
			continue
		}
		for name, ttl := range d.TTL {
			if !slices.ContainsFunc(emits, func(e node.Emit) bool { return e.Name == name }) {
				b.fail("detector %q: emits.%s: the kind %s gives no such signal", d.ID, name, d.Kind)
			}
			if ttl <= 0 {
				b.fail("detector %q: emits.%s.ttl %v must be above 0", d.ID, name, ttl)
			}
		}
		t := tuning(&d, k)
		det := &Detector{
			DetectorSpec: d, Kind: k, Emits: emits, Cost: t.Cost, Class: t.Class, Threads: t.Threads,
			Timeout: t.Timeout, Period: t.Period, Slowest: t.Slowest, Priority: d.Priority,
		}
		b.known[d.ID] = det
	}
}

// rates refuses numbers that a detector cannot run by, on any of its cameras.
func (b *builder) rates(d *DetectorSpec) bool {
	before := len(b.errs)
	check := func(what string, d *DetectorSpec) {
		switch {
		case !(d.FPS > 0 && d.FPS <= 1000):
			b.fail("%s: fps %v must be above 0 and at most 1000", what, d.FPS)
		case d.MinFPS < 0 || d.MinFPS > d.FPS:
			b.fail("%s: minFps %v must not be above fps %v: lower it, or raise fps", what, d.MinFPS, d.FPS)
		case d.Cost < 0 || d.Timeout < 0 || d.MaxAge < 0 || d.Threads < 0:
			b.fail("%s: cost, timeout, maxAge and threads must not be negative", what)
		}
	}
	check(fmt.Sprintf("detector %q", d.ID), d)
	for _, camera := range slices.Sorted(maps.Keys(d.On)) {
		what := fmt.Sprintf("detector %q on camera %q", d.ID, camera)
		switch {
		case !b.hasCamera(camera):
			b.fail("%s: there is no such camera", what)
		case len(d.Cameras) > 0 && !slices.Contains(d.Cameras, camera):
			b.fail("%s: it does not run there: add the camera to its cameras", what)
		default:
			at, _ := d.At(camera)
			check(what, &at)
		}
	}
	return len(b.errs) == before
}

// ClassOf returns the cost class of a run's expected time.
func ClassOf(cost time.Duration) CostClass {
	switch {
	case cost <= 5*time.Millisecond:
		return CostLow
	case cost <= 30*time.Millisecond:
		return CostMedium
	}
	return CostHigh
}

// cells makes one cell for each signal on each camera. A detector that is disabled or does not run on a camera has
// cells there that nothing writes: what reads them is unknown for ever, which is what is known.
func (b *builder) cells() {
	b.cell = map[cellKey]int{}
	for ci := range b.g.Cameras {
		for i, e := range CameraEmits() {
			key := cellKey{ci, CameraSignals + "." + e.Name}
			b.cell[key] = len(b.g.Cells)
			b.g.Cameras[ci].Own[i] = len(b.g.Cells)
			b.g.Cells = append(b.g.Cells, Cell{
				Camera: ci, Detector: CameraSignals, Signal: key.signal, Type: e.Type, TTL: e.TTL, Instance: -1, Own: true,
			})
		}
	}
	for _, spec := range b.spec.Detectors {
		d := b.known[spec.ID]
		for _, c := range d.Cameras {
			if !b.hasCamera(c) {
				b.fail("detector %q: there is no camera %q", d.ID, c)
			}
		}
		for ci := range b.g.Cameras {
			for _, e := range d.Emits {
				key := cellKey{ci, d.ID + "." + e.Name}
				b.cell[key] = len(b.g.Cells)
				b.g.Cells = append(b.g.Cells, Cell{
					Camera: ci, Detector: d.ID, Signal: key.signal, Type: e.Type, TTL: b.ttl(d, e, ci), Instance: -1,
				})
			}
		}
	}
}

func (b *builder) hasCamera(id string) bool {
	return slices.ContainsFunc(b.spec.Cameras, func(c CameraSpec) bool { return c.ID == id })
}

// ttl is how long a value is fresh: what the pipeline says, else the kind, else three periods and a cost (DESIGN 2).
func (b *builder) ttl(d *Detector, e node.Emit, camera int) time.Duration {
	if t, ok := d.TTL[e.Name]; ok {
		return t
	}
	if e.TTL > 0 {
		return e.TTL
	}
	at, _ := d.At(b.g.Cameras[camera].ID)
	return DefaultTTL(b.period(d, camera, map[string]bool{}), tuning(&at, d.Kind), d.Kind.Contract.Blocking)
}

// DefaultTTL is three periods and a cost: one late run and one lost run leave no gap. A blocking detector's cost is its
// timeout, for nothing better is known of the other side.
func DefaultTTL(period time.Duration, t Tuning, blocking bool) time.Duration {
	c := t.Cost
	if blocking {
		c = t.Timeout
	}
	return 3*period + c
}

// period is the time between two results at the lowest rate: the detector's own, the camera's and its producers'.
func (b *builder) period(d *Detector, camera int, seen map[string]bool) time.Duration {
	at, _ := d.At(b.g.Cameras[camera].ID)
	p := max(every(at.FPS), every(at.MinFPS))
	if !d.Kind.Contract.NoFrame {
		p = max(p, every(b.g.Cameras[camera].FPS))
	}
	seen[d.ID] = true
	for _, n := range d.Needs {
		id, _, _ := strings.Cut(n, ".")
		if up := b.known[id]; up != nil && !seen[id] {
			p = max(p, b.period(up, camera, seen))
		}
	}
	return p
}

func (b *builder) instances() {
	g := b.g
	index := map[[2]int]int{} // detector, camera -> instance
	for _, spec := range b.spec.Detectors {
		d := b.known[spec.ID]
		if !d.Enabled {
			b.g.Disabled = append(b.g.Disabled, "detector/"+d.ID)
			continue
		}
		di := len(g.Detectors)
		g.Detectors = append(g.Detectors, *d)
		for ci := range g.Cameras {
			at, runs := d.At(g.Cameras[ci].ID)
			if !runs {
				continue
			}
			in := Instance{
				Tuning: tuning(&at, d.Kind), Detector: di, Camera: ci, Seed: Seed(d.ID, g.Cameras[ci].ID),
				Blocking: d.Kind.Contract.BlockingWith(d.Options), NoFrame: d.Kind.Contract.NoFrame, External: d.Kind.Contract.External, NeedNames: d.Needs,
			}
			ii := len(g.Instances)
			for _, e := range d.Emits {
				c := b.cell[cellKey{ci, d.ID + "." + e.Name}]
				g.Cells[c].Instance = ii
				in.Outputs = append(in.Outputs, c)
			}
			index[[2]int{di, ci}] = ii
			g.Detectors[di].Instances = append(g.Detectors[di].Instances, ii)
			g.Cameras[ci].Instances = append(g.Cameras[ci].Instances, ii)
			g.Instances = append(g.Instances, in)
		}
	}
	for ii := range g.Instances {
		b.wire(ii)
	}
}

// wire resolves what one instance needs and its gate.
func (b *builder) wire(ii int) {
	g := b.g
	in := &g.Instances[ii]
	d := &g.Detectors[in.Detector]
	for _, n := range d.Needs {
		c, ok := b.cell[cellKey{in.Camera, n}]
		if !ok {
			b.fail("detector %q needs %q: there is no such signal", d.ID, n)
			continue
		}
		if g.Cells[c].Detector == d.ID {
			b.fail("detector %q needs its own signal %q", d.ID, n)
			continue
		}
		in.Needs = append(in.Needs, c)
		p := g.Cells[c].Instance
		if p < 0 {
			b.fail("detector %q needs %q, whose detector does not run on camera %q", d.ID, n, g.Cameras[in.Camera].ID)
			continue
		}
		if !g.Instances[p].External && !slices.Contains(in.Producers, p) { // else its camera's pictures are its clock
			in.Producers = append(in.Producers, p)
			g.Instances[p].Consumers = append(g.Instances[p].Consumers, ii)
		}
	}
	if d.When == nil {
		return
	}
	p, err := event.Compile(d.When, b.resolver(in.Camera))
	if err != nil {
		b.fail("detector %q: when: %w", d.ID, err)
		return
	}
	in.Gate = p
}

// upstream returns the detectors that d waits for, by needs and by its gate.
func (b *builder) upstream(d *Detector) []string {
	var out []string
	add := func(sig string) {
		id, _, _ := strings.Cut(sig, ".")
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	for _, n := range d.Needs {
		add(n)
	}
	if d.When != nil {
		for _, l := range d.When.Signals() {
			add(l.Signal)
		}
	}
	return out
}

// cycle refuses detectors that wait for one another, told as a path.
func (b *builder) cycle() {
	const white, grey, black = 0, 1, 2
	colour := map[string]int{}
	var path []string
	var visit func(id string) bool
	visit = func(id string) bool {
		d := b.known[id]
		if d == nil || colour[id] == black {
			return false
		}
		path = append(path, id)
		if colour[id] == grey {
			from := slices.Index(path, id)
			b.fail("detectors wait for one another: %s", strings.Join(path[from:], " -> "))
			return true
		}
		colour[id] = grey
		if slices.ContainsFunc(b.upstream(d), visit) {
			return true
		}
		colour[id] = black
		path = path[:len(path)-1]
		return false
	}
	for _, d := range b.spec.Detectors {
		if visit(d.ID) {
			return
		}
	}
}

// priorities hands each instance's priority to what it waits for: a critical detector behind a low one is a low one.
func (b *builder) priorities() {
	if len(b.errs) > 0 {
		return // there may be a cycle
	}
	g := b.g
	for i := range g.Instances {
		in := &g.Instances[i]
		if p := g.Cameras[in.Camera].Priority; p != nil {
			moved := int(in.Priority) + int(*p) - int(Normal)
			in.Priority = Priority(min(max(moved, int(Low)), int(Critical)))
		}
	}
	var raise func(i int)
	raise = func(i int) {
		for _, up := range g.upstream(i) {
			if g.Instances[up].Priority < g.Instances[i].Priority {
				g.Instances[up].Priority = g.Instances[i].Priority
				raise(up)
			}
		}
	}
	for i := range g.Instances {
		raise(i)
	}
	for i := range g.Instances {
		d := &g.Detectors[g.Instances[i].Detector]
		d.Priority = max(d.Priority, g.Instances[i].Priority)
	}
}

// upstream returns the instances that an instance waits for: its producers and those whose signals its gate reads.
func (g *Graph) upstream(i int) []int {
	up := slices.Clone(g.Instances[i].Producers)
	if gate := g.Instances[i].Gate; gate != nil {
		for _, c := range gate.Cells() {
			if p := g.Cells[c].Instance; p >= 0 {
				up = append(up, p)
			}
		}
	}
	return up
}

func (b *builder) evidence() {
	for _, e := range b.spec.Evidence {
		if e.Pre < 0 || e.Post < 0 || e.FPS < 0 || e.Keep < 0 || e.MaxBytes < 0 || e.MinFree < 0 {
			b.fail("evidence %q: no value may be negative", e.ID)
		}
		if e.Quality < 1 || e.Quality > 100 {
			b.fail("evidence %q: quality %d must be from 1 to 100", e.ID, e.Quality)
		}
		if e.Dir == "" {
			e.Dir = "evidence"
		}
		if e.MinFree == 0 {
			e.MinFree = DefaultMinFree
		}
		b.g.Evidence = append(b.g.Evidence, e)
	}
}

func (b *builder) sinks() {
	for _, s := range b.spec.Sinks {
		k := b.kind(node.RoleSink, s.ID, s.Kind, s.Options)
		if k == nil {
			continue
		}
		if s.Queue < 0 {
			b.fail("sink %q: queue %d must not be negative", s.ID, s.Queue)
		}
		q := s.Queue
		if q == 0 {
			q = DefaultSinkQueue
		}
		b.g.Sinks = append(b.g.Sinks, Sink{SinkSpec: s, Kind: k, Queue: q})
	}
}

// Seed derives a number from ids: the same on every machine.
func Seed(ids ...string) uint64 {
	h := fnv.New64a()
	for _, s := range ids {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return h.Sum64()
}
