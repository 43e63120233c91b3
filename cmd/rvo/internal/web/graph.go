package web

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/dsl/plan"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/signal"
)

// graphOf gives what the pipeline is made of: its nodes as rvo plan names them, and what flows between them.
func graphOf(pipeline func(key []byte) (*plan.Running, error), l *look, log *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		p, err := pipeline(nil)
		if err != nil {
			writeError(w, http.StatusServiceUnavailable, "", "the running pipeline cannot be told")
			log.Error("running pipeline", "error", err)
			return
		}
		writeJSON(w, http.StatusOK, drawn(p, l.now()))
	}
}

func drawn(p *plan.Running, v *engine.View) api.Graph {
	out := api.Graph{
		Pipeline: p.Pipeline, Revision: p.Revision, Generation: p.Generation, Nodes: []api.Node{}, Edges: []api.Edge{}, Cameras: map[string]api.CameraView{},
	}
	docs, told := kindDocs(v.Graph), toldOutside(v.Graph)
	for i := range p.Nodes {
		n := nodeOf(&p.Nodes[i])
		n.Doc = docs[n.Role+"/"+n.Kind]
		out.Nodes = append(out.Nodes, n)
		for _, from := range n.Inputs {
			if told[n.ID] && strings.HasPrefix(from, "camera/") {
				continue // it says something of the camera, and gets nothing from it
			}
			out.Edges = append(out.Edges, api.Edge{From: from, To: n.ID})
		}
	}
	for i := range v.Graph.Cameras {
		c := &v.Graph.Cameras[i]
		out.Cameras[c.ID] = api.CameraView{Zones: zonesOf(c.Zones), Masks: zonesOf(c.Masks), Labels: c.Labels}
	}
	return out
}

// toldOutside are the ids of the detectors on cameras whose signals come from outside.
func toldOutside(g *graph.Graph) map[string]bool {
	out := map[string]bool{}
	for i := range g.Instances {
		if g.Instances[i].External {
			out["detector/"+g.InstanceName(i)] = true
		}
	}
	return out
}

func nodeOf(n *graph.Node) api.Node {
	role, rest, _ := strings.Cut(n.ID, "/")
	name, camera, _ := strings.Cut(rest, "@")
	if role == "camera" || role == "ring" {
		camera = name
	}
	out := api.Node{
		ID: n.ID, Role: role, Name: name, Camera: camera, Own: n.Own, Wired: n.Wired,
		Place:  api.Place{File: n.Place.File, Line: n.Place.Line, Col: n.Place.Col},
		Inputs: append([]string{}, n.Inputs...), Fields: map[string]json.RawMessage{},
	}
	for _, f := range n.Fields {
		out.Fields[f.Name] = f.Value
		if f.Name == "kind" {
			_ = json.Unmarshal(f.Value, &out.Kind) // a text, or the node has no kind
		}
	}
	return out
}

// kindDocs are the kinds' sentences by role and kind.
func kindDocs(g *graph.Graph) map[string]string {
	out := map[string]string{}
	for i := range g.Cameras {
		out["camera/"+g.Cameras[i].Kind.Contract.Name] = g.Cameras[i].Kind.Contract.Doc
	}
	for i := range g.Detectors {
		out["detector/"+g.Detectors[i].Kind.Contract.Name] = g.Detectors[i].Kind.Contract.Doc
	}
	for i := range g.Sinks {
		out["sink/"+g.Sinks[i].Kind.Contract.Name] = g.Sinks[i].Kind.Contract.Doc
	}
	return out
}

func zonesOf(zones []graph.ZoneSpec) []api.Zone {
	out := []api.Zone{}
	for _, z := range zones {
		out = append(out, api.Zone{Name: z.Name, Polygon: polygonOf(z.Polygon)})
	}
	return out
}

func polygonOf(p signal.Polygon) [][2]float64 {
	out := [][2]float64{}
	for _, q := range p {
		out = append(out, [2]float64{float64(q.X), float64(q.Y)})
	}
	return out
}
