package node_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rvo.dev/engine/node"
)

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{`"250ms"`: 250 * time.Millisecond, `"1m30s"`: 90 * time.Second, `"0s"`: 0, `"1.5h"`: 90 * time.Minute} {
		var d node.Duration
		if err := json.Unmarshal([]byte(text), &d); err != nil || d.D() != want {
			t.Errorf("%s is %s, %v; want %s", text, d, err, want)
		}
	}
	for _, text := range []string{`250`, `"250"`, `"-1s"`, `""`, `"1 s"`, `"1d"`, `true`} {
		var d node.Duration
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s is accepted as %s", text, d)
		}
	}
	if got := node.Duration(0).Or(time.Second); got != time.Second {
		t.Errorf("left out it is %s, want the default", got)
	}
	if got := node.Duration(time.Minute).Or(time.Second); got != time.Minute {
		t.Errorf("given it is %s", got)
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]node.Bytes{`"0B"`: 0, `"5B"`: 5, `"512KiB"`: 512 << 10, `"64MiB"`: 64 << 20, `"2GiB"`: 2 << 30, `"8388607TiB"`: 8388607 << 40, `"3GB"`: 3e9, `"7kB"`: 7000} {
		var b node.Bytes
		if err := json.Unmarshal([]byte(text), &b); err != nil || b != want {
			t.Errorf("%s is %d, %v; want %d", text, b, err, want)
		}
	}
	for _, text := range []string{`64`, `"64"`, `"MiB"`, `"-1B"`, `"+1B"`, `"1.5MiB"`, `"1 MiB"`, `"8388608TiB"`, `"9223372036854775808B"`, `"1mib"`, `""`, `null1`} {
		var b node.Bytes
		if err := json.Unmarshal([]byte(text), &b); err == nil {
			t.Errorf("%s is accepted as %d", text, b)
		}
	}
}

func TestOptionsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := struct {
			D node.Duration
			B node.Bytes
		}{node.Duration(rapid.Int64Min(0).Draw(t, "d")), node.Bytes(rapid.Int64Min(0).Draw(t, "b"))}
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		out := in
		out.D, out.B = 0, 0
		if err := json.Unmarshal(text, &out); err != nil || out != in {
			t.Fatalf("%s becomes %+v, %v; want %+v", text, out, err, in)
		}
	})
}
