// Package nodetest is the suite that every node kind must pass, and a harness that runs one node alone.
//
//	func TestKind(t *testing.T) {
//		nodetest.Run(t, motion.Kind(), nodetest.Case{Name: "small areas", Options: `{"minArea": 0.0001}`})
//	}
//
// It checks what a contract promises by using the node: every picture released, values only inside what Emits says, the
// same answers for the same pictures, an end soon after the context's. It imports no CUE: that options.cue and the Go
// options agree is checked in cmd/internal/arch. It starts goroutines only to bound calls that might not return.
package nodetest

import (
	"cmp"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rvo.dev/engine/node"
)

// Case is one use of a kind. The zero Case uses it with no options at all.
type Case struct {
	Name    string
	Options string // JSON of what stands under the kind's key; empty: {}
	// Refused is part of the error that opening with these options must give; empty: opening works.
	Refused string

	// Env changes the environment before the node is opened; nil leaves it as Env makes it.
	Env func(t *testing.T, env *node.Env)

	// FPS, Width, Height and Loop are what the pipeline asks of a camera.
	FPS           float64
	Width, Height int
	Loop          bool
	// Pictures is how many pictures the camera gives at least and the suite takes; 0 for 5.
	Pictures int

	// Deaf is set for a detector whose runs do not end with their context, and Failing for one whose runs may fail.
	Deaf, Failing bool
}

func (c Case) options() string { return cmp.Or(c.Options, "{}") }

// soon bounds calls that must return soon after their context is done. It is what a person would still call at once,
// with room for a loaded machine.
const soon = 5 * time.Second

// Run checks that k keeps its contract, once for each case; without cases once with no options.
func Run(t *testing.T, k node.Kind, cases ...Case) {
	t.Helper()
	t.Run("contract", func(t *testing.T) { runContract(t, &k) })
	if !k.Built() {
		t.Run("not built", func(t *testing.T) { runNotBuilt(t, &k) })
		return
	}
	if len(cases) == 0 {
		cases = []Case{{}}
	}
	for _, c := range cases {
		t.Run(cmp.Or(c.Name, "defaults"), func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			if err := k.Check([]byte(c.options())); err != nil && c.Refused == "" {
				t.Fatalf("options %s: %v", c.options(), err)
			}
			switch k.Contract.Role {
			case node.RoleCamera:
				runCamera(t, k, c)
			case node.RoleDetector:
				runDetector(t, k, c)
			case node.RoleSink:
				runSink(t, k, c)
			}
		})
	}
}

// runContract checks what can be read without opening anything.
func runContract(t *testing.T, k *node.Kind) {
	c := &k.Contract
	if _, err := node.NewSet(*k); err != nil {
		t.Error(err)
	}
	if strings.HasSuffix(c.Doc, ".") && strings.Count(c.Doc, ".") == 1 {
		t.Errorf("Doc %q: its one sentence ends without a full stop", c.Doc)
	}
	if !strings.Contains(c.Options, "#Options:") {
		t.Error("options.cue does not declare #Options")
	}
	if strings.Contains(c.Options, "import") {
		t.Error("options.cue imports something: it may use only the scalars of the core language")
	}
	checkChanges(t, k)
	if err := k.CheckUses(); err != nil {
		t.Error(err)
	}
	if err := k.Check([]byte(`{"noSuchOption": 1}`)); err == nil {
		t.Error("an option that does not exist is accepted")
	}
	if err := k.Check([]byte(`[]`)); err == nil {
		t.Error("options that are a list are accepted")
	}
	if c.Role == node.RoleDetector && c.Cost <= 0 && c.CostOf == nil {
		t.Error("contract has neither Cost nor CostOf: a schedule cannot be planned without")
	}
	if c.Role != node.RoleDetector && c.Emits != nil {
		t.Errorf("a %s has Emits", c.Role)
	}
}

// runNotBuilt checks that a kind without its code says what it needs.
func runNotBuilt(t *testing.T, k *node.Kind) {
	var err error
	env := Env(t)
	switch k.Contract.Role {
	case node.RoleCamera:
		_, err = k.OpenCamera(node.CameraEnv{Env: env, Camera: "front"}, []byte("{}"))
	case node.RoleDetector:
		_, err = k.OpenDetector(t.Context(), node.DetectorEnv{Env: env, Threads: 1}, []byte("{}"))
	case node.RoleSink:
		_, err = k.OpenSink(t.Context(), env, []byte("{}"))
	}
	if !errors.Is(err, node.ErrNotBuilt) || !strings.Contains(err.Error(), k.Contract.Needs) {
		t.Errorf("open gives %v, want ErrNotBuilt with %q", err, k.Contract.Needs)
	}
}

// refused checks the error of an opening against what the case expects; it reports whether the case ends here.
func refused(t *testing.T, c Case, err error) bool {
	t.Helper()
	switch {
	case c.Refused == "" && err != nil:
		t.Fatalf("open with %s: %v", c.options(), err)
	case c.Refused != "" && err == nil:
		t.Fatalf("open with %s works, want an error with %q", c.options(), c.Refused)
	case c.Refused != "" && !strings.Contains(err.Error(), c.Refused):
		t.Fatalf("open with %s: %v\nwant an error with %q", c.options(), err, c.Refused)
	}
	return c.Refused != ""
}

// within fails the test when call has not returned after the bound.
func within(t *testing.T, what string, call func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		call()
	}()
	select {
	case <-done:
	case <-time.After(soon):
		t.Fatalf("%s has not returned %s after its context was done", what, soon)
	}
}
