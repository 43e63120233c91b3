package event

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

var update = flag.Bool("update", false, "rewrite the outputs in testdata/*.txt; commit a rewritten line only when you understand it")

// TestTranscripts runs every testdata/*.txt. testdata/README.md describes their language.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d transcripts, %v: the folder testdata is not complete", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got, err := play(string(text))
			if err != nil {
				t.Fatalf("%s:%v", file, err)
			}
			if got == string(text) {
				return
			}
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, have := strings.Split(string(text), "\n"), strings.Split(got, "\n")
			for i := range want {
				if i >= len(have) || want[i] != have[i] {
					t.Fatalf("%s:%d: want\n\t%s\ngot\n\t%s", file, i+1, want[i], strings.Join(have[i:min(i+1, len(have))], ""))
				}
			}
			t.Fatalf("%s: %d lines more than expected", file, len(have)-len(want))
		})
	}
}

// play runs a transcript and returns it with the outputs that really came.
func play(text string) (string, error) {
	s := &stage{}
	var out []string
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "  ! ") || strings.HasPrefix(line, "  | ") {
			continue // what a refusal or an explanation said last time
		}
		in, _, _ := strings.Cut(line, "->")
		in = strings.TrimRight(in, " ")
		said, err := s.line(in)
		if err != nil {
			return "", fmt.Errorf("%d: %w", i+1, err)
		}
		if strings.HasPrefix(in, "at ") || strings.HasPrefix(in, "edit ") {
			in = fmt.Sprintf("%-46s -> %s", in, strings.Join(said, "; "))
			said = nil
		}
		out = append(out, in)
		for _, s := range said {
			out = append(out, "  ! "+s)
		}
		for _, s := range s.leaves {
			out = append(out, "  | "+s)
		}
		s.leaves = nil
	}
	return strings.Join(out, "\n"), nil
}

// stage is what a transcript plays on: one condition, one event, their signals.
type stage struct {
	names   []string // of the signals, by cell
	types   []signal.Type
	zones   map[string]signal.Polygon // by camera/name
	masks   map[string][]signal.Polygon
	cells   []signal.Cell
	when    *Program
	state   *EvalState
	answer  Answer
	wake    tick.Time
	name    string // of the event; empty without
	config  Config
	machine Machine
	now     tick.Time
	leaves  []string // what explain found
}

// line runs one line and returns what came of it.
func (s *stage) line(line string) ([]string, error) {
	f := strings.Fields(line)
	if len(f) == 0 || strings.HasPrefix(f[0], "#") {
		return nil, nil
	}
	switch f[0] {
	case "signal":
		return nil, s.signal(f[1:])
	case "when":
		return nil, s.condition(strings.TrimPrefix(line, "when"))
	case "event":
		return nil, s.event(f[1:])
	case "zone", "mask":
		return nil, s.area(f)
	case "at":
		return s.at(f[1:])
	case "edit":
		return s.edit(f[1:], strings.TrimPrefix(line, "edit"))
	case "wrong":
		return s.wrong(f[1:], strings.TrimPrefix(line, "wrong"))
	}
	return nil, fmt.Errorf("%q: a line begins with signal, zone, mask, when, event, at, edit, wrong or #", f[0])
}

// signal declares a signal: NAME TYPE ttl D [started D|never].
func (s *stage) signal(f []string) error {
	if len(f) < 4 || f[2] != "ttl" {
		return fmt.Errorf("signal %v: must be NAME TYPE ttl DURATION [started TIME]", f)
	}
	typ, err := signal.ParseType(f[1])
	if err != nil {
		return err
	}
	ttl, err := time.ParseDuration(f[3])
	if err != nil {
		return err
	}
	c := signal.Cell{TTL: ttl}
	if len(f) > 5 && f[4] == "started" {
		if c.Since, err = parseTime(f[5]); err != nil {
			return err
		}
	}
	s.names, s.types, s.cells = append(s.names, f[0]), append(s.types, typ), append(s.cells, c)
	return nil
}

