package frame

import (
	"fmt"
	"sync"
)

// PoolOptions say what a Pool holds.
type PoolOptions struct {
	Camera CameraID
	// Slabs is the bound: how many pictures may be held at once. Past it Get fails with ErrNoBuffer.
	Slabs int
	// Shared puts the slabs into a File that another process can map; Get fails where the system has none (not Linux).
	Shared bool
	// Claim, when not nil, is asked before pictures of a new size are taken, with the bytes that all slabs together will have,
	// in place of what it was asked for last. Its error is Get's. Close asks for 0.
	Claim func(bytes int) error
}

// Pool hands out a camera's frames: slabs of one size outside the Go heap, reused. When the size or format of the
// pictures changes, slabs of the old size go back to the system as their frames are released.
type Pool struct {
	camera CameraID
	claim  func(bytes int) error

	mu struct {
		sync.Mutex
		bound  int
		shared bool
		free   []*slab
		held   int // slabs that carry a frame now
		peak   int
		bytes  int // mapped now
		gen    int // changes with the size of the slabs
		size   layout
		file   *File // of this size, nil: private memory
		closed bool
	}
}

// layout is where the parts of a slab lie: base pixels, then the views that are not already in them.
type layout struct {
	format        Format
	width, height int
	base          int // bytes of base pixels
	luma          int // bytes of the luma view, 0 where the base has it
	small         int
	bgr           int
}

func newLayout(f Format, w, h int) layout {
	l := layout{format: f, width: w, height: h, base: f.Bytes(w, h)}
	if f == BGR {
		l.luma = w * h
	} else {
		l.bgr = 3 * w * h
	}
	if sw, sh := SmallSize(w, h); sw != w || sh != h {
		l.small = sw * sh
	}
	return l
}

// SlabBytes returns the bytes of one picture with room for its views.
func SlabBytes(f Format, width, height int) int { return newLayout(f, width, height).total() }

func (l layout) total() int { return l.base + l.luma + l.small + l.bgr }

type slab struct {
	home  home
	gen   int
	size  layout
	mem   []byte // the base pixels first
	views []byte // what views are made in

	// Of a shared slab.
	file   *File
	offset int64
}

// home is where a slab goes when nobody holds its frame any more.
type home interface{ put(f *Frame) }

func (s *slab) luma() []byte  { return s.views[:s.size.luma] }
func (s *slab) small() []byte { return s.views[s.size.luma:][:s.size.small] }
func (s *slab) bgr() []byte   { return s.views[s.size.luma+s.size.small:][:s.size.bgr] }

// NewPool returns a pool. It holds no memory until the first Get tells it the size of the pictures.
func NewPool(o PoolOptions) *Pool {
	if o.Slabs < 1 {
		panic(fmt.Sprintf("frame: pool of %d slabs, must be at least 1", o.Slabs))
	}
	p := &Pool{camera: o.Camera, claim: o.Claim}
	p.mu.bound, p.mu.shared = o.Slabs, o.Shared
	return p
}

// MaxSide bounds a picture's width and height: past it a header is taken for damage, not for a picture.
const MaxSide = 16384

// Get returns a frame to be filled, with one reference, or ErrNoBuffer when the bound is reached. It fails for sizes
// outside 1 to MaxSide, and for odd sizes in I420.
func (p *Pool) Get(format Format, width, height int) (*Frame, error) {
	if err := checkSize(format, width, height); err != nil {
		return nil, err
	}
	s, err := p.slab(newLayout(format, width, height))
	if err != nil {
		return nil, err
	}
	f := &Frame{Camera: p.camera, PTS: NoPTS, Width: width, Height: height, Format: format, slab: s}
	f.refs.Store(1)
	return f, nil
}

func checkSize(format Format, width, height int) error {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return fmt.Errorf("picture of %d x %d: each side must be from 1 to %d", width, height, MaxSide)
	}
	if format == I420 && (width%2 != 0 || height%2 != 0) {
		return fmt.Errorf("picture of %d x %d in i420: both sides must be even", width, height)
	}
	return nil
}

