package web

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
)

const (
	// stateEvery is how often subscribers hear of the state.
	stateEvery = 500 * time.Millisecond
	// maxSubscribers bounds those who listen to the stream.
	maxSubscribers = 128
	// maxMessages bounds the records and log lines that wait for one subscriber, maxStates the states.
	maxMessages, maxStates = 256, 2
)

// hub tells subscribers what happens: states twice a second, event records and log lines at once. What it tells is made
// once for all of them; a subscriber that does not keep up loses messages, which are counted, and gets a whole state after.
type hub struct {
	metrics *metrics

	mu struct {
		sync.Mutex
		subs    map[*subscriber]bool
		dropped uint64
	}

	// Owned by run.
	last map[string]map[string]json.RawMessage // by section and id, as told last
}

// subscriber is one who listens. Its reader takes from states first.
type subscriber struct {
	topics   map[string]bool
	states   chan []byte
	messages chan []byte

	// Guarded by the hub.
	whole bool   // the next state is to be a whole one
	lost  uint64 // messages since the last that it was told of
}

func newHub(m *metrics) *hub {
	h := &hub{metrics: m}
	h.mu.subs = map[*subscriber]bool{}
	return h
}

// join returns a new subscriber, nil when there are too many.
func (h *hub) join(topics map[string]bool) *subscriber {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.mu.subs) >= maxSubscribers {
		return nil
	}
	s := &subscriber{topics: topics, states: make(chan []byte, maxStates), messages: make(chan []byte, maxMessages), whole: true}
	h.mu.subs[s] = true
	return s
}

func (h *hub) leave(s *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.mu.subs, s)
}

// count returns how many listen, and how many messages slow ones lost.
func (h *hub) count() (subscribers int, dropped uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.mu.subs), h.mu.dropped
}

// listened reports whether anybody listens to the state.
func (h *hub) listened() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.mu.subs {
		if s.topics["state"] {
			return true
		}
	}
	return false
}

// say tells all who listen to a topic, at once. It never waits.
func (h *hub) say(topic string, data []byte) {
	msg := message(topic, data)
	h.mu.Lock()
	defer h.mu.Unlock()
	for s := range h.mu.subs {
		if !s.topics[topic] {
			continue
		}
		h.settle(s)
		select {
		case s.messages <- msg:
		default:
			h.lose(s)
		}
	}
}

// settle tells a subscriber what it has lost, when it has taken all that it had; the lock is held.
func (h *hub) settle(s *subscriber) {
	if s.lost == 0 || len(s.messages) > 0 {
		return
	}
	data, err := json.Marshal(api.Lost{Messages: s.lost})
	if err != nil {
		return
	}
	select {
	case s.messages <- message("lost", data):
		s.lost = 0
	default:
	}
}

func (h *hub) lose(s *subscriber) {
	s.lost++
	h.mu.dropped++
	h.metrics.lost.Inc()
}

// show tells subscribers the state: what changed to those who know the last one, all of it to the others.
func (h *hub) show(s *api.State) {
	sections, head := encode(s)
	if sections == nil {
		return
	}
	var whole, delta []byte
	if h.last != nil {
		delta = message("delta", assemble(head, changed(h.last, sections)))
	}
	h.last = sections
	h.mu.Lock()
	defer h.mu.Unlock()
	for sub := range h.mu.subs {
		if !sub.topics["state"] {
			continue
		}
		msg := delta
		if sub.whole || delta == nil {
			if whole == nil {
				whole = message("state", assemble(head, sections))
			}
			msg = whole
		}
		h.settle(sub)
		select {
		case sub.states <- msg:
			sub.whole = false
		default:
			sub.whole = true // a delta without the one before it says nothing
			h.lose(sub)
		}
	}
}

// forget has the next state told whole, since nobody heard the last ones.
func (h *hub) forget() { h.last = nil }

// message is one event of the stream.
func message(event string, data []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(event) + len(data) + 16)
	b.WriteString("event: ")
	b.WriteString(event)
	b.WriteString("\ndata: ")
	b.Write(data)
	b.WriteString("\n\n")
	return b.Bytes()
}

// encode returns a state's sections as JSON by id, and what stands before them.
func encode(s *api.State) (sections map[string]map[string]json.RawMessage, head []byte) {
	parts := s.Sections
	s.Sections = api.Sections{}
	head, err := json.Marshal(s)
	s.Sections = parts
	if err != nil {
		return nil, nil
	}
	sections = map[string]map[string]json.RawMessage{
		"cameras": entries(parts.Cameras), "detectors": entries(parts.Detectors), "signals": entries(parts.Signals),
		"events": entries(parts.Events), "queues": entries(parts.Queues), "sinks": entries(parts.Sinks), "evidence": entries(parts.Evidence),
	}
	return sections, head
}

func entries[T any](m map[string]*T) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(m))
	for id, v := range m {
		if b, err := json.Marshal(v); err == nil {
			out[id] = b
		}
	}
	return out
}

// changed returns what is different, null for what is gone.
func changed(old, now map[string]map[string]json.RawMessage) map[string]map[string]json.RawMessage {
	out := map[string]map[string]json.RawMessage{}
	put := func(section, id string, v json.RawMessage) {
		if out[section] == nil {
			out[section] = map[string]json.RawMessage{}
		}
		out[section][id] = v
	}
	for section, all := range now {
		for id, v := range all {
			if !bytes.Equal(old[section][id], v) {
				put(section, id, v)
			}
		}
		for id := range old[section] {
			if _, ok := all[id]; !ok {
				put(section, id, json.RawMessage("null"))
			}
		}
	}
	return out
}

// assemble puts sections behind a state's head, as one JSON object.
func assemble(head []byte, sections map[string]map[string]json.RawMessage) []byte {
	var b bytes.Buffer
	b.Write(bytes.TrimSuffix(head, []byte("}")))
	for _, section := range []string{"cameras", "detectors", "signals", "events", "queues", "sinks", "evidence"} {
		all := sections[section]
		if len(all) == 0 {
			continue
		}
		b.WriteString(`,"` + section + `":`)
		raw, err := json.Marshal(all)
		if err != nil {
			raw = []byte("{}") // every entry is JSON that was just written
		}
		b.Write(raw)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// run samples and tells until ctx is done.
func (l *live) run(ctx context.Context) {
	t := time.NewTicker(stateEvery)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		listened := l.hub.listened()
		sample := n%int(historyStep/stateEvery) == 0
		if !listened {
			l.hub.forget()
		}
		if !listened && !sample {
			continue
		}
		v := l.look.now()
		if sample {
			l.history.add(v)
		}
		if listened {
			s := tell(v)
			l.clients(s)
			l.hub.show(s)
		}
	}
}

// record hands event records on until ctx is done.
func (l *live) record(ctx context.Context) {
	for {
		line, ok := l.engine.Record(ctx)
		if !ok {
			return
		}
		line = bytes.TrimSpace(line)
		l.records.add(line)
		l.hub.say("event", line)
	}
}