// resolve finds a signal; one of another camera is written camera/detector.signal.
func (s *stage) resolve(camera, name string) (CellRef, bool) {
	if camera != "" {
		name = camera + "/" + name
	}
	i := slices.Index(s.names, name)
	if i < 0 {
		return CellRef{}, false
	}
	return CellRef{Cell: i, Type: s.types[i]}, true
}

// resolver finds what conditions name.
func (s *stage) resolver() Resolver {
	return Resolver{
		Cell: s.resolve,
		Zone: func(camera, name string) (signal.Polygon, bool) {
			p, ok := s.zones[camera+"/"+name]
			return p, ok
		},
		Masks: func(camera string) []signal.Polygon { return s.masks[camera] },
	}
}

// area draws a zone, NAME X,Y …, or a mask, X,Y …; one of another camera begins with camera/.
func (s *stage) area(f []string) error {
	camera, name := "", ""
	points := f[1:]
	if f[0] == "zone" || strings.Contains(f[1], "/") {
		name, points = f[1], f[2:]
		if c, rest, ok := strings.Cut(name, "/"); ok {
			camera, name = c, rest
		}
	}
	var p signal.Polygon
	for _, text := range points {
		var x, y float64
		if _, err := fmt.Sscanf(text, "%g,%g", &x, &y); err != nil {
			return fmt.Errorf("corner %q: must be X,Y: %w", text, err)
		}
		p = append(p, signal.Point{X: x, Y: y})
	}
	if err := p.Validate(); err != nil {
		return err
	}
	if s.zones == nil {
		s.zones, s.masks = map[string]signal.Polygon{}, map[string][]signal.Polygon{}
	}
	if f[0] == "zone" {
		s.zones[camera+"/"+name] = p
	} else {
		s.masks[camera] = append(s.masks[camera], p)
	}
	return nil
}

// edit puts another condition or another event in the place of the present one, as an edit of the pipeline does: event
// OPTION D …, or a condition.
func (s *stage) edit(f []string, text string) ([]string, error) {
	var said []string
	if f[0] == "event" {
		c, err := parseConfig(f[1:])
		if err != nil {
			return nil, err
		}
		said = s.step(s.machine.Answer(), s.now)
		s.config = c
		said = append(said, s.print(s.carry(true))...)
		return s.orStays(append(said, s.step(s.machine.Answer(), s.now)...)), nil
	}
	c, err := parseCond(text)
	if err != nil {
		return nil, err
	}
	next, err := Compile(c, s.resolver())
	if err != nil {
		return nil, err
	}
	old, was := s.when, s.state
	s.when, s.state = next, next.NewState()
	s.state.Carry(was)
	if s.name == "" {
		s.evaluate(s.now)
		return []string{s.says()}, nil
	}
	said = s.print(s.carry(old.Key() == next.Key()))
	return s.orStays(append(said, s.evaluate(s.now)...)), nil
}

// carry moves the machine's state to another one.
func (s *stage) carry(same bool) []Transition {
	var m Machine
	out := m.Carry(s.machine, same, s.now, nil)
	s.machine = m
	return out
}

// orStays says that nothing happened.
func (s *stage) orStays(said []string) []string {
	if len(said) == 0 {
		return []string{"stays " + s.machine.State().String()}
	}
	return said
}

// condition compiles a condition and forgets every value and the event.
func (s *stage) condition(text string) error {
	c, err := parseCond(text)
	if err != nil {
		return err
	}
	if s.when, err = Compile(c, s.resolver()); err != nil {
		return err
	}
	s.state, s.answer, s.wake, s.now = s.when.NewState(), Unknown, tick.Never, 0
	for i := range s.cells {
		s.cells[i] = signal.Cell{TTL: s.cells[i].TTL, Since: s.cells[i].Since}
	}
	s.name = ""
	return nil
}

// event sets a machine up, new.
func (s *stage) event(f []string) error {
	if len(f) == 0 {
		return errors.New("event: must be NAME [OPTION DURATION]…")
	}
	c, err := parseConfig(f[1:])
	if err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return err
	}
	s.name, s.config, s.machine = f[0], c, Machine{}
	if s.when == nil {
		s.now = 0
	}
	return nil
}

