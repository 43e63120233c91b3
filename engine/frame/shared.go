package frame

import (
	"errors"
	"fmt"
	"sync"
)

// ErrNoShared says that this system has no memory that can be handed to another process as a File.
var ErrNoShared = errors.New("this system has no memory files")

// Place returns where the frame's pixels lie in memory that another process can map: the file and the offset in it; a nil
// file for a frame of a pool that is not shared. The file stays open while the frame is held.
func (f *Frame) Place() (file *File, offset int64) { return f.slab.file, f.slab.offset }

// Mapped is a File of another process's pool, seen read-only. Frames over it make their views in memory of their own.
// It is safe for concurrent use.
type Mapped struct {
	mem []byte

	mu struct {
		sync.Mutex
		spare  []byte // view memory of the frame released last
		held   int
		closed bool
	}
}

// MapFile maps size bytes of a file, by its descriptor, which stays the caller's. It fails where the system has no such
// files, and when the file is shorter.
func MapFile(fd int, size int64) (*Mapped, error) {
	mem, err := mapReadOnly(fd, size)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes of frame memory: %w", size, err)
	}
	return &Mapped{mem: mem}, nil
}

// Frame returns a frame over the pixels at offset, with one reference, whose other fields the caller sets before it shows
// the frame to others. Pixels are read in place: they are right only as long as the other process keeps them. It fails
// for sizes that Pool.Get refuses and for pictures that do not lie in the mapping.
func (m *Mapped) Frame(offset int64, format Format, width, height int) (*Frame, error) {
	if format > I420 {
		return nil, fmt.Errorf("picture format %d: there is none", format)
	}
	if err := checkSize(format, width, height); err != nil {
		return nil, err
	}
	size := newLayout(format, width, height)
	if offset < 0 || offset > int64(len(m.mem)) || int64(size.base) > int64(len(m.mem))-offset {
		return nil, fmt.Errorf("picture of %d bytes at %d: outside the %d bytes of frame memory", size.base, offset, len(m.mem))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.mu.closed {
		return nil, errors.New("picture in frame memory that was closed")
	}
	views := m.mu.spare
	m.mu.spare = nil
	if need := size.total() - size.base; len(views) != need {
		views = make([]byte, need)
	}
	m.mu.held++
	end := offset + int64(size.base)
	f := &Frame{PTS: NoPTS, Width: width, Height: height, Format: format, slab: &slab{
		home: m, size: size, mem: m.mem[offset:end:end], views: views,
	}}
	f.refs.Store(1)
	return f, nil
}

// put takes the view memory of a frame that nobody holds any more.
func (m *Mapped) put(f *Frame) {
	mangle(f.slab.views)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.spare = f.slab.views
	f.slab = nil
	m.mu.held--
	m.release()
}

// Close gives the mapping back, at once or as the last frame over it is released.
func (m *Mapped) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mu.closed = true
	m.release()
}

// release unmaps what nobody can see any more; the lock is held.
func (m *Mapped) release() {
	if m.mu.closed && m.mu.held == 0 && m.mem != nil {
		unmap(m.mem)
		m.mem = nil
	}
}
