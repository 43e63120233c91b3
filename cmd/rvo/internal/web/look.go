package web

import (
	"sync"
	"time"

	"rvo.dev/engine"
)

// lookEvery is the shortest time between two looks at the engine: each has its core stop for a copy, so many who ask get the same.
const lookEvery = 100 * time.Millisecond

// look shares looks at the engine. Any goroutine may ask.
type look struct {
	engine Engine

	mu struct {
		sync.Mutex
		at   time.Time
		view *engine.View
	}
}

// now returns what the engine is, or was a moment ago. It is everybody's: nobody changes it.
func (l *look) now() *engine.View {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mu.view == nil || time.Since(l.mu.at) >= lookEvery {
		v := l.engine.View()
		l.mu.view, l.mu.at = &v, time.Now()
	}
	return l.mu.view
}
