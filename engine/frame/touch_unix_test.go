//go:build unix

package frame

import (
	"bytes"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkFirstTouch is a copy of a picture of 1920 x 1080 into memory that was mapped and never touched, and into a slab
// of the pool, whose pages were touched when it was made.
func BenchmarkFirstTouch(b *testing.B) {
	n := I420.Bytes(1920, 1080)
	art := bytes.Repeat([]byte{7}, n)
	b.Run("untouched", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(n))
		for b.Loop() {
			b.StopTimer()
			mem, err := mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
			if err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			copy(mem, art)
			b.StopTimer()
			unmap(mem)
			b.StartTimer()
		}
	})
	b.Run("slab", func(b *testing.B) {
		p := NewPool(PoolOptions{Camera: "c", Slabs: 2})
		defer p.Close()
		f, err := p.Get(I420, 1920, 1080)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Release()
		b.ReportAllocs()
		b.SetBytes(int64(n))
		for b.Loop() {
			copy(f.Pix(), art)
		}
	})
}
