package grpc

import (
	"context"
	"sync"

	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/tap"
)

// accepting tells the connections apart on which calls come.
type accepting struct {
	mu   sync.Mutex
	from map[string]bool
}

func (a *accepting) tap(ctx context.Context, _ *tap.Info) (context.Context, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.from == nil {
		a.from = map[string]bool{}
	}
	if p, ok := peer.FromContext(ctx); ok {
		a.from[p.Addr.String()] = true
	}
	return ctx, nil
}

func (a *accepting) peers() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.from)
}
