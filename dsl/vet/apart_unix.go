//go:build unix

package vet

import (
	"os/exec"
	"syscall"
)

// childNice is how far a child stands back behind what else runs, as detectors do: reading a pipeline takes a core for a moment,
// and the pictures of the pipeline that runs come first.
const childNice = 5

// apart gives a child a group of its own: what is typed on the terminal is for its parent.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// lower has a child that was started just now stand back. One that does not is only in the way.
func lower(c *exec.Cmd) { _ = syscall.Setpriority(syscall.PRIO_PGRP, c.Process.Pid, childNice) }
