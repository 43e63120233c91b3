package event

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // so that the test runs where the machine has no time zones

	"pgregory.net/rapid"
)

func place(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestSchedule follows one schedule through its changes.
func TestSchedule(t *testing.T) {
	for _, test := range []struct {
		name, place, spans, from string
		open                     bool
		changes                  []string // the next ones, as the clock on the wall shows them
	}{
		{
			"working hours", "Europe/Berlin", "mon-fri 08:00-18:00", "2026-01-16T12:00:00+01:00", true,
			[]string{"Fri 16 18:00:00 +0100", "Mon 19 08:00:00 +0100", "Mon 19 18:00:00 +0100"},
		},
		{
			"nights, over the end of the week", "UTC", "sat,sun 22:00-06:00", "2026-01-17T12:00:00Z", false,
			[]string{"Sat 17 22:00:00 +0000", "Sun 18 06:00:00 +0000", "Sun 18 22:00:00 +0000", "Mon 19 06:00:00 +0000", "Sat 24 22:00:00 +0000"},
		},
		{
			"spans that touch and overlap", "UTC", "mon 08:00-12:00; mon 12:00-13:00; mon 12:30-14:00; sun", "2026-01-18T12:00:00Z", true,
			[]string{"Mon 19 00:00:00 +0000", "Mon 19 08:00:00 +0000", "Mon 19 14:00:00 +0000", "Sun 25 00:00:00 +0000"},
		},
		{"days that wrap", "UTC", "sun-mon", "2026-01-14T12:00:00Z", false, []string{"Sun 18 00:00:00 +0000", "Tue 20 00:00:00 +0000"}},
		{"always", "Europe/Berlin", "mon-sun 00:00-24:00", "2026-01-16T12:00:00Z", true, nil},
		{"always, in pieces", "Europe/Berlin", "mon-thu; 12:00-00:00; fri-sun 00:00-12:00", "2026-01-16T12:00:00Z", true, nil},
		{
			"set forward inside the hours: an hour less", "Europe/Berlin", "01:00-05:00", "2026-03-29T00:00:00+01:00", false,
			[]string{"Sun 29 01:00:00 +0100", "Sun 29 05:00:00 +0200"},
		},
		{
			"set forward over the beginning", "Europe/Berlin", "02:30-05:00", "2026-03-29T01:00:00+01:00", false,
			[]string{"Sun 29 03:00:00 +0200", "Sun 29 05:00:00 +0200", "Mon 30 02:30:00 +0200"},
		},
		{
			"set forward over the end", "Europe/Berlin", "01:00-02:30", "2026-03-29T01:10:00+01:00", true,
			[]string{"Sun 29 03:00:00 +0200", "Mon 30 01:00:00 +0200"},
		},
		{
			"hours that are left out", "Europe/Berlin", "02:10-02:50", "2026-03-29T01:10:00+01:00", false,
			[]string{"Mon 30 02:10:00 +0200"},
		},
		{
			"set back inside the hours: an hour more", "Europe/Berlin", "01:00-05:00", "2026-10-25T01:30:00+02:00", true,
			[]string{"Sun 25 05:00:00 +0100"},
		},
		{
			"hours shown twice", "Europe/Berlin", "02:10-02:50", "2026-10-25T00:00:00+02:00", false,
			[]string{"Sun 25 02:10:00 +0200", "Sun 25 02:50:00 +0200", "Sun 25 02:10:00 +0100", "Sun 25 02:50:00 +0100", "Mon 26 02:10:00 +0100"},
		},
		{
			"set back over the end", "Europe/Berlin", "01:00-02:30", "2026-10-25T01:30:00+02:00", true,
			[]string{"Sun 25 02:30:00 +0200", "Sun 25 02:00:00 +0100", "Sun 25 02:30:00 +0100"},
		},
		{
			"long after the zone's table ends", "Europe/Berlin", "02:10-02:50", "2040-12-30T12:00:00Z", false,
			[]string{"Mon 31 02:10:00 +0100", "Mon 31 02:50:00 +0100", "Tue 1 02:10:00 +0100"},
		},
		{
			"half an hour, in the south", "Australia/Lord_Howe", "01:45-02:15", "2026-04-05T00:00:00+11:00", false,
			[]string{"Sun 5 01:45:00 +1100", "Sun 5 01:30:00 +1030", "Sun 5 01:45:00 +1030", "Sun 5 02:15:00 +1030"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			loc := place(t, test.place)
			s, err := ParseSchedule(strings.Split(test.spans, "; "), loc)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, test.from)
			if err != nil {
				t.Fatal(err)
			}
			open, next := s.At(at.UnixNano())
			if open != test.open {
				t.Errorf("at %s open: %t", test.from, open)
			}
			for _, want := range test.changes {
				got := time.Unix(0, next).In(loc).Format("Mon 2 15:04:05 -0700")
				was := open
				if open, next = s.At(next); got != want || open == was {
					t.Fatalf("it changes at %s to %t, want %s", got, open, want)
				}
			}
			if test.changes == nil && next != math.MaxInt64 {
				t.Errorf("it changes at %d, must never", next)
			}
		})
	}
}

// span is what a drawn schedule is made of.
type daySpan struct {
	days     [7]bool // Monday first
	from, to int     // minutes since midnight
}

// text writes a span as people do.
func (d daySpan) text() string {
	var days []string
	for i, name := range []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"} {
		if d.days[i] {
			days = append(days, name)
		}
	}
	return fmt.Sprintf("%s %02d:%02d-%02d:%02d", strings.Join(days, ","), d.from/60, d.from%60, d.to/60, d.to%60)
}

