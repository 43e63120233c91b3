package main

import (
	"bufio"
	"errors"
	"flag"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"rvo.dev/nodes/cv"
)

// The scripts are rewritten where they compare text that has changed on purpose.
var update = flag.Bool("update", false, "rewrite expected output in scripts")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"rvo": main}) }

// TestScripts runs the command as users do: each file in testdata/script is a few commands, the files they read, and what
// they must print. Rewrite expected output with -update, and read the difference.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("internal", "cli", "testdata", "script"),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache"))
			root, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			e.Setenv("ROOT", root)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"occupy": occupy, "running": running, "asks": asks, "exits": exits, "action-step": actionStep, "gitlab-job": gitlabJob, "problems": problems,
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "opencv":
				_, ok := cv.Codec()
				return ok, nil
			case "root":
				return os.Geteuid() == 0, nil
			}
			return false, nil
		},
	})
}

// occupy NAME opens a port and puts its address into the environment variable NAME until the script ends.
func occupy(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: occupy NAME")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

// running NAME ARGS... starts rvo run ARGS, puts the address of its server into the environment variable NAME, and stops it when
// the script ends.
func running(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: running NAME ARGS...")
	}
	exe, err := os.Executable()
	ts.Check(err)
	cmd := exec.Command(exe, append([]string{"run", "--http", "127.0.0.1:0", "--log-format", "text"}, args[1:]...)...)
	cmd.Args[0] = "rvo" // by that name the test binary is the command
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "PATH"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	errs, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			ts.Logf("rvo run: %v", err)
		}
	})
	lines := bufio.NewScanner(errs)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "http://"); ok {
			ts.Setenv(args[0], strings.Fields(rest)[0])
			go func() { _, _ = io.Copy(io.Discard, errs) }() // it must not wait for who reads its log; ends with the process
			return
		}
		ts.Logf("%s", lines.Text())
	}
	ts.Fatalf("rvo run ended before it served")
}

// exits CODE COMMAND ARGS... runs a command that must exit with that code; a bare ! would take any.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
