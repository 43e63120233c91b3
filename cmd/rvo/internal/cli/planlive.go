package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"rvo.dev/cmd/rvo/internal/web"
	"rvo.dev/dsl/plan"
)

// maxRunning bounds what a running rvo says of its pipeline in bytes: a thousand cameras with ten detectors each stay far
// below.
const maxRunning = 256 << 20

// askRunning asks the rvo at a base address what it runs.
func askRunning(ctx context.Context, base, token string) (*plan.Running, error) {
	a, err := ask(ctx, base, web.ConfigPath, "application/json", token, maxRunning)
	if err != nil {
		return nil, err
	}
	if a.code != http.StatusOK {
		first, _, _ := strings.Cut(strings.TrimSpace(string(a.body)), "\n")
		return nil, fmt.Errorf("%s: %s: %.200s", a.url, status(a.code), first)
	}
	running, err := plan.ParseRunning(a.body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.url, err)
	}
	return running, nil
}

// status is a code as HTTP writes it: "404 Not Found".
func status(code int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", code, http.StatusText(code)))
}
