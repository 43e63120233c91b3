package event

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule says at which hours of the week something is open, as a clock on the wall of one place shows them. Where that
// clock is set forward the hour left out does not exist, and where it is set back the hour shown twice counts twice. A
// Schedule is immutable.
type Schedule struct {
	spans []string
	place *time.Location
	week  []hours // in order, apart from each other
}

// hours is a part of the week, in nanoseconds since the wall clock showed Monday 00:00; to does not belong to it.
type hours struct{ from, to int64 }

const (
	aDay  = int64(24 * time.Hour)
	aWeek = 7 * aDay
)

// ParseSchedule reads spans such as "mon-fri 08:00-18:00", "sat,sun" and "22:00-06:00". Days left out are every day, hours
// left out the whole day; hours that end before they begin end on the next day. The spans are open together. place is
// where the clock hangs. The error joins all that is wrong, each with a way out.
func ParseSchedule(spans []string, place *time.Location) (*Schedule, error) {
	s := &Schedule{place: place}
	var errs []error
	if len(spans) == 0 {
		errs = append(errs, errors.New(`schedule has no hours: give at least one span, such as "mon-fri 08:00-18:00"`))
	}
	var week []hours
	for _, text := range spans {
		open, err := parseSpan(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("hours %q: %w", text, err))
		}
		week = append(week, open...)
		s.spans = append(s.spans, strings.Join(strings.Fields(text), " "))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.SortFunc(week, func(a, b hours) int { return cmp.Compare(a.from, b.from) })
	for _, h := range week {
		if n := len(s.week); n > 0 && h.from <= s.week[n-1].to {
			s.week[n-1].to = max(s.week[n-1].to, h.to)
			continue
		}
		s.week = append(s.week, h)
	}
	return s, nil
}

// String returns the spans and the place.
func (s *Schedule) String() string {
	return strings.Join(s.spans, ", ") + " (" + s.place.String() + ")"
}

// At reports whether it is open at wall, and when that changes next: math.MaxInt64 if never. Both are wall times in
// nanoseconds since 1970 UTC. At the returned instant it is the other way round already.
func (s *Schedule) At(wall int64) (open bool, next int64) {
	if s.week[0] == (hours{0, aWeek}) {
		return true, math.MaxInt64
	}
	open, left, ends := s.look(wall)
	for at := wall; ; {
		switch {
		case left < ends-at:
			return open, at + left
		case ends == math.MaxInt64:
			return open, ends
		}
		// The clock may be set before that: what it shows then decides.
		at = ends
		var now bool
		if now, left, ends = s.look(at); now != open {
			return open, at
		}
	}
}

// look reads the clock on the wall: whether it is open, how long until that changes if nobody sets the clock, and until
// when nobody does, math.MaxInt64 for ever.
func (s *Schedule) look(wall int64) (open bool, left, ends int64) {
	t := time.Unix(0, wall).In(s.place)
	_, offset := t.Zone()
	_, end := t.ZoneBounds()
	ends = math.MaxInt64
	if !end.IsZero() && end.Unix() < math.MaxInt64/int64(time.Second) {
		ends = end.UnixNano()
		if ends <= wall {
			// Go 1.26 does so on the last day of a leap year, in years that a zone's table has no more (2040). Clocks are
			// not set on that day: it goes on in steps.
			ends = wall + int64(time.Hour)
		}
	}
	shown := (wall%aWeek + 3*aDay + int64(offset)*int64(time.Second)) % aWeek // 1970 began on a Thursday
	if shown < 0 {
		shown += aWeek
	}
	first := s.week[0]
	for _, h := range s.week {
		switch {
		case shown < h.from:
			return false, h.from - shown, ends
		case shown < h.to && h.to == aWeek && first.from == 0: // open over the end of the week
			return true, aWeek - shown + first.to, ends
		case shown < h.to:
			return true, h.to - shown, ends
		}
	}
	return false, aWeek - shown + first.from, ends
}

// parseSpan reads DAYS HH:MM-HH:MM, of which either may be left out, and returns the parts of the week it opens.
func parseSpan(text string) ([]hours, error) {
	fields := strings.Fields(text)
	days, from, to := everyDay, int64(0), aDay
	var err error
	switch {
	case len(fields) == 1 && strings.Contains(text, ":"):
		from, to, err = parseHours(fields[0])
	case len(fields) == 1:
		days, err = parseDays(fields[0])
	case len(fields) == 2:
		var errHours error
		days, err = parseDays(fields[0])
		from, to, errHours = parseHours(fields[1])
		err = errors.Join(err, errHours)
	default:
		err = errors.New(`must be days, hours or both, such as "mon-fri 08:00-18:00"`)
	}
	if err != nil {
		return nil, err
	}
	var open []hours
	for d := range int64(7) {
		if days&(1<<d) == 0 {
			continue
		}
		h := hours{d*aDay + from, d*aDay + to}
		if to < from {
			h.to += aDay
		}
		if h.to > aWeek { // Sunday night
			open = append(open, hours{0, h.to - aWeek})
			h.to = aWeek
		}
		open = append(open, h)
	}
	return open, nil
}

// everyDay has a bit for each day, Monday first.
const everyDay = 1<<7 - 1

// parseDays reads days and ranges of days joined by commas: mon-fri,sun.
func parseDays(text string) (int, error) {
	names := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	days := 0
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, to := slices.Index(names, first), slices.Index(names, last)
		if from < 0 || to < 0 {
			return 0, fmt.Errorf("day %q is not known: use mon, tue, wed, thu, fri, sat or sun, ranges as mon-fri, several as sat,sun", part)
		}
		for d := from; ; d = (d + 1) % 7 {
			days |= 1 << d
			if d == to {
				break
			}
		}
	}
	return days, nil
}

// parseHours reads HH:MM-HH:MM, in nanoseconds since midnight.
func parseHours(text string) (from, to int64, err error) {
	first, last, ok := strings.Cut(text, "-")
	from, okFrom := parseClock(first)
	to, okTo := parseClock(last)
	switch {
	case !ok || !okFrom || !okTo || from == aDay:
		return 0, 0, fmt.Errorf("hours %q must be HH:MM-HH:MM from 00:00 to 24:00, such as 08:00-18:00", text)
	case from == to:
		return 0, 0, fmt.Errorf("hours %q end when they begin: leave them out for the whole day", text)
	}
	return from, to, nil
}

func parseClock(text string) (int64, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	h, errH := strconv.ParseUint(text[:2], 10, 8)
	m, errM := strconv.ParseUint(text[3:], 10, 8)
	at := int64(h)*int64(time.Hour) + int64(m)*int64(time.Minute)
	return at, errH == nil && errM == nil && m < 60 && at <= aDay
}
