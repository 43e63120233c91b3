package dsl

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cuelang.org/go/cue/literal"

	"rvo.dev/schema"
)

func TestParseExpr(t *testing.T) {
	for text, want := range map[string]string{
		"door.open":                       `{"signal":"door.open"}`,
		"!door.open":                      `{"not":{"signal":"door.open"}}`,
		"people.count >= 2":               `{"signal":"people.count","gte":2}`,
		"2 <= people.count":               `{"signal":"people.count","gte":2}`,
		"-0.5 < m.level":                  `{"signal":"m.level","gt":-0.5}`,
		"m.level == 0.25":                 `{"signal":"m.level","eq":0.25}`,
		"m.n != 1K":                       `{"signal":"m.n","ne":1000}`,
		"m.n < 1_000.5":                   `{"signal":"m.n","lt":1000.5}`,
		`p.posture == "lying down"`:       `{"signal":"p.posture","eq":"lying down"}`,
		`in(p.posture, "lying", "down")`:  `{"signal":"p.posture","in":["lying","down"]}`,
		"door.open == false":              `{"signal":"door.open","eq":false}`,
		"absent(door.open)":               `{"absent":"door.open"}`,
		"absent(cameras.gate.door.open)":  `{"absent":"door.open","camera":"gate"}`,
		"cameras.gate.people.count > 1":   `{"signal":"people.count","camera":"gate","gt":1}`,
		"a.b && c.d && e.f":               `{"all":[{"signal":"a.b"},{"signal":"c.d"},{"signal":"e.f"}]}`,
		"a.b || c.d && !(e.f || g.h)":     `{"any":[{"signal":"a.b"},{"all":[{"signal":"c.d"},{"not":{"any":[{"signal":"e.f"},{"signal":"g.h"}]}}]}]}`,
		"(a.b && c.d) && e.f":             `{"all":[{"all":[{"signal":"a.b"},{"signal":"c.d"}]},{"signal":"e.f"}]}`,
		"a.b\n\t&& c.d\n":                 `{"all":[{"signal":"a.b"},{"signal":"c.d"}]}`,
		"((a.b))":                         `{"signal":"a.b"}`,
		"people.count >= 2 && !door.open": `{"all":[{"signal":"people.count","gte":2},{"not":{"signal":"door.open"}}]}`,
	} {
		e, faults := ParseExpr(text)
		got, err := json.Marshal(e.Cond)
		if err != nil || len(faults) > 0 || !sameJSON(t, string(got), want) {
			t.Errorf("%q is %s, %v, want %s", text, got, faults, want)
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal([]byte(a), &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b), &y); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

func TestParseExprFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                              "0: condition is empty",
		"  ":                            "2: condition is empty",
		"a.b >= && c.d":                 "7: a signal or a value is missing before &&",
		"a.b >":                         "5: condition ends where a signal or a value must follow",
		"(a.b && c.d":                   "11: condition ends before its )",
		"a.b)":                          "3: ) cannot stand here",
		"a.b and c.d":                   "4: and cannot stand here (write && and not and)",
		"not a.b":                       "4: a cannot stand here (write ! and not not)",
		"a.b = 2":                       "4: = cannot stand here (write == to compare)",
		"a.b & c.d":                     "4: & cannot stand in a condition (write && for and)",
		"a.b | c.d":                     "4: | cannot stand in a condition (write || for or)",
		"a.b =~ \"x\"":                  "4: =~ cannot stand in a condition",
		"a.b == \"x":                    "7: text lacks its closing quote",
		"people >= 2":                   "0: people is no signal",
		"a.b.c > 1":                     "0: a.b.c is no signal",
		"A.b > 1":                       "0: A.b is no name of a signal",
		"cameras.gate.a.b.c":            "0: cameras.gate.a.b.c is no signal",
		"a.b > c.d":                     "6: two signals cannot be compared",
		"2 > 1":                         "0: a comparison needs a signal",
		"a.b > \"x\"":                   "6: > compares with a number",
		"a.b > true":                    "6: > compares with a number",
		"a.b == null":                   "7: a signal is compared with",
		"a.b == 'x'":                    "7: a signal is compared with",
		"a.b == {}":                     "7: a signal is compared with",
		"a.b == \"\\(c.d)\"":            "7: a signal is compared with",
		"true":                          "0: true alone says nothing",
		"-a.b":                          "0: - makes no condition",
		"[a.b]":                         "0: a condition has no such part",
		"absent()":                      "0: a condition has no such call",
		"absent(a.b > 1)":               "7: a signal is named detector.signal",
		"held(a.b, \"1s\")":             "0: a condition has no such call",
		"in(a.b, 3)":                    "8: in(…) takes labels",
		"a.b >= 2 && c.d < \"x\" || x":  "18: < compares with a number\n25: x is no signal",
		strings.Repeat("a.b && ", 3000): "0: text of a condition is 21000 bytes long",
	} {
		_, faults := ParseExpr(text)
		var got []string
		for _, f := range faults {
			line := fmt.Sprintf("%d: %s", f.Offset, f.Message)
			if f.Hint != "" {
				line += " (" + f.Hint + ")"
			}
			got = append(got, line)
		}
		wants := strings.Split(want, "\n")
		ok := len(got) == len(wants)
		for i := range got {
			ok = ok && strings.HasPrefix(got[i], wants[i])
		}
		if !ok {
			t.Errorf("%q gives %q, want %q", text, got, wants)
		}
	}
}