// wrong says why a condition or an event is refused.
func (s *stage) wrong(f []string, text string) ([]string, error) {
	var err error
	if f[0] == "event" {
		var c Config
		if c, err = parseConfig(f[1:]); err != nil {
			return nil, err
		}
		err = c.Validate()
	} else {
		var c *Cond
		if c, err = parseCond(text); err != nil {
			return nil, err
		}
		_, err = Compile(c, s.resolver())
	}
	if err == nil {
		return []string{"nothing is wrong"}, nil
	}
	return strings.Split(err.Error(), "\n"), nil
}

// at lets time go on to an instant and then gives the inputs of the line.
func (s *stage) at(f []string) ([]string, error) {
	now, err := parseTime(f[0])
	if err != nil {
		return nil, err
	}
	if now < s.now {
		return nil, fmt.Errorf("at %s: is before %s", now, s.now)
	}
	s.now = now
	var said []string
	for s.when != nil && s.wake <= now {
		due := s.wake
		said = append(said, s.evaluate(due)...)
		if s.wake <= due {
			return nil, fmt.Errorf("evaluated at %s, the condition wants to be again at %s: must be later", due, s.wake)
		}
	}
	explain := false
	next := s.machine.Answer()
	for _, in := range f[1:] {
		name, value, isValue := strings.Cut(in, "=")
		switch {
		case in == "explain":
			explain = true
		case in == "stop":
			return s.orStays(append(said, s.stop(f[len(f)-1])...)), nil
		case in == "yes", in == "no", in == "unknown":
			next = parseAnswer(in)
		case isValue && slices.Contains(s.names, name):
			if err := s.set(slices.Index(s.names, name), value); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("%q: an input is SIGNAL=VALUE, yes, no, unknown, stop REASON or explain", in)
		}
	}
	if s.when != nil {
		was := len(said)
		said = append(said, s.evaluate(now)...)
		if s.name == "" { // the answer, whether it changed or not
			said = append(said[:was], s.says())
		}
	} else {
		said = append(said, s.step(next, now)...)
	}
	if explain {
		s.leaves = s.explain()
	}
	return s.orStays(said), nil
}

// says prints the answer and until when it is known to hold.
func (s *stage) says() string {
	if s.wake == tick.Never {
		return s.answer.String()
	}
	return fmt.Sprintf("%s until %s", s.answer, s.wake)
}

// evaluate asks the condition, and tells the machine if there is one.
func (s *stage) evaluate(now tick.Time) []string {
	before := s.answer
	s.answer, s.wake = s.when.Eval(s.cells, s.state, now)
	if s.name != "" {
		return s.step(s.answer, now)
	}
	if s.answer == before {
		return nil
	}
	return []string{fmt.Sprintf("%s from %s", s.answer, now)}
}

// step tells the machine an answer.
func (s *stage) step(a Answer, now tick.Time) []string {
	return s.print(s.machine.Step(&s.config, a, now, nil))
}

// stop ends the event.
func (s *stage) stop(reason string) []string {
	for r := ReasonNone; r <= ReasonShutdown; r++ {
		if r.String() == reason {
			said := s.step(s.machine.Answer(), s.now)
			return append(said, s.print(s.machine.Stop(r, s.now, nil))...)
		}
	}
	return []string{"no reason " + reason}
}

// print says what happened; the instant only where it is not the line's.
func (s *stage) print(ts []Transition) []string {
	var said []string
	for _, t := range ts {
		text := s.name + ": " + t.Kind.String()
		switch t.Kind {
		case KindPotential, KindUpdated:
		case KindConfirmed:
			text += fmt.Sprintf(" #%d since %s", t.Seq, t.Since)
		case KindIdle:
			if t.Reason != ReasonNone {
				text += ", " + t.Reason.String()
			}
		case KindEnded:
			text += fmt.Sprintf(" #%d, %s, after %s", t.Seq, t.Reason, t.At.Sub(t.ConfirmedAt))
			if t.To != Idle {
				text += ", " + t.To.String()
			}
		}
		if t.At != s.now {
			text += fmt.Sprintf(" (at %s)", t.At)
		}
		said = append(said, text)
	}
	return said
}

