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

// ParseBytes returns the size that s says in bytes: a whole number above 0 with unit B, KiB, MiB, GiB or TiB, at most
// 2^63 - 1 bytes.
func ParseBytes(s string) (int64, error) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	var shift uint
	switch s[digits:] {
	case "B":
	case "KiB":
		shift = 10
	case "MiB":
		shift = 20
	case "GiB":
		shift = 30
	case "TiB":
		shift = 40
	default:
		return 0, fmt.Errorf("size %q: must be a whole number with unit B, KiB, MiB, GiB or TiB", s)
	}
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err != nil || n > math.MaxInt64>>shift || n < 1 {
		return 0, fmt.Errorf("size %q: must be above 0 and at most 8388607TiB", s)
	}
	return n << shift, nil
}
