package accept

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"

	"rvo.dev/engine"
	"rvo.dev/engine/frame"
	"rvo.dev/engine/sched"
	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

// person is a service that sees somebody in every picture, late if it is told to be.
type person struct {
	detectv1.UnimplementedDetectorServer
	latency atomic.Int64
	asked   atomic.Int64
}

// Detect implements detectv1.DetectorServer.
func (p *person) Detect(ctx context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	p.asked.Add(1)
	select {
	case <-time.After(time.Duration(p.latency.Load())):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return &detectv1.DetectResponse{
		FrameId: r.GetFrameId(), Signals: []*detectv1.SignalOut{{SignalType: "PersonDetected", Value: 1}},
	}, nil
}

// serve runs the service at an address of this machine until stop, or the end of the test.
func (p *person) serve(t testing.TB, at string) (address string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	detectv1.RegisterDetectorServer(s, p)
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(l) })
	stop = sync.OnceFunc(func() { s.Stop(); wg.Wait() })
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

const remotePipeline = `apiVersion: "rvo/v1"
cameras: front: {synthetic: {}, fps: 20, width: 320, height: 240}
detectors: people: {
	fps: 10, timeout: "200ms"
	grpc: {endpoint: "http://%s", signals: person_detected: type: "int"}
	emits: person_detected: ttl: "500ms"
}
events: person: {when: {signal: "people.person_detected", gte: 1}, hold: "700ms", unknownGrace: "0s"}
sinks: log: jsonl: path: "events.jsonl"
`

// TestRemoteServiceDiesAndComesBack: what it said last stops to decide when it is too old, whatever the frames do; a service
// that is back is asked again without anybody's help.
func TestRemoteServiceDiesAndComesBack(t *testing.T) {
	p := &person{}
	at, stop := p.serve(t, "127.0.0.1:0")
	r := start(t, fmt.Sprintf(remotePipeline, at))
	confirmed := func(n int) func() bool {
		return func() bool {
			got := 0
			for _, rec := range r.records() {
				if rec.State == "confirmed" {
					got++
				}
			}
			return got >= n
		}
	}
	r.until(20*time.Second, "the first event", confirmed(1))
	stop()
	r.until(20*time.Second, "the end of the event", func() bool {
		recs := r.records()
		return len(recs) > 0 && recs[len(recs)-1].State == "ended"
	})
	if last := r.records()[len(r.records())-1]; last.Reason != "unknown" {
		t.Errorf("an event of a dead service ended as %q, want unknown", last.Reason)
	}
	time.Sleep(time.Second) // pictures go on, answers do not
	if n := len(r.records()); n != 2 {
		t.Errorf("%d records, want one event: stale values decided", n)
	}
	if n := r.metric("rvo_detector_failures_total", "people", "network"); n == 0 {
		t.Error("no failure of the network is counted")
	}
	failed := r.metric("rvo_detector_failures_total", "people")
	if runs := r.metric("rvo_detector_runs_total", "people", "failed"); runs < failed {
		t.Errorf("%g failures by cause of %g failed runs", failed, runs)
	}
	p.serve(t, at)
	took := r.until(40*time.Second, "the event after the service is back", confirmed(2))
	t.Logf("the service was asked and had its event %v after it was back", took.Round(10*time.Millisecond))
	r.end()
	if failed, runs := r.metric("rvo_detector_failures_total", "people"), r.metric("rvo_detector_runs_total", "people", "failed"); failed != runs {
		t.Errorf("%g failures by cause of %g failed runs", failed, runs)
	}
}

