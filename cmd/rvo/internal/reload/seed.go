package reload

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// serveSeed answers what the first RVO's console sent: a service and the signal that it gives. The signal is looked at first.
func (r *Reloader) serveSeed(w http.ResponseWriter, q *http.Request) {
	no := func(code int, why string) {
		reply(w, code, map[string]any{"ok": false, "error": why})
	}
	body, err := io.ReadAll(q.Body)
	if err != nil {
		no(http.StatusBadRequest, "the body cannot be read")
		return
	}
	var in struct{ Endpoint, Signal string }
	if err := json.Unmarshal(body, &in); err != nil {
		no(http.StatusBadRequest, `the body must be {"endpoint": "http://host:port", "signal": "NAME"}`)
		return
	}
	in.Endpoint, in.Signal = strings.TrimSpace(in.Endpoint), strings.TrimSpace(in.Signal)
	id := signal.NameOf(in.Signal)
	switch {
	case id == "":
		no(http.StatusBadRequest, "signal must have a letter or a digit to name the detector by")
		return
	case !knows(r.Running().Graph, in.Signal):
		no(http.StatusBadRequest, fmt.Sprintf("signal %q is none that this pipeline or the first RVO has: give one that GET /api/v1/signals lists, "+
			"or one of %s; POST /api/v1/nodes takes a detector of kind grpc with any", in.Signal, strings.Join(seedSignals(), ", ")))
		return
	case in.Endpoint == "":
		no(http.StatusBadRequest, "endpoint must not be empty")
		return
	case !strings.Contains(in.Endpoint, "://"):
		in.Endpoint = "http://" + in.Endpoint
	}
	// As in the first RVO each gets an id of its own, so that the same signal can come from two services.
	name := ""
	for i := 0; ; i++ {
		if name = fmt.Sprintf("web_%s_%d", id, i); !Has(r.Running().Spec, "detectors", name) {
			break
		}
	}
	es, err := dsl.Entries(dsl.AdHocRemotes([]dsl.Remote{{ID: name, Endpoint: in.Endpoint, Signal: in.Signal}}, false))
	if err != nil || len(es) != 1 {
		no(http.StatusBadRequest, "endpoint and signal make no detector")
		return
	}
	o, err := r.Edit(q.Context(), Edit{Entry: es[0]})
	switch {
	case err != nil:
		no(status(err), err.Error())
	case o.Result == Applied, o.Result == Unchanged:
		reply(w, http.StatusOK, map[string]any{"ok": true})
	case o.Step == engine.StepOpen || o.Step == engine.StepWarmUp:
		// Nothing is dialled until it is asked, so that the trial of what is new is what finds out.
		no(http.StatusBadRequest, fmt.Sprintf("nothing was added, because the service at %s did not pass its trial (%s): start it and send this again, "+
			"or write the detector into the pipeline's files, where a service is waited for from the start of rvo on", dsl.Redact(in.Endpoint), o.Error))
	default:
		no(http.StatusBadRequest, o.why())
	}
}

// seedSignals are those that the first RVO had whatever its pipeline was.
func seedSignals() []string {
	return []string{
		"Dummy", "MotionLevel", "FacePresent", "PersonDetected",
		"Custom0", "Custom1", "Custom2", "Custom3", "Custom4", "Custom5", "Custom6", "Custom7",
	}
}

// knows reports whether a service's name of a signal is one of the first RVO's, or stands for a detector of the graph, a signal of one
// or what a service calls that.
func knows(g *graph.Graph, wire string) bool {
	name := signal.NameOf(wire)
	is := func(s string) bool { return s == wire || signal.NameOf(s) == name }
	if slices.ContainsFunc(seedSignals(), is) {
		return true
	}
	return slices.ContainsFunc(g.Detectors, func(d graph.Detector) bool {
		if is(d.ID) || slices.ContainsFunc(d.Emits, func(e node.Emit) bool { return is(e.Name) || is(d.ID+"."+e.Name) }) {
			return true
		}
		var o struct {
			Signals map[string]struct{ Wire string }
		}
		if json.Unmarshal(d.Options, &o) != nil {
			return false // of a kind that asks no service
		}
		for _, s := range o.Signals {
			if s.Wire == wire {
				return true
			}
		}
		return false
	})
}
