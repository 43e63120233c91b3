package cv

import (
	"encoding/json"
	"fmt"
	"time"
)

// orDefault returns v, or d where v is not set.
func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// duration reads an option that is a duration text, d where it is not set.
func duration(name, text string, d time.Duration) (time.Duration, error) {
	if text == "" {
		return d, nil
	}
	v, err := time.ParseDuration(text)
	if err != nil || v <= 0 {
		return 0, fmt.Errorf("%s %q: must be a duration above 0 such as \"5s\"", name, text)
	}
	return v, nil
}

// within reports that an option lies outside its bounds. The schema says the same to whoever writes a pipeline; this is
// for options that come another way, because OpenCV checks little of what it is given.
func within[T int | float64](name string, v, least, most T) error {
	if v >= least && v <= most { // also refuses NaN
		return nil
	}
	return fmt.Errorf("%s %v: must be from %v to %v", name, v, least, most)
}

// parse reads options that the schema has already checked; what it does not understand keeps its zero value.
func parse[O any](raw json.RawMessage) O {
	var o O
	_ = json.Unmarshal(raw, &o)
	return o
}
