package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// stateDir returns where a pipeline of this name writes: what was asked for, else $XDG_STATE_HOME/rvo/<name>, else
// ~/.local/state/rvo/<name>. It is never below the pipeline's own folder unless asked for: a folder that is watched for
// changes must not be written to.
func stateDir(asked, name string, env func(string) string) (string, error) {
	if asked != "" {
		return filepath.Abs(asked)
	}
	base := env("XDG_STATE_HOME")
	if !filepath.IsAbs(base) { // the specification says that a relative one is to be ignored
		home := env("HOME")
		if home == "" {
			return "", errors.New("no place to write to: HOME and XDG_STATE_HOME are not set; give --state-dir")
		}
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "rvo", folderName(name)), nil
}

// folderName makes a pipeline's name safe as the name of a folder.
func folderName(name string) string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '_'
	}, name)
	if strings.Trim(s, ".") == "" {
		return "_"
	}
	return s
}

// claim makes the state folder and takes it for this process: two runs in one folder would sweep each other's unfinished
// clips and mix their event files. The claim ends with the process, however it ends.
func claim(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("state folder: %w: give another with --state-dir", err)
	}
	name := filepath.Join(dir, ".lock")
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("state folder: %w: give another with --state-dir", err)
	}
	if err := lock(f); err != nil {
		who, _ := os.ReadFile(name)
		_ = f.Close()
		by := ""
		if pid, perr := strconv.Atoi(strings.TrimSpace(string(who))); perr == nil {
			by = fmt.Sprintf(" (process %d)", pid)
		}
		return nil, fmt.Errorf("state folder %s is in use by another rvo%s: stop it, or give this one a folder of its own with --state-dir", dir, by)
	}
	// For the message above only; a failure to write it costs the number there.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return func() { _ = f.Close() }, nil
}
