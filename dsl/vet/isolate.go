package vet

import (
	"fmt"
	"path/filepath"
	"strings"

	"rvo.dev/dsl"
)

// isolateCheck recommends a process of its own for networks that nobody has tried but their owner.
func isolateCheck() Check {
	return Check{
		Code: "RVO803", Name: "network of yours in rvo's own process", Built: true, Env: true,
		Doc: `A detector computes a network from a file of yours in a library that is part of rvo's process. What the library makes ` +
			`of a network that it was never tried with may be an abort, a fault or memory without end, and that ends rvo. With ` +
			`isolate: "process" it ends one process, which is started again; a run takes about half a millisecond more, and so much ` +
			`of a processor. Write isolate: "thread" where the network has proved good. Nothing is said of networks that rvo models ` +
			`pull brought. Only where vet is asked to look at the machine too.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Detectors {
				d := &p.Graph.Detectors[i]
				c := &d.Kind.Contract
				if c.Probe == nil || p.Doc.Has("detectors."+d.ID+".isolate") {
					continue
				}
				for _, r := range c.Uses(d.Options).Reads {
					file := p.inputPath(r.Value)
					if p.pulled(file) || readable(file) != nil {
						continue
					}
					p.Report(dsl.Finding{
						Severity: dsl.Info, Path: "detectors." + d.ID + "." + d.DetectorSpec.Kind + "." + r.Option,
						Message: fmt.Sprintf("detector %s computes %s in rvo's own process: what breaks there ends rvo", d.ID, r.Value),
						Hint:    `write isolate: "process" (Linux), or "thread" where the network has proved good`,
					})
					break // once for each detector
				}
			}
		},
	}
}

// pulled reports whether a file's place is one that rvo models pull fills, with files that were tried with this program.
func (p *Pass) pulled(file string) bool {
	return p.models != "" && strings.HasPrefix(file, p.models+string(filepath.Separator))
}