func (p *Pool) slab(size layout) (*slab, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mu.closed {
		return nil, fmt.Errorf("camera %q: frame pool is closed", p.camera)
	}
	if size != p.mu.size {
		if p.claim != nil {
			if err := p.claim(size.total() * p.mu.bound); err != nil {
				return nil, fmt.Errorf("camera %q, pictures of %d x %d: %w", p.camera, size.width, size.height, err)
			}
		}
		p.drain()
		p.mu.size = size
		p.mu.gen++
	}
	if p.mu.held >= p.mu.bound {
		return nil, ErrNoBuffer
	}
	var s *slab
	if n := len(p.mu.free); n > 0 {
		s, p.mu.free = p.mu.free[n-1], p.mu.free[:n-1]
	} else {
		var err error
		if s, err = p.newSlab(size); err != nil {
			return nil, fmt.Errorf("camera %q: frame buffer of %d bytes: %w", p.camera, size.total(), err)
		}
	}
	p.mu.held++
	p.mu.peak = max(p.mu.peak, p.mu.held)
	return s, nil
}

// newSlab returns memory for one more picture; the lock is held.
func (p *Pool) newSlab(size layout) (*slab, error) {
	s := &slab{home: p, gen: p.mu.gen, size: size}
	var err error
	if p.mu.shared {
		if p.mu.file == nil {
			if p.mu.file, err = newFile(size.total(), p.mu.bound); err != nil {
				return nil, err
			}
		}
		s.file = p.mu.file
		s.mem, s.offset, err = s.file.take(size.total())
	} else {
		s.mem, err = mapMemory(size.total())
	}
	if err != nil {
		return nil, err
	}
	s.views = s.mem[size.base:]
	p.mu.bytes += len(s.mem)
	return s, nil
}

// Resize changes the bound, and whether another process can see the pictures from now on. Frames that are held are as they
// were. It fails, and changes nothing, when the memory of the new bound cannot be claimed.
func (p *Pool) Resize(slabs int, shared bool) error {
	if slabs < 1 {
		panic(fmt.Sprintf("frame: pool of %d slabs, must be at least 1", slabs))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if slabs == p.mu.bound && shared == p.mu.shared || p.mu.closed {
		return nil
	}
	if n := p.mu.size.total(); p.claim != nil && n > 0 && slabs != p.mu.bound {
		if err := p.claim(n * slabs); err != nil {
			return fmt.Errorf("camera %q, %d pictures of %d x %d: %w", p.camera, slabs, p.mu.size.width, p.mu.size.height, err)
		}
	}
	if shared || p.mu.shared { // a file has its size, and private memory cannot be shown
		p.drain()
		p.mu.gen++
	}
	p.mu.bound, p.mu.shared = slabs, shared
	for n := len(p.mu.free); n > 0 && p.mu.held+n > p.mu.bound; n-- {
		p.unmap(p.mu.free[n-1])
		p.mu.free = p.mu.free[:n-1]
	}
	return nil
}

// put takes the slab of a frame that nobody holds any more.
func (p *Pool) put(f *Frame) {
	mangle(f.slab.mem)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mu.held--
	if p.mu.closed || f.slab.gen != p.mu.gen || f.slab.file == nil && p.mu.held+len(p.mu.free) >= p.mu.bound {
		p.unmap(f.slab)
	} else {
		p.mu.free = append(p.mu.free, f.slab)
	}
	f.slab = nil // a use after the last release is a nil dereference with a stack, not a torn picture
}

// Close gives the free slabs back to the system; held ones follow as they are released.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.claim != nil && !p.mu.closed {
		_ = p.claim(0) // less than before: always fits
	}
	p.mu.closed = true
	p.drain()
}

// drain gives the free slabs back; the lock is held.
func (p *Pool) drain() {
	for _, s := range p.mu.free {
		p.unmap(s)
	}
	p.mu.free = nil
	if p.mu.file != nil {
		p.mu.file.retire()
		p.mu.file = nil
	}
}

// unmap gives a slab back; the lock is held.
func (p *Pool) unmap(s *slab) {
	p.mu.bytes -= len(s.mem)
	if s.file != nil {
		s.file.give(s.mem, s.offset)
	} else {
		unmap(s.mem)
	}
}

// Stats says how a pool is used.
type Stats struct {
	Held, Peak, Bound int
	Bytes             int // mapped for held and free slabs, of whatever size
	Shared            bool
}

// Stats returns the pool's present use.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{Held: p.mu.held, Peak: p.mu.peak, Bound: p.mu.bound, Bytes: p.mu.bytes, Shared: p.mu.shared}
}
