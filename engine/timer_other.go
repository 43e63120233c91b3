//go:build !linux

package engine

// newAlarm returns the runtime's alarm: there is no better one here.
func newAlarm(e *Engine, ring func()) alarm { return newRuntimeAlarm(e.now, ring) }
