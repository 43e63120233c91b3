package node

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is an option of the schema's type #Duration: a Go duration text such as "250ms".
type Duration time.Duration

// D returns the duration as the standard library's type.
func (d Duration) D() time.Duration { return time.Duration(d) }

// Or returns the duration, or def where the option was left out.
func (d Duration) Or(def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return time.Duration(d)
}

// String returns the duration's text.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalJSON writes the duration as its text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads a duration text. A bare number has no unit and is refused, and so is a negative duration.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("duration %s: must be a text with a unit such as \"250ms\"", data)
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("duration %q: must be 0s or more with a unit, such as \"250ms\", \"2s\" or \"1m30s\"", s)
	}
	*d = Duration(v)
	return nil
}

// Bytes is an option of the schema's type #Bytes: a size such as "64MiB".
type Bytes int64

// The units of Bytes, largest first so that the shortest text is found. kB, MB and GB are powers of a thousand.
func byteUnits() []byteUnit {
	return []byteUnit{
		{"TiB", 1 << 40},
		{"GiB", 1 << 30},
		{"MiB", 1 << 20},
		{"KiB", 1 << 10},
		{"TB", 1e12},
		{"GB", 1e9},
		{"MB", 1e6},
		{"kB", 1e3},
		{"KB", 1e3},
		{"B", 1},
	}
}

type byteUnit struct {
	name string
	size int64
}

// ParseBytes returns the size that a text such as "64MiB" stands for. It refuses negative sizes, fractions, unknown
// units and sizes past 2^63 - 1.
func ParseBytes(s string) (Bytes, error) {
	for _, u := range byteUnits() {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 0 || digits[0] == '+' || n > math.MaxInt64/u.size {
			break
		}
		return Bytes(n * u.size), nil
	}
	return 0, fmt.Errorf("size %q: must be a whole number with a unit, such as \"64MiB\", \"2GB\" or \"512KiB\"", s)
}

// String returns the shortest exact text, in binary units.
func (b Bytes) String() string {
	for _, u := range byteUnits()[:4] {
		if b != 0 && int64(b)%u.size == 0 {
			return strconv.FormatInt(int64(b)/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}

// MarshalJSON writes the size as its text.
func (b Bytes) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }

// UnmarshalJSON reads a size text.
func (b *Bytes) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("size %s: must be a text with a unit such as \"64MiB\"", data)
	}
	v, err := ParseBytes(s)
	if err != nil {
		return err
	}
	*b = v
	return nil
}
