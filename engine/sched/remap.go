package sched

import (
	"slices"
	"strings"

	"rvo.dev/engine/graph"
)

// Gone is the index of what a graph has not.
const Gone = -1

// Remap says where the things of one graph are in the graph that follows it: by old index the new one, or Gone. What has the
// same id is the same thing, whatever its settings are; a signal of another type is another signal.
type Remap struct {
	Cameras, Instances, Cells, Machines []int
}

// NewRemap compares two graphs. It depends on nothing else.
func NewRemap(from, to *graph.Graph) Remap {
	type place struct {
		camera int // in to
		name   string
	}
	cameras := map[string]int{}
	for i := range to.Cameras {
		cameras[to.Cameras[i].ID] = i
	}
	instances := map[place]int{}
	for i := range to.Instances {
		in := &to.Instances[i]
		instances[place{in.Camera, to.Detectors[in.Detector].ID}] = i
	}
	cells := map[place]int{}
	for i := range to.Cells {
		cells[place{to.Cells[i].Camera, to.Cells[i].Signal}] = i
	}
	machines := map[place]int{}
	for i := range to.Machines {
		m := &to.Machines[i]
		machines[place{m.Camera, to.Events[m.Event].ID}] = i
	}
	r := Remap{
		Cameras: make([]int, len(from.Cameras)), Instances: make([]int, len(from.Instances)),
		Cells: make([]int, len(from.Cells)), Machines: make([]int, len(from.Machines)),
	}
	for i := range from.Cameras {
		r.Cameras[i] = Gone
		if j, ok := cameras[from.Cameras[i].ID]; ok {
			r.Cameras[i] = j
		}
	}
	find := func(in map[place]int, camera int, name string) int {
		if camera != graph.AllCameras {
			if camera = r.Cameras[camera]; camera == Gone {
				return Gone
			}
		}
		if i, ok := in[place{camera, name}]; ok {
			return i
		}
		return Gone
	}
	for i := range from.Instances {
		in := &from.Instances[i]
		r.Instances[i] = find(instances, in.Camera, from.Detectors[in.Detector].ID)
	}
	for i := range from.Cells {
		r.Cells[i] = find(cells, from.Cells[i].Camera, from.Cells[i].Signal)
		if j := r.Cells[i]; j != Gone && to.Cells[j].Type != from.Cells[i].Type {
			r.Cells[i] = Gone
		}
	}
	for i := range from.Machines {
		m := &from.Machines[i]
		r.Machines[i] = find(machines, m.Camera, from.Events[m.Event].ID)
	}
	return r
}

// Replaced returns the instances of a graph whose detector is another than before, as the changes that lead to the graph
// say it.
func Replaced(to *graph.Graph, changes []graph.Change) []int {
	var out []int
	for i := range to.Instances {
		id := "detector/" + to.InstanceName(i)
		j, ok := slices.BinarySearchFunc(changes, id, func(c graph.Change, id string) int { return strings.Compare(c.ID, id) })
		if ok && changes[j].Action == graph.Replace {
			out = append(out, i)
		}
	}
	return out
}

// back returns the old index of each of n new ones, or Gone.
func back(indexes []int, n int) []int {
	out := slices.Repeat([]int{Gone}, n)
	for old, now := range indexes {
		if now != Gone {
			out[now] = old
		}
	}
	return out
}

// mapped reports whether old indexes mean the new ones, in their order.
func mapped(old, now []int, by []int) bool {
	return slices.EqualFunc(old, now, func(a, b int) bool { return by[a] == b })
}
