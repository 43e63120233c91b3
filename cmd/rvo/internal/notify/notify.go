// Package notify tells the service manager that started the program how it does: systemd with Type=notify or notify-reload and
// WatchdogSec, or whoever else listens at $NOTIFY_SOCKET.
//
//	m := notify.Open(log)
//	m.Ready("12 cameras")
//	go m.Watch(ctx, alive) // where systemd set a watchdog
//	m.Stopping()
//
// Without such a manager every method does nothing. The package owns no goroutine: Watch returns when its context is done. The
// protocol is sd_notify(3), spoken by github.com/coreos/go-systemd.
package notify

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Manager is the service manager, or nobody. Its methods may be called from any goroutine.
type Manager struct {
	log      *slog.Logger
	here     bool
	interval time.Duration // within which a sign of life is wanted; 0: none is
}

// Open looks for the manager in the environment. What is wrong there (a watchdog's time that is no number) is logged and
// taken as absent: a pipeline runs without a watchdog rather than not at all.
func Open(log *slog.Logger) *Manager {
	m := &Manager{log: log, here: os.Getenv("NOTIFY_SOCKET") != ""}
	if !m.here {
		return m
	}
	var err error
	if m.interval, err = daemon.SdWatchdogEnabled(false); err != nil {
		log.Warn("the service manager's watchdog is not fed", "err", err)
	}
	return m
}

// Ready says that the program does what it is there for, or does so again after Reloading.
func (m *Manager) Ready(status string) { m.send(daemon.SdNotifyReady, statusLine(status)) }

// Reloading says that a new pipeline is being prepared; Ready ends it, whatever came of it.
func (m *Manager) Reloading() {
	now, err := monotonic()
	if err != nil {
		return // Type=notify-reload wants the moment; without one it waits for nothing
	}
	m.send(daemon.SdNotifyReloading, fmt.Sprintf("MONOTONIC_USEC=%d", now.Microseconds()))
}

// Status says in a line how things are, for systemctl status.
func (m *Manager) Status(status string) { m.send(statusLine(status)) }

// Stopping says that the program ends because it was asked to.
func (m *Manager) Stopping() { m.send(daemon.SdNotifyStopping) }

// Watch gives a sign of life twice within each interval of the watchdog, as long as alive returns. It asks nobody else for the
// time between: when alive hangs, because the core does, no sign is given and the manager starts the program anew. It
// returns when ctx is done, or at once where there is no watchdog.
func (m *Manager) Watch(ctx context.Context, alive func()) {
	if m.interval == 0 {
		return
	}
	t := time.NewTicker(m.interval / 2)
	defer t.Stop()
	for {
		alive()
		m.send(daemon.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// send sends lines as one message. A manager that does not listen costs a log line, never the pipeline.
func (m *Manager) send(lines ...string) {
	if !m.here {
		return
	}
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		m.log.Warn("the service manager was not told", "what", lines[0], "err", err)
	}
}

// statusLine is a state of one line: what stands behind a line break would be another message.
func statusLine(s string) string { return "STATUS=" + strings.Join(strings.Fields(s), " ") }
