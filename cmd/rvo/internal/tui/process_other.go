//go:build !unix

package tui

import "syscall"

func apart() *syscall.SysProcAttr { return nil }
