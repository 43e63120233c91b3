package graph

import (
	"time"

	"rvo.dev/engine/event"
	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

// Graph is a checked pipeline: flat lists that point at one another by index. It is made by Build alone, never changes
// afterwards and may be read from any goroutine; whoever reads it must not write to its slices.
type Graph struct {
	Name     string
	Dir      string
	Revision string

	Cores      int   // CPU slots, 0: as many as the machine has
	RingMemory int64 // bytes for all rings
	Reserve    int   // CPU slots for critical detectors alone
	Memory     int64 // bytes for rings and buffers of pictures; 0: no limit

	Cameras   []Camera
	Detectors []Detector
	Instances []Instance
	Cells     []Cell
	Events    []Event
	Machines  []Machine
	Evidence  []EvidenceSpec
	Sinks     []Sink

	// Disabled are the ids of cameras, detectors and events that the pipeline has and that are not enabled, as those of Node.
	Disabled []string

	// Lockstep says that the core runs on media time.
	Lockstep bool
}

// Camera is an enabled camera.
type Camera struct {
	CameraSpec
	Kind      *node.Kind
	Instances []int         // instances on this camera, by index
	Machines  []int         // machines on this camera
	Own       [3]int        // cells of up, frozen and fps
	Ring      time.Duration // evidence history; 0: no event with evidence looks at this camera
	RingFPS   float64       // pictures a second the ring keeps; 0: all
	RingBytes int64         // bound of the ring
	Quality   int           // JPEG quality of the ring: the best that a policy asks
}

// Detector is an enabled detector.
type Detector struct {
	DetectorSpec
	Kind      *node.Kind
	Emits     []node.Emit
	Cost      time.Duration // expected time of one run; this and the next four may differ on a camera: see Instance
	Class     CostClass
	Period    time.Duration // 1 / fps
	Slowest   time.Duration // 1 / minFps; 0: no floor
	Timeout   time.Duration
	Threads   int
	Priority  Priority // the highest of its instances
	Instances []int
}

// Instance is a detector on one of its cameras: one lane of the core.
type Instance struct {
	Tuning
	Detector, Camera int
	Seed             uint64
	Outputs          []int // cells of the detector's Emits, in their order
	Needs            []int // cells that must be fresh
	NeedNames        []string
	Producers        []int          // instances whose results offer it work, from Needs
	Consumers        []int          // the reverse
	Gate             *event.Program // nil: always
	Blocking         bool
	NoFrame          bool
	External         bool // it is never run: its signals are told from outside
}

// Cell is one signal on one camera.
type Cell struct {
	Camera   int
	Detector string
	Signal   string // "detector.signal"
	Type     signal.Type
	TTL      time.Duration
	Instance int  // the instance that writes it, -1 when no detector does (disabled, or not on this camera)
	Own      bool // the camera's own signal, which the core writes
}

// Written reports whether anything that runs can give the cell a value. Others are there for conditions to read, which they leave
// unknown: those of a detector that is not enabled or not on this camera.
func (c *Cell) Written() bool { return c.Own || c.Instance >= 0 }

// Event is an enabled event.
type Event struct {
	EventSpec
	Config   event.Config
	Schedule *event.Schedule // from During; nil: always
	Evidence int             // index, -1: none
	Sinks    []int           // indexes
	Machines []int
}

// AllCameras stands for the camera of a machine in scope pipeline.
const AllCameras = -1

// Machine is an event on one of its cameras, or on AllCameras.
type Machine struct {
	Event, Camera int
	Program       *event.Program
	// Cameras are the cameras whose pictures are evidence of it, in order: the machine's own, or in scope pipeline all that
	// its condition reads.
	Cameras []int
}

// Sink is a place where records go.
type Sink struct {
	SinkSpec
	Kind  *node.Kind
	Queue int
}

// CameraIndex returns the index of the camera with this id, or -1.
func (g *Graph) CameraIndex(id string) int {
	for i := range g.Cameras {
		if g.Cameras[i].ID == id {
			return i
		}
	}
	return -1
}

// CameraID returns the id of the camera with this index; empty for AllCameras.
func (g *Graph) CameraID(i int) string {
	if i == AllCameras {
		return ""
	}
	return g.Cameras[i].ID
}

// InstanceName returns "detector@camera" as people read it.
func (g *Graph) InstanceName(i int) string {
	in := &g.Instances[i]
	return g.Detectors[in.Detector].ID + "@" + g.Cameras[in.Camera].ID
}
