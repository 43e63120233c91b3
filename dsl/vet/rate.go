package vet

import (
	"fmt"
	"math"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
)

func surplusRateCheck() Check {
	return Check{
		Code: "RVO206", Name: "rate above the camera's", Built: true,
		Doc: `The detector would run more often than any of its cameras gives a picture: the surplus never happens, while load ` +
			`and ttl look as if it did. Give it the camera's rate or less.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Detectors {
				d := &p.Graph.Detectors[i]
				if c := surplus(p.Graph, d); c != nil {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: "detectors." + d.ID + ".fps",
						Message: fmt.Sprintf("detector %s would run %v times a second, and its camera %s gives %v pictures (given)", d.ID, d.FPS, c.ID, c.FPS),
						Related: []dsl.Related{p.related("cameras."+c.ID+".fps", "the camera's rate")},
						Hint:    fmt.Sprintf("fps: %v is all that happens", c.FPS),
					})
				}
			}
		},
	}
}

// surplus returns the fastest of a detector's cameras where all of them are slower than it; nil otherwise.
func surplus(g *graph.Graph, d *graph.Detector) *graph.Camera {
	var best *graph.Camera
	for _, i := range d.Instances {
		in := &g.Instances[i]
		c := &g.Cameras[in.Camera]
		if in.NoFrame || c.FPS == 0 || in.Period >= every(c.FPS) {
			return nil
		}
		if best == nil || c.FPS > best.FPS {
			best = c
		}
	}
	return best
}

func unevenRateCheck() Check {
	return Check{
		Code: "RVO210", Name: "rate that does not divide the camera's", Built: true,
		Doc: `The detector can look only at pictures that come. A rate that does not divide the camera's makes the time between ` +
			`two runs go back and forth between two numbers of pictures. That is no fault where nothing counts runs; a rate ` +
			`that divides is steadier.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Detectors {
				d := &p.Graph.Detectors[i]
				for _, i := range d.Instances {
					in := &p.Graph.Instances[i]
					c := &p.Graph.Cameras[in.Camera]
					if in.NoFrame || len(in.Producers) > 0 || !uneven(c.FPS*in.Period.Seconds()) {
						continue
					}
					fps := 1 / in.Period.Seconds()
					n := math.Floor(c.FPS / fps)
					p.Report(dsl.Finding{
						Severity: dsl.Info, Path: "detectors." + d.ID + ".fps",
						Message: fmt.Sprintf("%.3g runs a second of camera %s's %v pictures (given): %s, then %s between two runs, by turns",
							fps, c.ID, c.FPS, short(pictures(n, c.FPS)), short(pictures(n+1, c.FPS))),
						Related: []dsl.Related{p.related("cameras."+c.ID+".fps", "the camera's rate")},
						Hint:    fmt.Sprintf("%.3g or %.3g a second divide it", c.FPS/(n+1), c.FPS/n),
					})
					break
				}
			}
		},
	}
}

// uneven reports whether a run for so many pictures makes the time between runs differ by more than a twentieth. From five
// pictures on one more or less is no great matter.
func uneven(n float64) bool {
	if n <= 1 || n >= 5 {
		return false
	}
	return math.Abs(n-math.Round(n))/n > 0.05
}

// pictures returns the time of n pictures.
func pictures(n, fps float64) time.Duration { return time.Duration(n / fps * float64(time.Second)) }
