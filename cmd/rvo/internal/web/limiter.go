package web

import (
	"net"
	"sync"
	"time"
)

const (
	// requestRate and requestBurst are what one client may ask in a second, and at once: a console with a wall of cameras asks
	// for some twenty a second.
	requestRate, requestBurst = 200, 400
	// failureRate and failureBurst are how often one client may show a wrong token: who mistypes is not kept out, who tries
	// tokens does not get far.
	failureRate, failureBurst = 1, 10
	// maxClients bounds how many clients are told apart; more share one allowance.
	maxClients = 1024
)

// limiter gives each client an allowance that fills up again. Any goroutine may ask.
type limiter struct {
	rate, burst float64
	now         func() time.Time

	mu struct {
		sync.Mutex
		clients map[string]*allowance
		rest    allowance // of those that are too many
	}
}

type allowance struct {
	left float64
	at   time.Time
}

func newLimiter(rate, burst float64, now func() time.Time) *limiter {
	l := &limiter{rate: rate, burst: burst, now: now}
	l.mu.clients = map[string]*allowance{}
	l.mu.rest = allowance{burst, now()}
	return l
}

// take uses one of the client's allowance, and reports whether there was one.
func (l *limiter) take(client string) bool { return l.ask(client, 1) }

// has reports whether there is one.
func (l *limiter) has(client string) bool { return l.ask(client, 0) }

func (l *limiter) ask(client string, n float64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := l.of(client, now)
	a.left = min(l.burst, a.left+l.rate*now.Sub(a.at).Seconds())
	a.at = now
	if a.left < 1 {
		return false
	}
	a.left -= n
	return true
}

// of returns the client's allowance; the lock is held. Where there are too many clients, those go who have asked for nothing
// so long that theirs is full again.
func (l *limiter) of(client string, now time.Time) *allowance {
	if a := l.mu.clients[client]; a != nil {
		return a
	}
	if len(l.mu.clients) >= maxClients {
		for k, a := range l.mu.clients {
			if a.left+l.rate*now.Sub(a.at).Seconds() >= l.burst {
				delete(l.mu.clients, k)
			}
		}
	}
	if len(l.mu.clients) >= maxClients {
		return &l.mu.rest
	}
	a := &allowance{l.burst, now}
	l.mu.clients[client] = a
	return a
}

// client is whom a request is counted for: the address that it comes from. Behind a proxy that is the proxy, since what it says
// of others could be anybody's invention.
func client(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	return host
}
