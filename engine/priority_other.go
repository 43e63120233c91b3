//go:build !linux

package engine

import "log/slog"

// lowerPriority does nothing where threads have no priority of their own.
func lowerPriority(*slog.Logger) {}
