package main

import "time"

// timeout is what the pipeline gives each run, as `rvo run --detector` does.
const timeout = 200 * time.Millisecond

// fault is what may be wrong with a service.
type fault struct {
	name string
	mode mode
	// latency is how much later answers come.
	latency time.Duration
	// begin and end do what a mode of the service alone cannot; nil: nothing.
	begin, end func(*service) error
	// causes are those, as hop/cause, that runs may fail for while it lasts; none: no run may fail.
	causes []string
	// counted says that the service knows how many of its answers failed a run, so that the numbers must be equal.
	counted bool
	tls     bool
}

// faults are those a service can have, the harmless ones first.
func faults() []fault {
	lost := []string{"network/reset", "network/connect"}
	return []fault{
		{name: "0 ms", mode: well},
		{name: "50 ms", mode: well, latency: 50 * time.Millisecond},
		{name: "500 ms", mode: well, latency: 500 * time.Millisecond, causes: []string{"server/deadline"}},
		{name: "20 % errors", mode: errs, causes: []string{"server/error"}, counted: true},
		// A stream that was used is tried once more over a new connection.
		{name: "resets", mode: resets, causes: lost},
		{name: "hung", mode: well, begin: (*service).freeze, end: (*service).thaw, causes: []string{"server/deadline"}},
		{name: "garbage", mode: garbage, causes: []string{"answer/garbage"}, counted: true},
		{name: "half-closed", mode: halfClosed, causes: []string{"server/closed"}},
		{name: "killed and back", mode: well, begin: (*service).kill, end: (*service).start, causes: lost},
		{name: "wrong certificate", mode: well, begin: (*service).disguise, end: (*service).restart, causes: append([]string{"network/tls"}, lost...), tls: true},
		{name: "100 MiB", mode: large, causes: []string{"answer/large"}, counted: true},
	}
}
