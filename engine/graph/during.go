package graph

import (
	"fmt"
	"time"

	"rvo.dev/engine/event"
)

// schedule reads the hours in which an event is watched; nil for always.
func (b *builder) schedule(e *EventSpec) *event.Schedule {
	if e.During == nil {
		return nil
	}
	place, err := TimeZone(e.During.TimeZone)
	if err != nil {
		b.fail("event %q: during: %w", e.ID, err)
		return nil
	}
	s, err := event.ParseSchedule(e.During.Hours, place)
	if err != nil {
		b.fail("event %q: during: %w", e.ID, err)
		return nil
	}
	return s
}

// TimeZone returns the time zone with an IANA name, such as "Europe/Berlin" or "UTC". The zone of this machine is refused: the
// same pipeline would mean something else elsewhere.
func TimeZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q is another on every machine: give a name such as \"Europe/Berlin\" or \"UTC\"", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known here: give a name such as \"Europe/Berlin\" or \"UTC\"", name)
	}
	return zone, nil
}
