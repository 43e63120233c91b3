package cli

import (
	"fmt"
	"strings"

	"rvo.dev/dsl"
	"rvo.dev/engine/signal"
)

// parseRemotes reads ENDPOINT=SIGNAL of --detector. The detector's id is the signal's name in small letters with _ between its
// words.
func parseRemotes(args []string) ([]dsl.Remote, error) {
	var out []dsl.Remote
	seen := map[string]string{}
	for _, arg := range args {
		endpoint, name, ok := strings.Cut(arg, "=")
		if !ok || endpoint == "" || name == "" {
			return nil, fmt.Errorf("--detector %s: must be ENDPOINT=SIGNAL, such as http://localhost:50051=PersonDetected", dsl.Redact(arg))
		}
		id := signal.NameOf(name)
		if id == "" {
			return nil, fmt.Errorf("--detector %s: the signal %q has neither a letter nor a digit to name it by", dsl.Redact(arg), name)
		}
		if other, twice := seen[id]; twice {
			return nil, fmt.Errorf("--detector: %s and %s are both %s in a pipeline: give one, or write the detectors into a pipeline", other, name, id)
		}
		seen[id] = name
		if !strings.Contains(endpoint, "://") {
			endpoint = "http://" + endpoint
		}
		out = append(out, dsl.Remote{ID: id, Endpoint: endpoint, Signal: name})
	}
	return out, nil
}
