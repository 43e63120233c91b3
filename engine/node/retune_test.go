package node

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestTuned(t *testing.T) {
	type options struct {
		Level int `json:"level"`
	}
	settle := func(o options) (string, error) {
		if o.Level > 9 {
			return "", errors.New("level: at most 9")
		}
		return fmt.Sprint("level ", o.Level), nil
	}
	if _, err := NewTuned(options{10}, settle); err == nil {
		t.Error("options that are refused give settings")
	}
	tuned, err := NewTuned(options{1}, settle)
	if err != nil {
		t.Fatal(err)
	}
	var node any = struct{ *Tuned[options, string] }{tuned}
	r, ok := node.(Retuner)
	if !ok {
		t.Fatal("a node that embeds it is no Retuner")
	}
	for raw, want := range map[string]string{`{"level": 10}`: "at most 9", `{"lever": 2}`: "lever", `[]`: "options"} {
		if _, err := r.Retune([]byte(raw)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("retune with %s: %v, want an error with %q", raw, err, want)
		}
	}
	before := tuned.Now()
	apply, err := r.Retune([]byte(`{"level": 2}`))
	if err != nil {
		t.Fatal(err)
	}
	if *tuned.Now() != "level 1" {
		t.Error("it holds before it is applied")
	}
	apply()
	if *before != "level 1" || *tuned.Now() != "level 2" {
		t.Errorf("a run that began before has %q, one that begins now %q", *before, *tuned.Now())
	}
}

// Settings are read as a whole while they change: no reader sees half of each.
func TestTunedBesideReaders(t *testing.T) {
	type options struct {
		N int `json:"n"`
	}
	type pair struct{ a, b int }
	tuned, err := NewTuned(options{}, func(o options) (pair, error) { return pair{o.N, -o.N}, nil })
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if p := tuned.Now(); p.a != -p.b {
					t.Errorf("half of each: %+v", *p)
					return
				}
			}
		})
	}
	for n := range 1000 {
		apply, err := tuned.Retune(fmt.Appendf(nil, `{"n": %d}`, n))
		if err != nil {
			t.Fatal(err)
		}
		apply()
	}
	close(stop)
	readers.Wait()
}
