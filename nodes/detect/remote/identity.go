package remote

import (
	"strings"
	"sync/atomic"

	"rvo.dev/engine/node"
)

// maxWord bounds what is kept of a service's words about itself, in bytes: they go into every record of an event.
const maxWord = 200

// Said is which network last answered. The zero Said has not heard of any. A detector's model that embeds it is a
// node.Identifier.
type Said struct{ last atomic.Pointer[node.Identity] }

// Note takes down what a service says of itself, cut to a sensible length, and reports whether that is another than before.
func (s *Said) Note(is node.Identity) (other bool) {
	is = node.Identity{Name: word(is.Name), Version: word(is.Version), SHA256: word(is.SHA256)}
	if was := s.last.Load(); was != nil && *was == is {
		return false
	}
	s.last.Store(&is)
	return true
}

// Identity implements node.Identifier.
func (s *Said) Identity() node.Identity {
	if is := s.last.Load(); is != nil {
		return *is
	}
	return node.Identity{}
}

func word(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxWord)], "")
}
