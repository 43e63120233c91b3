//go:build unix

package frame

import "golang.org/x/sys/unix"

// mapMemory returns n zeroed bytes outside the Go heap. Every page is touched now: a first touch while a picture is
// being copied in costs five to twenty times the copy.
func mapMemory(n int) ([]byte, error) {
	mem, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	for i := 0; i < n; i += 4096 {
		mem[i] = 0
	}
	return mem, nil
}

func unmap(mem []byte) {
	if err := unix.Munmap(mem); err != nil {
		panic("frame: munmap of own slab: " + err.Error())
	}
}
