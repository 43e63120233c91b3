package event

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rvo.dev/engine/signal"
	"rvo.dev/engine/tick"
)

// FuzzCondition compiles whatever can be written, sound or not, and evaluates what is sound while its signals change: it must
// never crash, and an explanation must come to the same answer. The seeds are the conditions of the transcripts.
func FuzzCondition(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("%d transcripts, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			for _, word := range []string{"when ", "wrong ", "edit "} {
				if rest, ok := strings.CutPrefix(line, word); ok {
					rest, _, _ = strings.Cut(rest, "->")
					f.Add(strings.TrimSpace(rest), uint64(len(rest))*0x9e3779b97f4a7c15)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		c, err := parseCond(text)
		if err != nil {
			return
		}
		var names []string
		var cells []signal.Cell
		// The type of a signal is its name's last letter's, so that every text has some of each.
		typ := func(name string) signal.Type { return signal.Type(name[len(name)-1]%5) + signal.TypeBool }
		p, err := Compile(c, Resolver{
			Cell: func(camera, name string) (CellRef, bool) {
				name = camera + "/" + name
				i := slices.Index(names, name)
				if i < 0 {
					i, names, cells = len(names), append(names, name), append(cells, signal.Cell{TTL: 3, Since: 1})
				}
				return CellRef{Cell: i, Type: typ(name)}, true
			},
			Zone:  func(_, name string) (signal.Polygon, bool) { return lawZone, len(name)%2 == 0 },
			Masks: func(string) []signal.Polygon { return []signal.Polygon{lawMask} },
		})
		if err != nil {
			return
		}
		st := p.NewState()
		for now := range tick.Time(20) {
			for i, name := range names {
				seed = seed*6364136223846793005 + 1442695040888963407
				n := int64(seed>>40)%5 - 1
				values := [...]signal.Value{
					signal.Bool(n > 0), signal.Int(n), signal.Float(float64(n) / 2), signal.Label(string(rune('a' + n))),
					signal.Boxes(slices.Repeat([]signal.Box{{X: 0.2, Y: 0.1, W: 0.1, H: float32(n) / 10, Score: 0.7, Label: "a"}}, int(n+1))),
				}
				if seed>>60 < 6 {
					cells[i].Set(values[typ(name)-signal.TypeBool], now, now, 0)
				}
			}
			e := explainer{prog: p, cells: cells, st: st, now: now, more: make([]span, p.leaves)}
			explained := e.node(p.root)
			answer, wake := p.Eval(cells, st, now)
			if answer != explained || answer > Yes || wake <= now {
				t.Fatalf("at %s: %d, explained as %d, wake %s", now, answer, explained, wake)
			}
		}
		next := p.NewState()
		next.Carry(st)
		now := tick.Time(20).Add(time.Hour)
		a, w := p.Eval(cells, st, now)
		if b, x := p.Eval(cells, next, now); a != b || w != x {
			t.Fatalf("carried over to %s until %s, must be %s until %s", b, x, a, w)
		}
	})
}
