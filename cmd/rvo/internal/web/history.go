package web

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine"
	"rvo.dev/engine/signal"
)

const (
	// historyStep is the time between two samples, historyLen how many are kept: five minutes.
	historyStep = time.Second
	historyLen  = 300
	// maxSeries bounds the signals that are sampled: 4 KiB each.
	maxSeries = 4096
	// maxAsked bounds the series of one answer.
	maxAsked = 64
	// maxWords bounds the words of a label that are told apart.
	maxWords = 256
)

// history samples signals. One goroutine adds, any reads.
type history struct {
	mu struct {
		sync.RWMutex
		series map[string]*series
		n      int   // samples so far
		end    int64 // of the newest, milliseconds since 1970
	}
}

// series is a ring of the samples of one signal.
type series struct {
	values [historyLen]float64 // NaN: none
	fresh  [historyLen]bool
	words  []string
	last   int // when it was there last, as history.n
}

func newHistory() *history {
	h := &history{}
	h.mu.series = map[string]*series{}
	return h
}

// add takes a sample of every signal.
func (h *history) add(v *engine.View) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at0 := h.mu.n % historyLen
	g := v.Graph
	for i := range g.Cells {
		c := &g.Cells[i]
		if !c.Written() {
			continue
		}
		id := at(c.Signal, g.CameraID(c.Camera))
		s := h.mu.series[id]
		if s == nil {
			if len(h.mu.series) >= maxSeries {
				continue
			}
			s = newSeries()
			h.mu.series[id] = s
		}
		for j := max(s.last+1, h.mu.n-historyLen+1); j < h.mu.n; j++ { // it was away
			s.values[j%historyLen], s.fresh[j%historyLen] = math.NaN(), false
		}
		s.values[at0], s.fresh[at0] = s.number(&v.Cells[i]), v.Cells[i].Fresh(v.Now)
		s.last = h.mu.n
	}
	for id, s := range h.mu.series {
		if h.mu.n-s.last >= historyLen {
			delete(h.mu.series, id)
		}
	}
	h.mu.n++
	h.mu.end = v.Wall.UnixMilli()
}

func newSeries() *series {
	s := &series{last: -1}
	for i := range s.values {
		s.values[i] = math.NaN()
	}
	return s
}

// number is a value as a sample.
func (s *series) number(c *signal.Cell) float64 {
	switch c.Value.Type() {
	case signal.TypeBool, signal.TypeInt, signal.TypeFloat:
		return c.Value.Number()
	case signal.TypeBoxes:
		return float64(len(c.Value.AsBoxes()))
	case signal.TypeLabel:
		word := c.Value.AsLabel()
		i := slices.Index(s.words, word)
		if i < 0 && len(s.words) < maxWords {
			i = len(s.words)
			s.words = append(s.words, word)
		}
		if i >= 0 {
			return float64(i)
		}
	case signal.TypeNone:
	}
	return math.NaN()
}

// find returns the last samples of a signal, nil where there is none.
func (h *history) find(id string, most int) *api.Series {
	s := h.mu.series[id]
	if s == nil {
		return nil
	}
	n := min(h.mu.n, most)
	out := &api.Series{Values: make([]*float64, 0, n), Words: slices.Clone(s.words)}
	var fresh strings.Builder
	for i := h.mu.n - n; i < h.mu.n; i++ {
		v := s.values[i%historyLen]
		if i > s.last || math.IsNaN(v) {
			out.Values = append(out.Values, nil)
			fresh.WriteByte('0')
			continue
		}
		out.Values = append(out.Values, &v)
		if s.fresh[i%historyLen] {
			fresh.WriteByte('1')
		} else {
			fresh.WriteByte('0')
		}
	}
	out.Fresh = fresh.String()
	return out
}

// serve gives the series that a request names.
func (h *history) serve(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	ids, most := q["signal"], historyLen
	if len(ids) == 0 || len(ids) > maxAsked {
		writeError(w, http.StatusBadRequest, "signal", "give from 1 to 64 ids of signals, as /api/v1/signals has them")
		return
	}
	if s := q.Get("seconds"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > historyLen {
			writeError(w, http.StatusBadRequest, "seconds", "must be a whole number from 1 to "+strconv.Itoa(historyLen))
			return
		}
		most = n
	}
	h.mu.RLock()
	out := api.History{StepMS: historyStep.Milliseconds(), EndMS: h.mu.end, Series: map[string]api.Series{}}
	for _, id := range ids {
		if s := h.find(id, most); s != nil {
			out.Series[id] = *s
		}
	}
	h.mu.RUnlock()
	writeJSON(w, http.StatusOK, out)
}
