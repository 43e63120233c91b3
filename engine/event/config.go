package event

import (
	"errors"
	"fmt"
	"time"
)

// Config is what an event's machine goes by. The zero Config confirms at the first yes and ends at the first answer that
// is not yes.
type Config struct {
	Hold         time.Duration // how long the answer must be yes before the event is confirmed; 0: at once
	Grace        time.Duration // how long it may be no without losing what was reached; 0: not at all
	UnknownGrace time.Duration // how long a confirmed event may go without an answer; 0: not at all
	Cooldown     time.Duration // how long after its end nothing begins; 0: not at all
	MaxDuration  time.Duration // with HasMax: when a confirmed event ends although it is yes; 0: at once, a pulse
	HasMax       bool          // whether there is a MaxDuration
	Updates      time.Duration // how often a confirmed event says that it goes on; 0: never
}

// Validate returns what is wrong with the config, all of it: negative durations, and a machine that would confirm and end
// for ever at one instant. Step must not be given a config that Validate refuses.
func (c *Config) Validate() error {
	var errs []error
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"hold", c.Hold},
		{"grace", c.Grace},
		{"unknownGrace", c.UnknownGrace},
		{"cooldown", c.Cooldown},
		{"maxDuration", c.MaxDuration},
		{"updates", c.Updates},
	} {
		if d.value < 0 {
			errs = append(errs, fmt.Errorf("%s %s is negative: give 0s or more, or leave it out", d.name, d.value))
		}
	}
	if c.repeats() {
		errs = append(errs, errors.New(
			"maxDuration 0s with hold 0s and cooldown 0s would repeat for ever at one instant: give one of the three a duration"))
	}
	return errors.Join(errs...)
}

// repeats reports whether the machine could confirm and end without time going on.
func (c *Config) repeats() bool {
	return c.HasMax && c.MaxDuration == 0 && c.Hold == 0 && c.Cooldown == 0
}
