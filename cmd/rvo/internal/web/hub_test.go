package web

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// TestSlowSubscriber: who takes nothing holds a bounded number of messages; when he takes again he is told how many he lost, and
// gets a whole state. Others get everything.
func TestSlowSubscriber(t *testing.T) {
	h := newHub(newMetrics(prometheus.NewRegistry()))
	all := map[string]bool{"state": true, "event": true}
	slow, quick := h.join(all), h.join(all)
	state := func(frames uint64) *api.State {
		return &api.State{Sections: api.Sections{Cameras: map[string]*api.Camera{"gate": {Frames: frames}, "yard": {}}}}
	}
	const rounds = 1000
	for i := range rounds {
		h.show(state(uint64(i)))
		h.say("event", fmt.Appendf(nil, `{"n":%d}`, i))
		if got := string(<-quick.states); !strings.Contains(got, fmt.Sprintf(`"frames":%d`, i)) || strings.HasPrefix(got, "event: state") != (i == 0) || strings.Contains(got, "yard") != (i == 0) {
			t.Fatalf("round %d: %s", i, got)
		}
		if got := string(<-quick.messages); got != fmt.Sprintf("event: event\ndata: {\"n\":%d}\n\n", i) {
			t.Fatalf("round %d: %q", i, got)
		}
	}
	if len(slow.messages) != maxMessages || len(slow.states) != maxStates {
		t.Errorf("%d messages and %d states wait for one who takes nothing", len(slow.messages), len(slow.states))
	}
	n, dropped := h.count()
	if n != 2 || dropped < rounds-maxMessages+rounds-maxStates {
		t.Errorf("%d listen, %d messages dropped", n, dropped)
	}
	told := uint64(0)
	for {
		for len(slow.messages) > 0 {
			told += lostIn(t, <-slow.messages)
		}
		for len(slow.states) > 0 {
			<-slow.states
		}
		if told == dropped {
			break
		}
		h.show(state(5000))
		if got := string(<-slow.states); !strings.HasPrefix(got, "event: state") || !strings.Contains(got, "yard") {
			t.Fatalf("after a gap: %s", got)
		}
		if len(slow.messages) == 0 {
			t.Fatalf("it was told that it lost %d of %d messages", told, dropped)
		}
	}
	h.leave(slow)
	h.leave(quick)
	for range maxSubscribers {
		if h.join(all) == nil {
			t.Fatal("a subscriber is refused below the bound")
		}
	}
	if h.join(all) != nil {
		t.Errorf("more than %d listen", maxSubscribers)
	}
}

// lostIn is how many messages one of them says were lost.
func lostIn(t *testing.T, msg []byte) uint64 {
	t.Helper()
	text, ok := strings.CutPrefix(string(msg), "event: lost\ndata: ")
	if !ok {
		return 0
	}
	var l api.Lost
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	return l.Messages
}

// TestRecordsLaw: what is found is what a walk over all that was ever added finds, within the bound, page by page.
func TestRecordsLaw(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := &records{}
	type plain struct {
		n    int
		head recordHead
	}
	var past []plain
	pick := func(words ...string) string { return words[rnd.IntN(len(words))] }
	for i := range maxRecords + 500 {
		head := recordHead{
			ID: strconv.Itoa(i / 2), Event: pick("a", "b"), Camera: pick("x", "y", "z"), State: pick("confirmed", "ended"), Severity: pick("info", "critical"),
			Time: fmt.Sprintf("2026-11-22T18:%02d:%02dZ", i/60%60, i%60),
		}
		past = append(past, plain{i, head})
		r.add(fmt.Appendf(nil, `{"n":%d,"id":%q,"event":%q,"camera":%q,"state":%q,"severity":%q,"time":%q}`, i, head.ID, head.Event, head.Camera, head.State, head.Severity, head.Time))
	}
	past = past[500:]
	for range 30 {
		q := recordQuery{limit: 1 + rnd.IntN(400)}
		q.Event, q.Camera, q.State = pick("", "a"), pick("", "x", "none"), pick("", "ended")
		if rnd.IntN(5) == 0 {
			q.ID = past[rnd.IntN(len(past))].head.ID
		}
		var want, got []string
		for _, p := range slices.Backward(past) {
			if (q.ID == "" || q.ID == p.head.ID) && (q.Event == "" || q.Event == p.head.Event) && (q.Camera == "" || q.Camera == p.head.Camera) && (q.State == "" || q.State == p.head.State) {
				want = append(want, fmt.Sprintf(`{"n":%d,`, p.n))
			}
		}
		for {
			found := r.find(&q)
			if found.Total != maxRecords+500 || found.Dropped != 500 || len(found.Records) > q.limit {
				t.Fatalf("seed %d: %d of %d, %d dropped", seed, len(found.Records), found.Total, found.Dropped)
			}
			for _, line := range found.Records {
				got = append(got, string(line[:strings.Index(string(line), ",")+1]))
			}
			if found.Next == "" {
				break
			}
			if _, err := fmt.Sscan(found.Next, &q.before); err != nil {
				t.Fatal(err)
			}
		}
		if strings.Join(got, "") != strings.Join(want, "") {
			t.Fatalf("seed %d, %+v: %d records, want %d", seed, q, len(got), len(want))
		}
	}
}

// TestRecordBytes: large records push older ones out.
func TestRecordBytes(t *testing.T) {
	r := &records{}
	for i := range 50 {
		r.add(fmt.Appendf(nil, `{"id":"%d","labels":%q}`, i, strings.Repeat("x", 1<<20)))
	}
	if r.mu.bytes > maxRecordBytes || len(r.mu.list) < 30 || r.mu.list[len(r.mu.list)-1].head.ID != "49" {
		t.Errorf("%d records in %d bytes", len(r.mu.list), r.mu.bytes)
	}
}