// TestRemoteServiceHoldsNothingUp prints what services that answer late, or never, do to the ticks of a camera beside a detector
// in this process, against the same without any: times are for people to read, on a machine that does nothing else.
func TestRemoteServiceHoldsNothingUp(t *testing.T) {
	if testing.Short() {
		t.Skip("takes fifteen seconds")
	}
	const beside = "detectors: motion: {motion: {}, fps: 20}\nevents: moves: {when: {signal: \"motion.level\", gte: 0.9}, hold: \"1s\"}\n"
	ticks := func(pipeline string) (p50, p99 time.Duration, runs float64) {
		var took []time.Duration
		r := start(t, pipeline, func(c *engine.Config) {
			c.Observe = func(_ []sched.Input, d time.Duration, _ []sched.Decision) { took = append(took, d) }
		})
		time.Sleep(3 * time.Second)
		runs = r.metric("rvo_detector_runs_total", "motion", "ok")
		r.end()
		slices.Sort(took)
		return took[len(took)/2], took[len(took)*99/100], runs
	}
	_, pipeline, _ := strings.Cut(remotePipeline, "\n")
	cameraLine, _, _ := strings.Cut(pipeline, "\n")
	base50, base99, baseRuns := ticks("apiVersion: \"rvo/v1\"\n" + cameraLine + "\n" + beside)
	for _, latency := range []time.Duration{0, 50 * time.Millisecond, 500 * time.Millisecond, time.Hour} {
		p := &person{}
		p.latency.Store(int64(latency))
		at, stop := p.serve(t, "127.0.0.1:0")
		p50, p99, runs := ticks(fmt.Sprintf(remotePipeline, at) + beside)
		stop()
		t.Logf("latency %-6v tick p50 %v (%.2fx), p99 %v (%.2fx); %g runs of the detector beside it, %g without",
			latency, p50, float64(p50)/float64(base50), p99, float64(p99)/float64(base99), runs, baseRuns)
		if p.asked.Load() == 0 {
			t.Error("the service was not asked")
		}
	}
}

// counting counts what an encoder does.
type counting struct {
	frame.StdCodec
	n atomic.Int64
}

func (c *counting) EncodeJPEG(p frame.Plane, quality int) ([]byte, error) {
	c.n.Add(1)
	return c.StdCodec.EncodeJPEG(p, quality)
}

// askedAbout notes which pictures services are asked about.
type askedAbout struct {
	detectv1.UnimplementedDetectorServer
	mu    sync.Mutex
	asked int
	ids   map[uint64]bool
}

// Detect implements detectv1.DetectorServer.
func (p *askedAbout) Detect(_ context.Context, r *detectv1.DetectRequest) (*detectv1.DetectResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	p.ids[r.GetFrameId()] = true
	return &detectv1.DetectResponse{FrameId: r.GetFrameId(), Signals: []*detectv1.SignalOut{{SignalType: "PersonDetected", Value: 1}}}, nil
}

// TestEightRemoteDetectorsOnOneCamera: a picture is encoded once, whoever wants it, and each question is about the newest there is.
func TestEightRemoteDetectorsOnOneCamera(t *testing.T) {
	p := &askedAbout{ids: map[uint64]bool{}}
	at := listen(t, p)
	var source strings.Builder
	source.WriteString("apiVersion: \"rvo/v1\"\ncameras: front: {synthetic: {pattern: \"alternating\", period: 3}, fps: 20, width: 320, height: 240}\n")
	for i := range 8 {
		fmt.Fprintf(&source, "detectors: d%d: {fps: 20, timeout: \"2s\", grpc: {endpoint: \"http://%s\", signals: person_detected: type: \"int\"}}\n", i, at)
	}
	source.WriteString("events: all: when: {signal: \"d0.person_detected\", gte: 1}\nsinks: log: jsonl: path: \"events.jsonl\"\n")
	codec, newest, older, runs := &counting{}, uint64(0), 0, 0
	r := start(t, source.String(), func(c *engine.Config) {
		c.Codec = codec
		c.Observe = func(ins []sched.Input, _ time.Duration, decided []sched.Decision) {
			for i := range ins {
				if ins[i].Kind == sched.InputFrame {
					newest = ins[i].Seq
				}
			}
			for i := range decided {
				if decided[i].Kind == sched.DecisionRun {
					if runs++; decided[i].Seq != newest {
						older++
					}
				}
			}
		}
	})
	r.until(60*time.Second, "three hundred questions", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.asked >= 300
	})
	r.end()
	// The end may come between the encoding of a picture and the first question about it.
	if encoded, asked := int(codec.n.Load()), len(p.ids); encoded != asked && encoded != asked+1 {
		t.Errorf("%d encodings of the %d pictures that were asked about", encoded, asked)
	}
	if older > 0 {
		t.Errorf("%d of %d questions were about a picture that was not the newest", older, runs)
	}
	t.Logf("8 detectors: %d questions about %d pictures, %d encodings", p.asked, len(p.ids), codec.n.Load())
}

// listen serves until the end of the test.
func listen(t testing.TB, s detectv1.DetectorServer) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	detectv1.RegisterDetectorServer(server, s)
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { server.Stop(); wg.Wait() })
	return l.Addr().String()
}
