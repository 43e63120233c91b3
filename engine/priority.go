package engine

import "fmt"

// DefaultNice is the mildest lowering of detectors' threads that keeps a busy one from delaying the core by a scheduler's
// slice: p99 of arrival to start fell from 2-4 ms to 50-256 us with it (PERF 2.3). A higher one delays it less still, and
// beside other busy programs the detectors more: at 10 a run of 50 ms took up to 0.8 s, at 5 it took 7 ms longer.
const DefaultNice = 5

// MaxNice is the lowest priority there is.
const MaxNice = 19

// nice returns how far detectors' threads are to be lowered.
func (c *Config) nice() (int, error) {
	if c.Nice == nil {
		return DefaultNice, nil
	}
	if n := *c.Nice; n < 0 || n > MaxNice {
		return 0, fmt.Errorf("engine: detectors at nice %d: must be from 0 (as everything else) to %d (last of all); %d is what is usual", n, MaxNice, DefaultNice)
	}
	return *c.Nice, nil
}
