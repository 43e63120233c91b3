package graph_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // where the machine has no zones

	"rvo.dev/engine/graph"
)

func TestDuring(t *testing.T) {
	s := spec()
	s.Events[0].During = &graph.DuringSpec{Hours: []string{"mon-fri 08:00-18:00"}, TimeZone: "Europe/Berlin"}
	g, err := graph.Build(s, kinds(t))
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2026, 1, 5, 7, 30, 0, 0, time.UTC) // half past eight in Berlin
	if open, next := g.Events[0].Schedule.At(monday.UnixNano()); !open || next != monday.Add(9*time.Hour+30*time.Minute).UnixNano() {
		t.Errorf("open %v until %v", open, time.Unix(0, next).UTC())
	}
	if g.Events[1].Schedule != nil {
		t.Error("an event without during has hours")
	}
}

func TestDuringRefuses(t *testing.T) {
	for want, d := range map[string]graph.DuringSpec{
		`time zone ""`:                  {Hours: []string{"mon"}},
		`time zone "Local"`:             {Hours: []string{"mon"}, TimeZone: "Local"},
		`"Europe/Brelin" is not known`:  {Hours: []string{"mon"}, TimeZone: "Europe/Brelin"},
		`during: hours "mon 8-10"`:      {Hours: []string{"mon 8-10"}, TimeZone: "UTC"},
		`during: schedule has no hours`: {TimeZone: "UTC"},
	} {
		s := spec()
		s.Events[0].During = &d
		if _, err := graph.Build(s, kinds(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
