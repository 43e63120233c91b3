package cli

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

// What is given to tui for the run reaches the run, once and as it was meant; what is for tui alone does not.
func TestTUIPassesFlags(t *testing.T) {
	for _, c := range []struct {
		args          []string
		given, passed []string
		token         bool
	}{
		{nil, nil, []string{"--http=127.0.0.1:0", "--http-token-env=RVO_TUI_TOKEN"}, false},
		{
			[]string{"-t", "a=1", "-t", "b=x,y", "--detector", "http://h:1=A", "--for", "3s", "--nice", "4"},
			[]string{"--tag=a=1", "--tag=b=x,y"},
			[]string{"--detector=http://h:1=A", "--for=3s", "--nice=4", "--http=127.0.0.1:0", "--http-token-env=RVO_TUI_TOKEN"},
			false,
		},
		{
			[]string{"--camera-device", "0", "--http", "127.0.0.1:7", "--http-token-file", "token"},
			[]string{"--camera-device=0"},
			[]string{"--http=127.0.0.1:7", "--http-token-file=token"},
			true,
		},
		{[]string{"--metrics-port", "81"}, nil, []string{"--metrics-port=81", "--http-token-env=RVO_TUI_TOKEN"}, false},
	} {
		f := &tuiFlags{}
		cmd := newTUI(&app{})
		if err := cmd.Flags().Parse(c.args); err != nil {
			t.Fatal(err)
		}
		given, passed := f.given(cmd.Flags()), f.passed(cmd.Flags(), c.token)
		slices.Sort(passed)
		slices.Sort(c.passed)
		if !slices.Equal(given, c.given) || !slices.Equal(passed, c.passed) {
			t.Errorf("%q gives %q and %q, want %q and %q", c.args, given, passed, c.given, c.passed)
		}
	}
	// Whatever run can be told, tui can, but for how it logs and what it lists.
	own := newTUI(&app{}).Flags()
	newRun(&app{}).Flags().VisitAll(func(f *pflag.Flag) {
		if own.Lookup(f.Name) == nil && f.Name != "log-format" && f.Name != "list-cameras" {
			t.Errorf("tui has no --%s", f.Name)
		}
	})
}
