//go:build !linux

package engine

// newAlarm returns the runtime's alarm: there is no better one here.
func newAlarm(*Engine) alarm { return newRuntimeAlarm() }