// shows reports whether a span is open when the clock on the wall shows this day and minute.
func (d daySpan) shows(day, minute int) bool {
	if d.from < d.to {
		return d.days[day] && d.from <= minute && minute < d.to
	}
	return d.days[day] && minute >= d.from || d.days[(day+6)%7] && minute < d.to
}

// TestScheduleLaw reads the clock on the wall minute by minute until the change, in places that set it in every way, most
// often near a day on which they do.
func TestScheduleLaw(t *testing.T) {
	names := []string{
		"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia",
		"Africa/Casablanca", "America/Sao_Paulo", "Antarctica/Troll", "Europe/Dublin",
	}
	places := map[string]*time.Location{}
	for _, name := range names {
		places[name] = place(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		loc := places[rapid.SampledFrom(names).Draw(t, "place")]
		var spans []daySpan
		var texts []string
		for range rapid.IntRange(1, 3).Draw(t, "spans") {
			d := daySpan{from: rapid.IntRange(0, 24*60-1).Draw(t, "from"), to: rapid.IntRange(0, 24*60).Draw(t, "to")}
			if d.from == d.to {
				d.to++
			}
			d.days[rapid.IntRange(0, 6).Draw(t, "a day")] = true
			for i := range d.days {
				d.days[i] = d.days[i] || rapid.Bool().Draw(t, "day")
			}
			spans, texts = append(spans, d), append(texts, d.text())
		}
		s, err := ParseSchedule(texts, loc)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(0, 2524608000).Draw(t, "second"), 0) // to 2050
		if _, set := at.In(loc).ZoneBounds(); !set.IsZero() && rapid.IntRange(0, 3).Draw(t, "near") > 0 {
			at = set.Add(time.Duration(rapid.Int64Range(-30*3600e9, 30*3600e9).Draw(t, "from there")))
		}
		twin := func(at time.Time) bool {
			at = at.In(loc)
			for _, d := range spans {
				if d.shows((int(at.Weekday())+6)%7, at.Hour()*60+at.Minute()) {
					return true
				}
			}
			return false
		}
		open, next := s.At(at.UnixNano())
		end := time.Unix(0, next)
		if last := at.Add(15 * 24 * time.Hour); next == math.MaxInt64 {
			end = last
		} else if twin(end) == open || twin(end.Add(-1)) != open || end.After(last) {
			t.Fatalf("%s in %s: at %s open: %t until %s, and there it does not change", texts, loc, at.In(loc), open, end.In(loc))
		}
		for ; at.Before(end); at = at.Truncate(time.Minute).Add(time.Minute) {
			if twin(at) != open {
				t.Fatalf("%s in %s: open at %s: %t, must be until %s", texts, loc, at.In(loc), !open, end.In(loc))
			}
		}
	})
}

func TestScheduleRefuses(t *testing.T) {
	for _, test := range []struct{ spans, want string }{
		{"", `schedule has no hours: give at least one span`},
		{"mon-fry", `hours "mon-fry": day "mon-fry" is not known: use mon`},
		{"Mon", `day "Mon" is not known`},
		{"mon,,tue", `day "" is not known`},
		{"mon 8:00-18:00", `hours "8:00-18:00" must be HH:MM-HH:MM`},
		{"mon 08:00", `hours "08:00" must be HH:MM-HH:MM`},
		{"08:60-09:00", `must be HH:MM-HH:MM`},
		{"08:00-24:01", `must be HH:MM-HH:MM`},
		{"24:00-08:00", `must be HH:MM-HH:MM`},
		{"+8:00-09:00", `must be HH:MM-HH:MM`},
		{"mon 08:00-08:00", `end when they begin: leave them out for the whole day`},
		{"mon 08:00-09:00 x", `must be days, hours or both`},
		{"foo bar", "day \"foo\" is not known: use mon, tue, wed, thu, fri, sat or sun, ranges as mon-fri, several as sat,sun\nhours \"bar\""},
	} {
		var spans []string
		if test.spans != "" {
			spans = []string{"mon", test.spans}
		}
		s, err := ParseSchedule(spans, time.UTC)
		if err == nil || s != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, must say %q", test.spans, err, test.want)
		}
	}
}

// FuzzSchedule: what is read is written so that it reads as the same, and is asked without end or crash at any time.
func FuzzSchedule(f *testing.F) {
	for _, s := range []string{"mon-fri 08:00-18:00", "sat,sun", " 22:00-06:00 ", "sun-mon 00:00-24:00", "mon:-", "thu 23:59-00:00"} {
		f.Add(s, int64(1774746000e9))
	}
	f.Add("mon 00:00-00:01", int64(math.MaxInt64))
	f.Add("sun 23:59-24:00", int64(math.MinInt64))
	loc := place(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string, wall int64) {
		s, err := ParseSchedule([]string{text}, loc)
		if err != nil {
			return
		}
		spans, _, _ := strings.Cut(s.String(), " (")
		again, err := ParseSchedule([]string{spans}, loc)
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q became %q: %v", text, s, err)
		}
		open, next := s.At(wall)
		if sameOpen, sameNext := again.At(wall); open != sameOpen || next != sameNext || next <= wall && wall != math.MaxInt64 {
			t.Fatalf("%q at %d: open %t until %d", text, wall, open, next)
		}
		if next != math.MaxInt64 {
			if then, _ := s.At(next); then == open {
				t.Fatalf("%q changes at %d, and does not", text, next)
			}
		}
	})
}

// TestScheduleAllocatesNothing: the core asks on the live path.
func TestScheduleAllocatesNothing(t *testing.T) {
	s, err := ParseSchedule([]string{"mon-fri 08:00-18:00", "sat 22:00-06:00"}, place(t, "Europe/Berlin"))
	if err != nil {
		t.Fatal(err)
	}
	wall := int64(1774746000e9)
	if n := testing.AllocsPerRun(100, func() { _, wall = s.At(wall) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
