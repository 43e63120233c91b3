package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
)

const (
	// maxRecords and maxRecordBytes bound the event records that are kept: some days of a calm site, minutes of a wild one.
	maxRecords     = 10_000
	maxRecordBytes = 32 << 20
)

// records are the last event records. One goroutine adds, any reads.
type records struct {
	mu struct {
		sync.RWMutex
		list  []record // the oldest first
		bytes int
		total uint64 // records since the start: the number of the newest
	}
}

// record is an event record and what it is looked for by.
type record struct {
	n    uint64 // from 1
	line json.RawMessage
	at   time.Time
	head recordHead
}

type recordHead struct {
	ID        string `json:"id"`
	Event     string `json:"event"`
	Camera    string `json:"camera"`
	State     string `json:"state"`
	Severity  string `json:"severity"`
	Time      string `json:"time"`
	Confirmed string `json:"confirmed"`
}

// add keeps a record; the oldest go.
func (r *records) add(line []byte) {
	rec := record{line: line}
	if json.Unmarshal(line, &rec.head) != nil {
		return // the engine wrote it: it is JSON
	}
	rec.at, _ = time.Parse(time.RFC3339Nano, rec.head.Time)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mu.total++
	rec.n = r.mu.total
	r.mu.list = append(r.mu.list, rec)
	r.mu.bytes += len(line)
	drop := 0
	for len(r.mu.list)-drop > maxRecords || r.mu.bytes > maxRecordBytes {
		r.mu.bytes -= len(r.mu.list[drop].line)
		r.mu.list[drop] = record{}
		drop++
	}
	r.mu.list = r.mu.list[drop:]
}

// recordQuery is what is asked of records.
type recordQuery struct {
	recordHead
	since  time.Time
	before uint64
	limit  int
}

func (q *recordQuery) wants(r *record) bool {
	for _, p := range [][2]string{
		{q.ID, r.head.ID}, {q.Event, r.head.Event}, {q.Camera, r.head.Camera}, {q.State, r.head.State}, {q.Severity, r.head.Severity},
	} {
		if p[0] != "" && p[0] != p[1] {
			return false
		}
	}
	return !r.at.Before(q.since)
}

// find returns the newest records that are asked for.
func (r *records) find(q *recordQuery) api.Records {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := api.Records{Records: []json.RawMessage{}, Total: r.mu.total, Dropped: r.mu.total - uint64(len(r.mu.list))}
	last := uint64(0)
	for i := len(r.mu.list) - 1; i >= 0; i-- {
		rec := &r.mu.list[i]
		if q.before > 0 && rec.n >= q.before || !q.wants(rec) {
			continue
		}
		if len(out.Records) == q.limit {
			out.Next = strconv.FormatUint(last, 10)
			break
		}
		out.Records = append(out.Records, rec.line)
		last = rec.n
	}
	return out
}

// seed returns the newest confirmed events as the first RVO told them.
func (r *records) seed(begin time.Time) []api.SeedEvent {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := []api.SeedEvent{}
	for i := len(r.mu.list) - 1; i >= 0 && len(out) < 10; i-- {
		if rec := &r.mu.list[i]; rec.head.State == "confirmed" {
			out = append(out, api.SeedEvent{Type: rec.head.Event, T: max(rec.at.Sub(begin).Seconds(), 0), Confidence: 1})
		}
	}
	return out
}

// serve gives records by what the request asks for.
func (r *records) serve(w http.ResponseWriter, req *http.Request) {
	q, field, why := parseRecordQuery(req.URL.Query())
	if field != "" {
		writeError(w, http.StatusBadRequest, field, why)
		return
	}
	writeJSON(w, http.StatusOK, r.find(q))
}

// one gives the records of one occurrence.
func (r *records) one(w http.ResponseWriter, req *http.Request) {
	q := recordQuery{limit: maxLimit}
	q.ID = req.PathValue("id")
	found := r.find(&q)
	if len(found.Records) == 0 {
		writeError(w, http.StatusNotFound, "", "no record of that id is kept: see /api/v1/events for those that are")
		return
	}
	writeJSON(w, http.StatusOK, found)
}

// maxLimit bounds the records of one answer.
const maxLimit = 1000

func parseRecordQuery(v url.Values) (q *recordQuery, field, why string) {
	q = &recordQuery{limit: 100}
	q.Event, q.Camera, q.State, q.Severity = v.Get("event"), v.Get("camera"), v.Get("state"), v.Get("severity")
	switch q.State {
	case "", "confirmed", "updated", "ended":
	default:
		return nil, "state", "must be confirmed, updated or ended"
	}
	switch q.Severity {
	case "", "info", "warning", "critical":
	default:
		return nil, "severity", "must be info, warning or critical"
	}
	var err error
	if s := v.Get("since"); s != "" {
		if q.since, err = time.Parse(time.RFC3339Nano, s); err != nil {
			return nil, "since", "must be a time as 2006-01-02T15:04:05Z"
		}
	}
	if s := v.Get("before"); s != "" {
		if q.before, err = strconv.ParseUint(s, 10, 64); err != nil {
			return nil, "before", "must be what an answer said in next"
		}
	}
	if why := parseLimit(v, &q.limit, maxLimit); why != "" {
		return nil, "limit", why
	}
	return q, "", ""
}

// parseLimit reads limit=, and returns why it is refused.
func parseLimit(v url.Values, limit *int, most int) string {
	s := v.Get("limit")
	if s == "" {
		return ""
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return "must be a whole number from 1 to " + strconv.Itoa(most)
	}
	*limit = n
	return ""
}
