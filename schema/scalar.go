package schema

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// ParseDuration returns the length of time that s says: numbers with units ns, us, ms, s, m, h, not negative, at most
// about 292 years. A number without a unit is refused, zero too.
func ParseDuration(s string) (time.Duration, error) {
	if s == "" || s[0] < '0' || s[0] > '9' || strings.Trim(s, "0123456789.") == "" {
		return 0, fmt.Errorf("duration %q: must be numbers with units, such as \"250ms\", \"2s\" or \"1m30s\"", s)
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("duration %q: must be numbers with units (ns, us, ms, s, m, h) and at most about 292 years", s)
	}
	return d, nil
}

// ParseBytes returns the size that s says in bytes: a whole number with unit B, KiB, MiB, GiB or TiB, or kB, MB, GB or TB
// for powers of a thousand, at most 2^63 - 1 bytes.
func ParseBytes(s string) (int64, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	unit, ok := map[string]int64{
		"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
		"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	}[s[digits:]]
	if !ok || digits == 0 {
		return 0, fmt.Errorf("size %q: must be a whole number with a unit, such as \"512KiB\", \"64MiB\" or \"2GB\"", s)
	}
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("size %q: must be below 8EiB", s)
	}
	return n * unit, nil
}
