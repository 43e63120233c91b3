package nodetest

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/tick"
)

// Env returns an environment with every field set: folders of the test, no log, no secrets, a seed of 1 and a clock that
// moves on by a millisecond at each look.
func Env(t testing.TB) node.Env {
	t.Helper()
	var now atomic.Int64
	return node.Env{
		ID:       "node",
		Dir:      t.TempDir(),
		StateDir: t.TempDir(),
		Log:      slog.New(slog.DiscardHandler),
		Secret: func(s node.Secret) (string, error) {
			return "", fmt.Errorf("secret %+v: there are none in a test", s)
		},
		Now:    func() tick.Time { return tick.Time(now.Add(int64(time.Millisecond))) },
		Seed:   1,
		Stdout: io.Discard,
	}
}

// CameraEnv returns an environment for a camera called "front", with what the pipeline asks for left to the source.
func CameraEnv(t testing.TB) node.CameraEnv {
	t.Helper()
	return node.CameraEnv{Env: Env(t), Camera: "front"}
}

// DetectorEnv returns an environment for a detector with one thread and the standard library's codec.
func DetectorEnv(t testing.TB) node.DetectorEnv {
	t.Helper()
	return node.DetectorEnv{Env: Env(t), Threads: 1, Codec: frame.StdCodec{}, Compute: func(f func()) { f() }}
}
