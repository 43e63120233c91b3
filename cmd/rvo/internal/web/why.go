package web

import (
	"net/http"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine"
	"rvo.dev/engine/event"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
)

// maxWhy bounds the conditions of one answer.
const maxWhy = 200

// why tells what conditions say, part by part.
func why(e Engine) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		reasons := e.Reason(q.Get("event"), q.Get("camera"), maxWhy)
		out := api.Why{TimeMS: reasons.Wall.UnixMilli(), Machines: []api.Machine{}}
		if len(reasons.Machines) == 0 && (q.Has("event") || q.Has("camera")) {
			writeError(w, http.StatusNotFound, "", "no event of that id is watched on that camera")
			return
		}
		for i := range reasons.Machines {
			out.Machines = append(out.Machines, reasoned(&reasons, &reasons.Machines[i]))
		}
		writeJSON(w, http.StatusOK, out)
	}
}

func reasoned(r *engine.Reasoning, m *engine.Reasoned) api.Machine {
	v := &engine.View{Graph: r.Graph, Now: r.Now, Wall: r.Wall}
	ev := &r.Graph.Events[r.Graph.Machines[m.Machine].Event]
	b := treeBuilder{r: r, t: teller{v}, camera: r.Graph.Machines[m.Machine].Camera, leaves: m.Leaves, answers: m.Answers}
	return api.Machine{
		Event: b.t.event(m.Machine, &m.MachineLook), HoldMS: ms(ev.Hold), GraceMS: ms(ev.Grace), UnknownGraceMS: ms(ev.UnknownGrace),
		CooldownMS: ms(ev.Cooldown), Tree: b.tree(ev.When),
	}
}

// treeBuilder lays answers, which come in the order of the tree, over the condition as it was written.
type treeBuilder struct {
	r       *engine.Reasoning
	t       teller
	camera  int // of the machine
	leaves  []event.Leaf
	answers []event.Answer
}

func (b *treeBuilder) tree(c *event.Cond) *api.Tree {
	t := &api.Tree{Path: c.Path, Op: c.Op.String(), ForMS: ms(c.For), WithinMS: ms(c.Within), SpanMS: ms(c.Span), N: c.N}
	if len(b.answers) == 0 {
		return t // the program has no such part
	}
	t.Answer, b.answers = b.answers[0].String(), b.answers[1:]
	if c.Unknown != event.Unknown {
		t.Unknown = c.Unknown.String()
	}
	if c.Op == event.OpCompare || c.Op == event.OpAbsent {
		b.leaf(t, c)
	}
	for _, part := range c.Of {
		t.Of = append(t.Of, b.tree(part))
	}
	return t
}

func (b *treeBuilder) leaf(t *api.Tree, c *event.Cond) {
	if len(b.leaves) == 0 {
		return
	}
	l := b.leaves[0]
	b.leaves = b.leaves[1:]
	camera := b.camera
	if c.Camera != "" {
		camera = b.r.Graph.CameraIndex(c.Camera)
	}
	t.Signal, t.Test, t.Value, t.Frame, t.Decided = l.Signal, l.Test, plain(l.Value), l.Frame, l.Decided
	if camera != graph.AllCameras {
		t.Camera = b.r.Graph.CameraID(camera)
	}
	if l.Age >= 0 {
		t.CapturedMS = b.r.Wall.Add(-l.Age).UnixMilli()
	}
	if cell := b.cell(camera, l.Signal); cell != nil {
		t.Fresh, t.TTLMS = cell.Fresh(b.r.Now), lifetime(cell.TTL)
	}
}

func (b *treeBuilder) cell(camera int, name string) *signal.Cell {
	for i := range b.r.Graph.Cells {
		if c := &b.r.Graph.Cells[i]; c.Camera == camera && c.Signal == name {
			return &b.r.Cells[i]
		}
	}
	return nil
}