// explain prints the leaves.
func (s *stage) explain() []string {
	var said []string
	for _, l := range s.when.Explain(s.cells, s.state, s.now) {
		name := l.Signal
		if l.Camera != "" {
			name = l.Camera + "/" + name
		}
		age := "never seen"
		if l.Age >= 0 {
			age = fmt.Sprintf("%s, %s old", l.Value, l.Age)
		}
		text := fmt.Sprintf("%s %s: %s (%s)", name, l.Test, l.Answer, age)
		if l.Decided {
			text += " decided"
		}
		said = append(said, text)
	}
	return said
}

// set stores VALUE, VALUE@CAPTURE, none or started.
func (s *stage) set(i int, text string) error {
	c := &s.cells[i]
	switch text {
	case "none":
		*c = signal.Cell{TTL: c.TTL, Since: c.Since}
		return nil
	case "started":
		c.Since = s.now
		return nil
	}
	capture := s.now
	if v, at, ok := strings.Cut(text, "@"); ok {
		var err error
		if capture, err = parseTime(at); err != nil {
			return err
		}
		text = v
	}
	v, err := parseValue(s.types[i], text)
	if err != nil {
		return err
	}
	c.Set(v, capture, s.now, c.Frame+1)
	return nil
}

func parseTime(text string) (tick.Time, error) {
	if text == "never" {
		return tick.Never, nil
	}
	d, err := time.ParseDuration(text)
	return tick.Time(d), err
}

func parseAnswer(text string) Answer {
	return map[string]Answer{"yes": Yes, "no": No}[text]
}

func parseValue(t signal.Type, text string) (signal.Value, error) {
	switch t {
	case signal.TypeBool:
		b, err := strconv.ParseBool(text)
		return signal.Bool(b), err
	case signal.TypeInt:
		n, err := strconv.ParseInt(text, 10, 64)
		return signal.Int(n), err
	case signal.TypeFloat:
		f, err := strconv.ParseFloat(text, 64)
		return signal.Float(f), err
	case signal.TypeLabel:
		return signal.Label(text), nil
	case signal.TypeBoxes:
		if strings.Contains(text, ":") {
			return parseBoxes(text)
		}
		n, err := strconv.Atoi(text)
		return signal.Boxes(make([]signal.Box, max(n, 0))), err
	case signal.TypeNone:
	}
	return signal.Value{}, fmt.Errorf("value %q of type %s", text, t)
}

// parseBoxes reads LABEL:SCORE:X:Y:W:H, several joined by +.
func parseBoxes(text string) (signal.Value, error) {
	var boxes []signal.Box
	for one := range strings.SplitSeq(text, "+") {
		var b signal.Box
		label, rest, _ := strings.Cut(one, ":")
		if _, err := fmt.Sscanf(rest, "%g:%g:%g:%g:%g", &b.Score, &b.X, &b.Y, &b.W, &b.H); err != nil {
			return signal.Value{}, fmt.Errorf("box %q: must be LABEL:SCORE:X:Y:W:H: %w", one, err)
		}
		b.Label = label
		boxes = append(boxes, b)
	}
	return signal.Boxes(boxes), nil
}

func parseConfig(f []string) (Config, error) {
	var c Config
	for i := 0; i+1 < len(f); i += 2 {
		d, err := time.ParseDuration(f[i+1])
		if err != nil {
			return c, err
		}
		switch f[i] {
		case "hold":
			c.Hold = d
		case "grace":
			c.Grace = d
		case "unknownGrace":
			c.UnknownGrace = d
		case "cooldown":
			c.Cooldown = d
		case "maxDuration":
			c.MaxDuration, c.HasMax = d, true
		case "updates":
			c.Updates = d
		default:
			return c, fmt.Errorf("event option %q is not known", f[i])
		}
	}
	return c, nil
}
