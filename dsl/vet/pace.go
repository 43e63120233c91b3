package vet

import (
	"fmt"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

func paceCheck() Check {
	return Check{
		Code: "RVO112", Name: "lockstep that cannot be", Core: true,
		Doc: `With pace: "lockstep" the pipeline's time is that of its files: the next picture comes when all that is due has ` +
			`finished. That holds for all cameras or for none, and a source that goes on by itself (a device, a stream) ` +
			`cannot wait.`,
		Run: func(p *Pass) {
			var live, lockstep *graph.CameraSpec
			for _, c := range p.cameras(nil) {
				if c.Pace == graph.PaceLive {
					if live == nil {
						live = c
					}
					continue
				}
				if lockstep == nil {
					lockstep = c
				}
				if k := p.contract(node.RoleCamera, c.Kind); k != nil && k.Live {
					p.Report(dsl.Finding{
						Path:    "cameras." + c.ID + ".pace",
						Message: fmt.Sprintf("camera %s cannot run in lockstep: %s goes on by itself and does not wait", c.ID, c.Kind),
						Hint:    "leave pace out, or play a recording with file",
					})
				}
			}
			if live != nil && lockstep != nil {
				p.Report(dsl.Finding{
					Path:    "cameras." + lockstep.ID + ".pace",
					Message: fmt.Sprintf("camera %s runs in lockstep and camera %s live: a pipeline has one time", lockstep.ID, live.ID),
					Related: []dsl.Related{{Place: p.Doc.Place("cameras." + live.ID), Message: "camera " + live.ID}},
					Hint:    "give all cameras the same pace",
				})
			}
		},
	}
}

func noCameraCheck() Check {
	return Check{
		Code: "RVO113", Name: "pipeline without a camera", Core: true,
		Doc: `No camera is enabled: there is nothing to run.`,
		Run: func(p *Pass) {
			if len(p.cameras(nil)) > 0 {
				return
			}
			f := dsl.Finding{Path: "cameras", Place: p.Doc.Place("cameras"), Message: "the pipeline has no camera"}
			if len(p.Spec.Cameras) > 0 {
				f.Message = "no camera of the pipeline is enabled"
			}
			f.Hint = "add one, such as cameras: front: synthetic: {}"
			p.Report(f)
		},
	}
}
