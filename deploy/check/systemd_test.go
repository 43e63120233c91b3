package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUnit: systemd finds nothing wrong with the unit, and rvo knows its command line.
func TestUnit(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "systemd", "rvo.service"))
	if err != nil {
		t.Fatal(err)
	}
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/rvo (.*)$`).FindSubmatch(text)
	if start == nil {
		t.Fatal("no ExecStart with rvo")
	}
	if err := knownFlags(strings.Fields(string(start[1]))); err != nil {
		t.Error(err)
	}

	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed (Debian: systemd)")
	}
	// The program must be there for the unit to be right.
	unit := filepath.Join(t.TempDir(), "rvo.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/rvo", "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", unit).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--threshold=30", unit).CombinedOutput()
	if err != nil {
		t.Errorf("the unit is exposed by more than 3.0 of 10: %v\n%s", err, out)
	}
}
