package engine

import (
	"fmt"
	"sync"
)

// account keeps what is claimed of the memory that engine.memory bounds: evidence rings and buffers of pictures. A camera
// claims the whole of its buffers as soon as its pictures' size is known, so that a pipeline that runs does not find itself
// without memory when it gets busy.
type account struct {
	limit int64 // 0: none

	mu struct {
		sync.Mutex
		used int64
	}
}

// newAccount returns the account of a graph with its rings in it.
func newAccount(limit, rings int64) (*account, error) {
	m := &account{limit: limit}
	if limit > 0 && rings > limit {
		return nil, fmt.Errorf("engine: memory of %s is less than the %s of the evidence rings: raise engine.memory or lower engine.ringMemory", size(limit), size(rings))
	}
	m.mu.used = rings
	return m, nil
}

// claim changes a claim of had bytes into one of want, or leaves it as it is when that does not fit.
func (m *account) claim(had, want int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if free := m.limit - m.mu.used + had; m.limit > 0 && want > free {
		return fmt.Errorf("buffers for its pictures need %s, of the %s of engine.memory %s are free: raise engine.memory, take smaller pictures, or fewer detectors or cameras",
			size(want), size(m.limit), size(max(free, 0)))
	}
	m.mu.used += want - had
	return nil
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
