package api

// SeedState is GET /api/state: the state in the shape that the first RVO had, for pages and scripts that were written for it.
type SeedState struct {
	Camera  string       `json:"camera"`
	Config  string       `json:"config"`
	Signals []SeedSignal `json:"signals"`
	Metrics SeedMetrics  `json:"metrics"`
	Nodes   []SeedNode   `json:"nodes"`
	Events  []SeedEvent  `json:"events"` // the newest first, at most 10
}

// SeedSignal is a signal by its name alone; present while it is fresh.
type SeedSignal struct {
	Name    string `json:"name"`
	Present bool   `json:"present"`
	Value   any    `json:"value"`
}

// SeedMetrics are sums over all cameras and detectors.
type SeedMetrics struct {
	Ticks            uint64  `json:"ticks"`
	DetectorExecs    uint64  `json:"detector_execs"`
	DetectorSkips    uint64  `json:"detector_skips"`
	DetectorFailures uint64  `json:"detector_failures"`
	EventsEmitted    uint64  `json:"events_emitted"`
	FrameDrops       uint64  `json:"frame_drops"`
	AvgExecUS        float64 `json:"avg_exec_us"`
}

// SeedNode is a detector; endpoint and signal are of remote ones, else null.
type SeedNode struct {
	Label    string  `json:"label"`
	Kind     string  `json:"kind"`
	Endpoint *string `json:"endpoint"`
	Signal   *string `json:"signal"`
}

// SeedEvent is a confirmed event. Confidence is 1: conditions are yes or not.
type SeedEvent struct {
	Type       string  `json:"type"`
	T          float64 `json:"t"` // seconds since the start
	Confidence float64 `json:"confidence"`
}
