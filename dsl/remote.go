package dsl

import (
	"fmt"
	"strings"
)

// Remote is a detector that runs somewhere else, as a command line names it.
type Remote struct {
	ID       string // of the detector; its signal is value
	Endpoint string // http://host:port
	Signal   string // the service's name of the signal
}

// AdHocRemotes returns the text of a pipeline's detectors for these services, for Options.Extra: 15 pictures a second, 200 ms
// for each answer, values that count for a second, which is what the first RVO gave a detector of its command line. Their
// signals are whole numbers. With events, there is an event for each, in the terms of the pipelines of AdHocDevice and
// AdHocURI; a picture in which the service finds nothing is a no.
func AdHocRemotes(remotes []Remote, events bool) []byte {
	var b strings.Builder
	b.WriteString("// Made by rvo for the services of its command line.\n")
	for _, r := range remotes {
		fmt.Fprintf(&b, `
detectors: %[1]s: {
	fps:     15
	timeout: "200ms"
	grpc: {
		endpoint: %[2]s
		signals: value: {type: "int", wire: %[3]s}
	}
	emits: value: ttl: "1s"
}
`, quoted(r.ID), quoted(r.Endpoint), quoted(r.Signal))
		if !events {
			continue
		}
		fmt.Fprintf(&b, `events: %[1]s: {
	when: {signal: %[2]s, gte: 1, unknown: "no"}
	hold:     "1500ms" // longer than one answer counts
	grace:    "1s"
	cooldown: "5s"
	evidence: "clips"
}
`, quoted(r.ID), quoted(r.ID+".value"))
	}
	return []byte(b.String())
}
