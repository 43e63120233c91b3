//go:build unix

package frame

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapMemory returns n zeroed bytes outside the Go heap. Every page is touched now: a first touch while a picture is
// being copied in costs five to twenty times the copy.
func mapMemory(n int) ([]byte, error) {
	mem, err := mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	for i := 0; i < n; i += 4096 {
		mem[i] = 0
	}
	return mem, nil
}

// mmap maps memory without an entry in unix.Mmap's table of everything that is mapped, which a slab owns already.
func mmap(fd int, offset int64, n, prot, flags int) ([]byte, error) {
	p, err := unix.MmapPtr(fd, offset, nil, uintptr(n), prot, flags)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), n), nil
}

// unmap gives back what mmap mapped.
func unmap(mem []byte) {
	if err := unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(mem)), uintptr(len(mem))); err != nil {
		panic("frame: munmap of own slab: " + err.Error())
	}
}
