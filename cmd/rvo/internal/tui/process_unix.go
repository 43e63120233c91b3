//go:build unix

package tui

import "syscall"

// apart keeps the terminal's signals from a started process: a hang-up would make it reopen its files instead of ending it.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
