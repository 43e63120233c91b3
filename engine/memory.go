package engine

import (
	"fmt"
	"sync"
)

// account keeps what is claimed of the memory that engine.memory bounds: evidence rings and buffers of pictures. A camera
// claims the whole of its buffers as soon as its pictures' size is known, so that a pipeline that runs does not find itself
// without memory when it gets busy.
type account struct {
	mu struct {
		sync.Mutex
		limit int64 // 0: none
		used  int64
	}
}

// memoryError says that a claim does not fit.
type memoryError struct{ text string }

func (e *memoryError) Error() string { return e.text }

// newAccount returns the account of a graph with its rings in it.
func newAccount(limit, rings int64) (*account, error) {
	m := &account{}
	if limit > 0 && rings > limit {
		return nil, fmt.Errorf("engine: memory of %s is less than the %s of the evidence rings: raise engine.memory or lower engine.ringMemory", size(limit), size(rings))
	}
	m.mu.limit, m.mu.used = limit, rings
	return m, nil
}

// claim changes a claim of had bytes into one of want, or leaves it as it is when that does not fit.
func (m *account) claim(had, want int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if free := m.mu.limit - m.mu.used + had; m.mu.limit > 0 && want > free {
		return &memoryError{fmt.Sprintf("buffers for its pictures need %s, of the %s of engine.memory %s are free: raise engine.memory, take smaller pictures, or fewer detectors or cameras",
			size(want), size(m.mu.limit), size(max(free, 0)))}
	}
	m.mu.used += want - had
	return nil
}

// widen makes room for a swap that raises the limit, until it is settled or narrowed again, and claims what rings will take
// more. It returns the limit of before.
func (m *account) widen(limit, more int64) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	was := m.mu.limit
	if limit == 0 || was > 0 && limit > was {
		m.mu.limit = limit
	}
	m.mu.used += more
	return was
}

// narrow takes a widen back.
func (m *account) narrow(limit, more int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.limit = limit
	m.mu.used -= more
}

// settle sets the limit after a swap, and gives back what rings take less.
func (m *account) settle(limit, less int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.limit = limit
	m.mu.used -= less
}

// bound returns the limit, 0: none.
func (m *account) bound() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.limit
}

// use returns what is claimed now.
func (m *account) use() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mu.used
}

// size writes bytes as people read them.
func size(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}
