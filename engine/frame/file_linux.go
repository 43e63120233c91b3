package frame

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// File is memory without a name (memfd) that holds the slabs of one size of a shared pool. It is open while its pool may
// put pictures into it and while one in it is held.
type File struct {
	size, stride int64

	// Guarded by the pool's lock.
	file     int // read and write
	shown    int // the same, read only: what other processes get
	taken    int // slabs that were ever mapped, in order; a pool never maps more than its bound in one file
	live     int // slabs that are mapped
	isClosed bool
	retired  bool // the pool puts no more pictures into it
}

// FD returns a descriptor that can only be read from, valid while a frame in the file is held.
func (f *File) FD() int { return f.shown }

// Size returns the file's length in bytes; what is not used takes no memory.
func (f *File) Size() int64 { return f.size }

func newFile(slab, slabs int) (*File, error) {
	page := int64(os.Getpagesize())
	stride := (int64(slab) + page - 1) / page * page
	fd, err := unix.MemfdCreate("rvo-frames", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("memory file: %w", err)
	}
	f := &File{file: fd, shown: -1, size: stride * int64(slabs), stride: stride}
	if err := f.prepare(); err != nil {
		f.close()
		return nil, fmt.Errorf("memory file of %d bytes: %w", f.size, err)
	}
	return f, nil
}

func (f *File) prepare() error {
	if err := unix.Ftruncate(f.file, f.size); err != nil {
		return err
	}
	// A file that cannot shrink cannot take pages away from under a process that reads them.
	if _, err := unix.FcntlInt(uintptr(f.file), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW); err != nil {
		return err
	}
	var err error
	f.shown, err = unix.Open(fmt.Sprintf("/proc/self/fd/%d", f.file), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return err
}

// take maps the next slab. Every page is touched now, as in mapMemory.
func (f *File) take(n int) ([]byte, int64, error) {
	offset := int64(f.taken) * f.stride
	// Memory that is not there is an error here; without this it would be a bus error at the first touch.
	if err := unix.Fallocate(f.file, 0, offset, f.stride); err != nil {
		return nil, 0, err
	}
	mem, err := mmap(f.file, offset, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, 0, err
	}
	for i := 0; i < n; i += 4096 {
		mem[i] = 0
	}
	f.taken++
	f.live++
	return mem, offset, nil
}

// give unmaps a slab and lets go of its pages, which a file would keep to its end.
func (f *File) give(mem []byte, offset int64) {
	unmap(mem)
	if err := unix.Fallocate(f.file, unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, offset, f.stride); err != nil {
		panic("frame: hole in own memory file: " + err.Error())
	}
	f.live--
	f.closeUnused()
}

// retire says that the pool takes no more slabs from it.
func (f *File) retire() {
	f.retired = true
	f.closeUnused()
}

func (f *File) closeUnused() {
	if f.retired && f.live == 0 && !f.isClosed {
		f.close()
	}
}

func (f *File) close() {
	f.isClosed = true
	for _, fd := range []int{f.file, f.shown} {
		if fd >= 0 {
			_ = unix.Close(fd) // nothing is written that could be lost
		}
	}
	f.file, f.shown = -1, -1
}

func mapReadOnly(fd int, size int64) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if size < 1 || size > st.Size {
		return nil, fmt.Errorf("the file has %d bytes", st.Size)
	}
	return mmap(fd, 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}
