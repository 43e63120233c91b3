package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rvo.dev/dsl/vet"
	"rvo.dev/engine"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
	"rvo.dev/nodes/all"
	"rvo.dev/nodes/cv"
)

// ttl is for how long a value of the service may decide.
const ttl = time.Second

// pipeline has two detectors of 15 runs a second: one that computes here, and one that is a service or stands in for it.
const pipeline = `apiVersion: "rvo/v1"
cameras: front: {synthetic: {pattern: "alternating", period: 3}, fps: 60, width: 320, height: 240}
detectors: beside: {fps: 15, busy: {busy: "2ms"}, emits: runs: ttl: "1s"}
detectors: people: {fps: 15, timeout: "%v", %s: ttl: "%v"}
events: works: {when: {signal: "beside.runs", gte: 1}, hold: "200ms"}
events: person: {when: {signal: "people.%s", gte: 1}, hold: "200ms", unknownGrace: "0s"}
sinks: log: jsonl: path: "events.jsonl"
`

const (
	standIn = `busy: {busy: "1ms", sleep: true}, emits: runs`
	asks    = `grpc: {endpoint: "%s", signals: person_detected: type: "int"%s}, emits: person_detected`
)

// source is the pipeline, on a service or, where there is none, without.
func source(s *service, ca string) string {
	if s == nil {
		return fmt.Sprintf(pipeline, timeout, standIn, ttl, "runs")
	}
	scheme, trust := "http://", ""
	if s.trust != nil {
		scheme, trust = "https://", fmt.Sprintf(", tls: ca: %q", ca)
	}
	return fmt.Sprintf(pipeline, timeout, fmt.Sprintf(asks, scheme+s.at, trust), ttl, "person_detected")
}

// outcome is what one window gave.
type outcome struct {
	seen
	causes  map[string]int // failed runs of the whole time, by hop/cause
	spoiled int64          // of them, those that the service knows of
	// back is from the end of the fault to the first good answer, limit how long that may take.
	back, limit time.Duration
	notNewer    int64
}

// window runs the pipeline: until everything works, then for length with the fault, if any, then until the service was found
// again.
func window(ctx context.Context, f *fault, length time.Duration) (*outcome, error) {
	dir, err := os.MkdirTemp("", "rvo-remote-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what the run leaves behind
	var s *service
	ca := filepath.Join(dir, "ca.pem")
	if f != nil {
		if s, err = begin(f, ca); err != nil {
			return nil, err
		}
		defer func() { _ = s.kill() }()
	}
	g, err := build(ctx, source(s, ca))
	if err != nil {
		return nil, err
	}
	w := newWatch(g)
	reg := prometheus.NewRegistry()
	cfg := engine.Config{
		Graph: g, Registry: reg, StateDir: dir, Precise: true, Observe: w.observe,
		Secret: func(node.Secret) (string, error) { return "", errors.New("there are none") },
	}
	if c, ok := cv.Codec(); ok {
		cfg.Codec = c
	}
	engine.Tune(g)
	e, err := engine.New(cfg)
	if err != nil {
		return nil, err
	}
	life, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- e.Run(life) }()
	out, err := w.through(ctx, f, s, length)
	if err == nil {
		out.causes, err = causes(reg)
	}
	stop()
	if ended := <-done; err == nil && ctx.Err() == nil {
		err = ended
	}
	return out, err
}

// begin returns a service that is well.
func begin(f *fault, ca string) (*service, error) {
	s := &service{}
	if f.tls {
		var err error
		if s.trust, err = newAuthority(); err != nil {
			return nil, err
		}
		if err := os.WriteFile(ca, s.trust.pem, 0o600); err != nil {
			return nil, err
		}
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	return s, nil
}

func build(ctx context.Context, source string) (*graph.Graph, error) {
	kinds, err := all.Set()
	if err != nil {
		return nil, err
	}
	res, err := vet.Vet(ctx, []string{"p/pipeline.cue"}, vet.Options{Kinds: kinds, Dir: os.TempDir(), Files: map[string][]byte{"p/pipeline.cue": []byte(source)}})
	if err != nil {
		return nil, err
	}
	if res.Graph == nil {
		return nil, fmt.Errorf("the pipeline: %v", res.Findings)
	}
	return res.Graph, nil
}

// through takes a run through the phases of a window.
func (w *watch) through(ctx context.Context, f *fault, s *service, length time.Duration) (*outcome, error) {
	if err := w.until(ctx, 20*time.Second, "both detectors work", func(s *seen) bool { return s.good > 5 && s.beside > 5 }); err != nil {
		return nil, err
	}
	if f != nil {
		s.latency.Store(int64(f.latency))
		s.mode.Store(int32(f.mode))
		if f.begin != nil {
			if err := f.begin(s); err != nil {
				return nil, err
			}
		}
	}
	w.measure(true)
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(length):
	}
	w.measure(false)
	out := &outcome{limit: w.limit(f)}
	if f != nil {
		s.mode.Store(int32(well))
		s.latency.Store(0)
		if f.end != nil {
			if err := f.end(s); err != nil {
				return nil, err
			}
		}
		ended := time.Now()
		good := w.now().good
		if err := w.until(ctx, 2*time.Minute, "the service is asked again", func(s *seen) bool { return s.good > good }); err != nil {
			return nil, err
		}
		out.back = time.Since(ended)
		out.spoiled, out.notNewer = s.spoiled.Load(), s.stale.Load()
	}
	out.seen = w.now()
	return out, nil
}

// causes reads the failed runs of the service's detector.
func causes(reg *prometheus.Registry) (map[string]int, error) {
	families, err := reg.Gather()
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, f := range families {
		if f.GetName() != "rvo_detector_failures_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			if n := int(m.GetCounter().GetValue()); n > 0 && strings.HasPrefix(labels["detector"], "people") {
				out[labels["hop"]+"/"+labels["cause"]] += n
			}
		}
	}
	return out, nil
}
