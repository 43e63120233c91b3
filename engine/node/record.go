package node

// Record is an event record as it is published: one JSON object on one line, described by
// schema/event.schema.json. Times are RFC 3339 in UTC with nanoseconds, durations are Go duration texts ("1.5s").
type Record struct {
	Schema   string `json:"schema"` // "rvo.event/v1"
	ID       string `json:"id"`     // of this occurrence: the same for its confirmed, updated and ended records
	Event    string `json:"event"`
	Camera   string `json:"camera"`
	State    string `json:"state"`            // "confirmed", "updated" or "ended"
	Reason   string `json:"reason,omitempty"` // of "ended": no, unknown, max, disabled, removed, shutdown
	Severity string `json:"severity"`

	Time      string `json:"time"`              // when the core decided this record
	Since     string `json:"since"`             // when the condition became yes
	Confirmed string `json:"confirmed"`         // when it had held long enough
	Capture   string `json:"capture,omitempty"` // of the newest picture that decided
	Duration  string `json:"duration,omitempty"`
	Seq       uint64 `json:"seq"` // occurrences of this event on this camera in this run, from 1

	Labels map[string]string `json:"labels,omitempty"`
	Leaves []RecordLeaf      `json:"leaves"`
	// Models are the networks behind what the condition reads, by detector, of those detectors that have one.
	Models   map[string]Identity `json:"models,omitempty"`
	Evidence string              `json:"evidence,omitempty"` // the clip's folder, relative to the evidence folder

	Run        string `json:"run"`
	Pipeline   string `json:"pipeline"`
	Revision   string `json:"revision"`
	Generation uint64 `json:"generation"`
}

// RecordLeaf is one leaf of the condition at the moment of the record.
type RecordLeaf struct {
	Path   string `json:"path"`
	Camera string `json:"camera,omitempty"`
	Signal string `json:"signal"`
	Test   string `json:"test,omitempty"`
	Answer string `json:"answer"` // yes, no, unknown
	Value  any    `json:"value"`  // null when never seen
	Age    string `json:"age,omitempty"`
	Frame  uint64 `json:"frame,omitempty"`
}
