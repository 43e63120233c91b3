package web

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/cmd/rvo/internal/web/api"
)

// BenchmarkShow is what one round of the stream costs with 200 cameras, of which everything has changed, however many listen.
func BenchmarkShow(b *testing.B) {
	h := newHub(newMetrics(prometheus.NewRegistry()))
	subs := make([]*subscriber, 100)
	for i := range subs {
		subs[i] = h.join(map[string]bool{"state": true})
	}
	size := 0
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s := &api.State{TimeMS: int64(n), Sections: api.Sections{
			Cameras: map[string]*api.Camera{}, Detectors: map[string]*api.Detector{}, Signals: map[string]*api.Signal{}, Events: map[string]*api.Event{},
		}}
		for i := range 200 {
			id := fmt.Sprintf("c%03d", i)
			s.Cameras[id] = &api.Camera{State: "up", Frames: uint64(n)}
			for j := range 3 {
				name := fmt.Sprintf("d%d", j)
				s.Detectors[at(name, id)] = &api.Detector{Detector: name, Camera: id, Health: "ok", Doing: "waiting", Runs: uint64(n), Skips: map[string]uint64{"rate": uint64(n)}}
				s.Signals[at(name+".count", id)] = &api.Signal{Signal: name + ".count", Camera: id, Type: "int", Value: n, Fresh: true}
				s.Events[at("e"+name, id)] = &api.Event{Event: "e" + name, Camera: id, State: "idle", Answer: "no", Seq: uint64(n)}
			}
		}
		h.show(s)
		for _, sub := range subs {
			size = len(<-sub.states)
		}
	}
	b.ReportMetric(float64(size)/1024, "KiB/message")
}
