//go:build !rvodebug

package frame

func mangle([]byte) {}
