package test_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"rvo.dev/dsl/test"
)

const lawPipeline = `apiVersion: "rvo/v1"
cameras: {
	gate: file: path: "gate.mp4"
	yard: file: path: "yard.mp4"
}
detectors: {
	motion: {motion: {}, fps: 10, emits: level: ttl: "250ms"}
	people: {people: labels: ["standing", "lying"], fps: 2}
	plain: {plain: {}, fps: 5, emits: seen: ttl: "250ms"}
}
events: {
	moving: {when: {signal: "motion.level", gte: 0.5}, hold: "300ms", grace: "200ms", unknownGrace: "500ms", cooldown: "1s"}
	crowd: {when: {atLeast: {n: 2, of: [
		{signal: "people.count", gte: 2}, {signal: "motion.level", gte: 0.2}, {signal: "plain.seen"},
	]}, for: "400ms"}, updates: "2s"}
	still: {when: all: [{absent: "motion.level"}, {signal: "camera.frozen", eq: false, unknown: "yes"}], hold: "1s", maxDuration: "3s", cooldown: "2s"}
	lately: when: {signal: "people.count", gte: 3, within: "2s"}
	across: {scope: "pipeline", when: sequence: {within: "3s", of: [
		{signal: "motion.level", camera: "gate", gte: 0.5}, {signal: "motion.level", camera: "yard", gte: 0.5},
	]}}
	night: {when: {signal: "plain.seen"}, during: {hours: ["22:00-06:00"], timezone: "UTC"}}
}
`

// randomTest returns the text of a test of lawPipeline: steps that overlap, cameras that freeze and go.
func randomTest(rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString("tests: law: {only: true, length: \"60s\", start: \"2026-01-05T21:59:40Z\", steps: [\n")
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	said := map[string]bool{}
	for range 3 + rng.IntN(20) {
		at := time.Duration(rng.IntN(500)) * 100 * time.Millisecond
		camera := pick("gate", "yard")
		name := pick("motion.level", "motion.level", "people.count", "plain.seen")
		if rng.IntN(20) == 0 {
			name = pick("camera.frozen", "camera.up")
		}
		if key := fmt.Sprint(at, camera, name); said[key] {
			continue
		} else {
			said[key] = true
		}
		value := map[string]string{
			"motion.level": pick("0", "0.3", "0.7"), "people.count": pick("0", "2", "3"),
		}[name]
		if value == "" {
			value = pick("true", "false")
		}
		fmt.Fprintf(&b, "\t{at: %q, camera: %q, set: %q: %s", at, camera, name, value)
		if rng.IntN(3) > 0 {
			fmt.Fprintf(&b, ", for: %q", time.Duration(1+rng.IntN(200))*100*time.Millisecond)
		}
		if rng.IntN(3) == 0 {
			fmt.Fprintf(&b, ", every: %q", time.Duration(1+rng.IntN(60))*10*time.Millisecond)
		}
		b.WriteString("},\n")
	}
	b.WriteString("]}\n")
	return b.String()
}

// TestJumpsChangeNothing holds the runner, which gives a value that goes on once, to one that gives every single value at
// its instant: the same events come at the same instants, and the same is covered.
func TestJumpsChangeNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	came, refused := 0, 0
	for range 80 {
		text := randomTest(rng)
		s, findings := load(t, &txtar.Archive{Files: []txtar.File{{Name: "pipeline.cue", Data: []byte(lawPipeline + text)}}})
		if len(s.Tests) == 0 {
			for _, f := range findings {
				if !strings.Contains(f.Message, "frozen or not up") {
					t.Fatalf("%s\n%s", f.Message, text)
				}
			}
			refused++
			continue
		}
		fast, covered := s.Run(s.Tests)
		slow, coveredSlow := s.Run([]*test.Test{test.Naive(s.Tests[0])})
		a, b := transitions(fast[0].Records), transitions(slow[0].Records)
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("jumping gives\n%s\nand every single value\n%s\nof\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"), text)
		}
		if !reflect.DeepEqual(covered, coveredSlow) {
			t.Fatalf("jumping covers\n%+v\nand every single value\n%+v\nof\n%s", covered, coveredSlow, text)
		}
		came += len(a)
	}
	t.Logf("%d transitions, %d tests that cannot be run", came, refused)
	if came < 200 {
		t.Error("next to nothing happens in these tests")
	}
}

func transitions(records []test.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprintf("%s@%s %+v", r.Event, r.Camera, r.Transition))
	}
	return out
}

// TestThousandHours runs a month and a half of a signal that comes and goes every minute.
func TestThousandHours(t *testing.T) {
	s := thousandHours(t)
	results, _ := s.Run(s.Tests)
	for i := range results {
		r := &results[i]
		if !r.Passed() {
			t.Errorf("%s: %s", r.Test.Name, r.Failures[0].Message)
		}
		if r.Length < 1000*time.Hour {
			t.Errorf("%s lasted %s", r.Test.Name, r.Length)
		}
	}
	if n := len(results[0].Records); n != 2*60_000 {
		t.Errorf("%d records, not one confirmed and one ended a minute", n)
	}
}

// BenchmarkThousandHours is two tests of a thousand hours each.
func BenchmarkThousandHours(b *testing.B) {
	s := thousandHours(b)
	b.ReportAllocs()
	for b.Loop() {
		s.Run(s.Tests)
	}
}

func thousandHours(t testing.TB) *test.Suite {
	t.Helper()
	s, findings := load(t, &txtar.Archive{Files: []txtar.File{{Name: "pipeline.cue", Data: []byte(`apiVersion: "rvo/v1"
cameras: gate: file: path: "gate.mp4"
detectors: motion: {motion: {}, fps: 10}
events: moving: {when: {signal: "motion.level", gte: 0.5}, unknownGrace: "1s"}
tests: {
	minutes: {steps: [{set: "motion.level": 1, for: "1000h", every: "1m"}], length: "1000h"}
	held: {steps: [{set: "motion.level": 1, for: "1000h"}], expect: [{event: "moving"}], only: true, length: "1000h"}
}
`)}}})
	for _, f := range findings {
		if f.Path != "tests.minutes" {
			t.Fatal(f.Message)
		}
	}
	return s
}
