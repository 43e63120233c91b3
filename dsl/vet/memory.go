package vet

import (
	"fmt"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/engine/graph"
)

func memoryCheck() Check {
	return Check{
		Code: "RVO408", Name: "pictures that the memory does not hold", Built: true,
		Doc: `engine.memory bounds evidence rings and the buffers of pictures together. A camera has four buffers, four more for ` +
			`each detector on it and three with evidence, each of a picture with its views, about four bytes a pixel; it claims ` +
			`them when it opens, and one whose buffers do not fit is closed again. It is an error where the sizes that cameras ` +
			`give are enough to fill the memory, and a warning where a size had to be assumed (1920 x 1080). Raise memory, lower ` +
			`ringMemory, ask for smaller pictures, or for fewer detectors.`,
		Run: func(p *Pass) {
			limit := p.Graph.Memory
			items := graph.MemoryOf(p.Graph, nil)
			_, all := graph.Sum(items)
			if limit == 0 || all <= limit {
				return
			}
			sure := slices.DeleteFunc(slices.Clone(items), func(i graph.MemoryItem) bool { return i.Source == graph.Assumed })
			_, given := graph.Sum(sure)
			f := dsl.Finding{Path: "engine.memory", Severity: dsl.Warning}
			if given > limit {
				f.Severity = dsl.Error
			}
			largest := slices.MaxFunc(items, func(a, b graph.MemoryItem) int {
				switch {
				case !a.Pictures || b.Pictures && a.Bytes < b.Bytes:
					return -1
				case a.Bytes == b.Bytes:
					return 0
				}
				return 1
			})
			f.Message = fmt.Sprintf("pictures take up to %s of the %s there are: most by %s, %s of %s (%s)",
				size(all), size(limit), largest.Node, size(largest.Bytes), largest.What, largest.Source)
			f.Hint = fmt.Sprintf("memory: %q or more, or smaller pictures, fewer detectors or a smaller ringMemory", size(all))
			p.Report(f)
		},
	}
}
