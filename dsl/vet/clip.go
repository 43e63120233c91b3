package vet

import (
	"fmt"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/evidence"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

// What is taken for a camera that does not say: the least that most give, so that what is too much is so for most.
const (
	assumedWidth, assumedHeight = 640, 480
	assumedFPS                  = 15.0
	// bytesPerPixel is a JPEG picture's at the default quality, of streets and rooms.
	bytesPerPixel = 0.15
)

// stream is an estimate of what a camera's kept pictures take.
type stream struct {
	width, height int
	fps           float64
	given         bool // size and rate are the pipeline's
}

// stream estimates the pictures of a camera that are kept; limit is the rate asked for, 0 for all.
func (*Pass) stream(c *graph.Camera, limit float64) stream {
	s := stream{c.Width, c.Height, c.FPS, true}
	if s.width == 0 || s.height == 0 {
		s.width, s.height, s.given = assumedWidth, assumedHeight, false
	}
	if s.fps == 0 {
		s.fps, s.given = assumedFPS, false
	}
	if limit > 0 {
		s.fps = min(s.fps, limit)
	}
	return s
}

// bytes returns what the pictures of so long take.
func (s stream) bytes(d time.Duration) int64 {
	return int64(float64(s.width*s.height) * bytesPerPixel * s.fps * d.Seconds())
}

// String says what the estimate is made of, and where that comes from.
func (s stream) String() string {
	return fmt.Sprintf("%d x %d, %v a second (%s), %v bytes a pixel (assumed)", s.width, s.height, s.fps, source(s.given), bytesPerPixel)
}

func ringMemoryCheck() Check {
	return Check{
		Code: "RVO401", Name: "rings that the memory does not hold", Built: true,
		Doc: `engine.ringMemory is shared out evenly among the cameras that need a ring. A camera whose pictures take more than ` +
			`its share keeps less time than its evidence asks for: clips begin late. The estimate is made of size and rate, ` +
			`given or assumed, and of a usual number of bytes a pixel. Raise ringMemory, keep fewer pictures (evidence fps), ` +
			`lower the quality, or ask for less time.`,
		Run: func(p *Pass) {
			worst, over, n := -1, int64(0), 0
			for i := range p.Graph.Cameras {
				c := &p.Graph.Cameras[i]
				if c.Ring == 0 {
					continue
				}
				n++
				if more := p.stream(c, c.RingFPS).bytes(c.Ring) - c.RingBytes; more > over {
					worst, over = i, more
				}
			}
			if worst < 0 {
				return
			}
			c := &p.Graph.Cameras[worst]
			s := p.stream(c, c.RingFPS)
			path := "engine.ringMemory"
			if !p.Doc.Has(path) {
				path = "cameras." + c.ID
			}
			p.Report(dsl.Finding{
				Severity: dsl.Warning, Path: path, Place: p.Doc.Place(path),
				Message: fmt.Sprintf("camera %s keeps %s, about %s (%s), and its share of ringMemory is %s (%s among %d)",
					c.ID, short(c.Ring), size(s.bytes(c.Ring)), s, size(c.RingBytes), size(p.Graph.RingMemory), n),
				Hint: fmt.Sprintf("ringMemory: %q or more, or fewer pictures with the evidence's fps", size(int64(n)*s.bytes(c.Ring))),
			})
		},
	}
}

// size prints bytes as people write them, rounded up to a whole unit.
func size(n int64) string {
	for _, unit := range []int64{1 << 40, 1 << 30, 1 << 20, 1 << 10} {
		if n >= 4*unit {
			return node.Bytes((n + unit - 1) / unit * unit).String()
		}
	}
	return node.Bytes(n).String()
}

func idleRingCheck() Check {
	return Check{
		Code: "RVO402", Name: "ring that nothing asks for", Built: true, Whole: true,
		Doc: `The camera is told how much to keep, and no event with evidence is watched on it: nothing is kept. Give an event ` +
			`evidence, or leave the ring out.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Cameras {
				if c := &p.Graph.Cameras[i]; c.CameraSpec.Ring > 0 && c.Ring == 0 {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: "cameras." + c.ID + ".ring", Place: p.Doc.Place("cameras." + c.ID + ".ring"),
						Message: fmt.Sprintf("camera %s is to keep %s, and no event with evidence is watched on it", c.ID, short(c.CameraSpec.Ring)),
						Hint:    "give an event evidence, or leave the ring out",
					})
				}
			}
		},
	}
}

func largeClipCheck() Check {
	return Check{
		Code: "RVO403", Name: "clip larger than all that is kept", Built: true,
		Doc: `One clip is estimated at more than the maxBytes of its evidence: it would push out every other, and go when the ` +
			`next one comes. Raise maxBytes, or keep fewer pictures.`,
		Run: func(p *Pass) {
			p.kept(func(e *graph.Event, ev *graph.EvidenceSpec, c *graph.Camera) bool {
				s := p.stream(c, ev.FPS)
				clip := s.bytes(ev.Pre + ev.Post)
				if ev.MaxBytes == 0 || clip <= ev.MaxBytes {
					return false
				}
				p.Report(dsl.Finding{
					Severity: dsl.Warning, Path: "evidence." + ev.ID + ".maxBytes",
					Message: fmt.Sprintf("a clip of event %s on camera %s is about %s (%s of %s), and all clips may have %s",
						e.ID, c.ID, size(clip), short(ev.Pre+ev.Post), s, size(ev.MaxBytes)),
					Hint: fmt.Sprintf("maxBytes: %q for ten of them", size(10*clip)),
				})
				return true
			})
		},
	}
}

func surplusClipCheck() Check {
	return Check{
		Code: "RVO405", Name: "more pictures than the camera gives", Built: true,
		Doc: `The evidence asks for more pictures a second than any camera of its events gives: the surplus never happens.`,
		Run: func(p *Pass) {
			fastest, unknown := map[string]float64{}, map[string]bool{}
			p.kept(func(_ *graph.Event, ev *graph.EvidenceSpec, c *graph.Camera) bool {
				fastest[ev.ID] = max(fastest[ev.ID], c.FPS)
				unknown[ev.ID] = unknown[ev.ID] || c.FPS == 0
				return false
			})
			for i := range p.Graph.Evidence {
				ev := &p.Graph.Evidence[i]
				if fps, ok := fastest[ev.ID]; ok && !unknown[ev.ID] && ev.FPS > fps {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: "evidence." + ev.ID + ".fps",
						Message: fmt.Sprintf("evidence %s asks for %v pictures a second, and its cameras give %v at most (given)", ev.ID, ev.FPS, fps),
						Hint:    fmt.Sprintf("fps: %v, or leave it out", fps),
					})
				}
			}
		},
	}
}

// kept visits every camera on which an event with evidence is watched, of each evidence until visit returns true.
func (p *Pass) kept(visit func(*graph.Event, *graph.EvidenceSpec, *graph.Camera) bool) {
	done := map[int]bool{}
	for i := range p.Graph.Events {
		e := &p.Graph.Events[i]
		if e.Evidence < 0 {
			continue
		}
		for _, m := range e.Machines {
			if c := p.Graph.Machines[m].Camera; c >= 0 && !done[e.Evidence] {
				done[e.Evidence] = visit(e, &p.Graph.Evidence[e.Evidence], &p.Graph.Cameras[c])
			}
		}
	}
}

func longClipCheck() Check {
	return Check{
		Code: "RVO407", Name: "clip longer than there can be", Core: true,
		Doc: `Before and after an event at most ten minutes each are kept: a ring cannot hold more. Keep long stretches with a ` +
			`recorder.`,
		Run: func(p *Pass) {
			for _, ev := range p.Spec.Evidence {
				for field, d := range map[string]time.Duration{"pre": ev.Pre, "post": ev.Post} {
					if d > evidence.MaxWindow {
						p.Report(dsl.Finding{
							Path:    "evidence." + ev.ID + "." + field,
							Message: fmt.Sprintf("evidence %s asks for %s %s the event", ev.ID, short(d), map[string]string{"pre": "before", "post": "after"}[field]),
							Hint:    "at most " + short(evidence.MaxWindow),
						})
					}
				}
			}
		},
	}
}