// Every part of a tree stands in the text where its offset says.
func TestExprOffsets(t *testing.T) {
	text := `people.count >= 2 && !(cameras.gate.door.open || absent(m.level))`
	e, faults := ParseExpr(text)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for path, want := range map[string]string{
		"": "people", "all.0.signal": "people.count", "all.0.gte": "2 &&", "all.1": "!(", "all.1.not": "cam",
		"all.1.not.any.0.camera": "cameras.gate", "all.1.not.any.1.absent": "m.level)", "all.1.not.any.1": "absent(",
	} {
		if got, ok := e.Offsets[path]; !ok || !strings.HasPrefix(text[got:], want) {
			t.Errorf("%s is at %d, want at %q", path, got, want)
		}
	}
}

// rawOffset finds every byte of a text in every form that the text can be written in.
func TestRawOffset(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	letters := []rune("ab.&|! \"\\\n\té")
	forms := []literal.Form{
		literal.String, literal.String.WithOptionalTabIndent(2), literal.String.WithTabIndent(1),
	}
	for range 2000 {
		var b strings.Builder
		for range r.IntN(20) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		text := b.String()
		raws := []string{}
		for _, f := range forms {
			raws = append(raws, f.Quote(text))
		}
		if !strings.ContainsAny(text, "\n\t\"") {
			raws = append(raws, `#"`+text+`"#`)
		}
		for _, raw := range raws {
			if back, err := literal.Unquote(raw); err != nil || back != text {
				continue
			}
			for i := range len(text) {
				at, ok := rawOffset(raw, i)
				if !ok {
					t.Fatalf("byte %d of %q in %s is not found", i, text, raw)
				}
				plain := text[i] != '\n' && text[i] != '\t' && text[i] != '"' && text[i] != '\\'
				if plain && raw[at] != text[i] {
					t.Fatalf("byte %d of %q in %s is found at %d, where %q stands", i, text, raw, at, raw[at])
				}
			}
		}
	}
	if _, ok := rawOffset(`"\u00e9a"`, 2); ok {
		t.Error("an escape that is not followed was")
	}
}

// Whatever the text is, reading it ends with a tree or with faults that stand in it.
func FuzzParseExpr(f *testing.F) {
	for _, s := range []string{
		"a.b", "people.count >= 2 && !(door.open || motion.level < 0.1)", "absent(a.b)", "in(a.b, \"x\")", "cameras.g.a.b != \"x\"",
		"a.b = 2", "((((", "!!!a.b", "a.b == \"\\(", "1K < a.b", "-0x10 <= a.b", "a.b\r\n&&c.d", "\"\"\"\n", "a.b == 1e400",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, faults := ParseExpr(text)
		for _, x := range faults {
			if x.Offset < 0 || x.Offset > len(text) || x.Message == "" {
				t.Fatalf("%q: fault %+v", text, x)
			}
		}
		for path, at := range e.Offsets {
			if at < 0 || at > len(text) {
				t.Fatalf("%q: %s is at %d", text, path, at)
			}
		}
		if len(faults) > 0 {
			return
		}
		data, err := json.Marshal(e.Cond)
		if err != nil {
			t.Fatal(err)
		}
		var back schema.Cond
		if err := json.Unmarshal(data, &back); err != nil || string(data) == "{}" {
			t.Fatalf("%q is %s, %v", text, data, err)
		}
	})
}
