package reload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"rvo.dev/dsl"
)

// Route is one path that the HTTP server mounts. What is not GET changes what runs: it needs the server's token.
type Route struct {
	Method string
	Path   string
	Doc    string
	Serve  http.HandlerFunc
	// MaxBody bounds the request's body in bytes; 0: the server's own bound.
	MaxBody int64
}

// hidden stands for a credential in what is shown: see dsl.Redact.
const hidden = "***"

// maxPlan bounds a pipeline that is sent to be planned, in bytes: ten thousand cameras with an event each.
const maxPlan = 4 << 20

// Routes returns what is served of reloads and nodes.
func (r *Reloader) Routes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: "/api/v1/reloads", Doc: "what was reloaded, refused and is on probation", Serve: r.serveReloads},
		{Method: http.MethodPost, Path: "/api/v1/reload", Doc: "read the pipeline's files again, as SIGHUP does", Serve: r.serveReload},
		{Method: http.MethodGet, Path: "/api/v1/nodes", Doc: "the nodes of the pipeline that runs, with file and line", Serve: r.serveNodes},
		{Method: http.MethodPost, Path: "/api/v1/nodes", Doc: "add, replace or (null) take away one node, in CUE or JSON; ?plan=1 says what would happen, ?write=1 keeps it", Serve: r.servePost},
		{Method: http.MethodDelete, Path: "/api/v1/nodes/{role}/{name}", Doc: "take a node away; ?plan=1 and ?write=1 as above", Serve: r.serveDelete},
		{Method: http.MethodPost, Path: "/api/v1/plan", Doc: "what would happen if the pipeline were this text", Serve: r.servePlan, MaxBody: maxPlan},
		{Method: http.MethodPost, Path: "/api/nodes", Doc: "add a service as a detector: {endpoint, signal}", Serve: r.serveSeed},
	}
}

// Reloads is GET /api/v1/reloads.
type Reloads struct {
	Generation uint64    `json:"generation"`
	Revision   string    `json:"revision"`
	Watching   bool      `json:"watching"`
	Files      []string  `json:"files"`     // that the pipeline was read from
	Probation  *trial    `json:"probation"` // null: what runs has proved good
	Rejected   *Outcome  `json:"rejected"`  // what the files say and does not run; null: they say what runs
	Reloads    []Outcome `json:"reloads"`   // the newest first, at most History
}

// Reloads tells what was reloaded.
func (r *Reloader) Reloads() Reloads {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Reloads{
		Generation: r.cfg.Generation(), Revision: r.running.Graph.Revision, Watching: r.cfg.Watch != nil,
		Files: append([]string{}, r.files...), Probation: r.trial, Rejected: r.refused, Reloads: append([]Outcome{}, r.history...),
	}
}

func (r *Reloader) serveReloads(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, r.Reloads())
}

func (r *Reloader) serveReload(w http.ResponseWriter, q *http.Request) {
	o, err := r.Reload(q.Context(), Asked)
	replyOutcome(w, o, err)
}

func (r *Reloader) serveNodes(w http.ResponseWriter, _ *http.Request) {
	nodes, err := List(r.Running())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	reply(w, http.StatusOK, struct {
		Nodes []Node `json:"nodes"`
	}{nodes})
}

func (r *Reloader) servePost(w http.ResponseWriter, q *http.Request) {
	body, ok := read(w, q)
	if !ok {
		return
	}
	es, err := dsl.Entries(body)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, fmt.Errorf("the body is no node in CUE or JSON: %s", dsl.Redact(err.Error())))
	case len(es) != 1:
		refuse(w, http.StatusBadRequest, fmt.Errorf("the body holds %d nodes: send one, such as {\"detectors\": {\"motion\": {\"motion\": {}}}}", len(es)))
	default:
		r.serveEdit(w, q, es[0])
	}
}

func (r *Reloader) serveDelete(w http.ResponseWriter, q *http.Request) {
	col, ok := collection(q.PathValue("role"))
	if !ok {
		refuse(w, http.StatusNotFound, errors.New("there is no such role: camera, detector, event, evidence and sink are"))
		return
	}
	r.serveEdit(w, q, dsl.Entry{Collection: col, Name: q.PathValue("name"), Value: "null"})
}

// serveEdit makes an edit, or says what it would do.
func (r *Reloader) serveEdit(w http.ResponseWriter, q *http.Request, e dsl.Entry) {
	if e.Gone() && !Has(r.Running().Spec, e.Collection, e.Name) {
		refuse(w, http.StatusNotFound, fmt.Errorf("the pipeline has no %s %q", role(e.Collection), e.Name))
		return
	}
	if strings.Contains(e.Value, hidden) {
		refuse(w, http.StatusBadRequest, fmt.Errorf("the node holds %s, which stands for a credential that is not shown: write the credential again, or refer to a secret", hidden))
		return
	}
	edit := Edit{Entry: e, Write: q.URL.Query().Get("write") == "1"}
	do := r.Edit
	if q.URL.Query().Get("plan") == "1" {
		do = r.Plan
	}
	o, err := do(q.Context(), edit)
	replyOutcome(w, o, err)
}

func (r *Reloader) servePlan(w http.ResponseWriter, q *http.Request) {
	body, ok := read(w, q)
	if !ok {
		return
	}
	o, err := r.PlanText(q.Context(), body)
	replyOutcome(w, o, err)
}

// why is the first thing that keeps an edit from running.
func (o *Outcome) why() string {
	if i := slices.IndexFunc(o.Findings, func(f dsl.Finding) bool { return f.Severity == dsl.Error }); i >= 0 {
		return o.Findings[i].Message
	}
	if o.Error != "" {
		return o.Error
	}
	return string(o.Result)
}

// read returns the body of a request; where there is none that can be read it answers.
func read(w http.ResponseWriter, q *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(q.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		refuse(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the body is larger than %d bytes: write it into the pipeline's files", tooLarge.Limit))
		return nil, false
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, errors.New("the body cannot be read"))
		return nil, false
	}
	return body, true
}

// replyOutcome answers with what became of an edit.
func replyOutcome(w http.ResponseWriter, o Outcome, err error) {
	if err != nil {
		refuse(w, status(err), err)
		return
	}
	code := http.StatusOK
	switch o.Result {
	case Rejected, RolledBack:
		code = http.StatusUnprocessableEntity
	case Superseded:
		code = http.StatusConflict
	case Applied, Unchanged, Planned:
	}
	reply(w, code, o)
}

// status is the code for an edit that was not tried.
func status(err error) int {
	switch {
	case errors.Is(err, ErrBusy):
		return http.StatusTooManyRequests
	case errors.Is(err, ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func refuse(w http.ResponseWriter, code int, err error) {
	reply(w, code, map[string]string{"error": err.Error()})
}

func reply(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "the answer cannot be written", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}
