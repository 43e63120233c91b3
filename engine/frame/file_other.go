//go:build !linux

package frame

// File is memory that holds the slabs of a shared pool. There is none on this system.
type File struct{}

// FD returns a descriptor of the file; -1 on this system.
func (*File) FD() int { return -1 }

// Size returns the file's length in bytes; 0 on this system.
func (*File) Size() int64 { return 0 }

func newFile(int, int) (*File, error) { return nil, ErrNoShared }

func (*File) take(int) ([]byte, int64, error) { return nil, 0, ErrNoShared }

func (*File) give([]byte, int64) {}

func (*File) retire() {}

func mapReadOnly(int, int64) ([]byte, error) { return nil, ErrNoShared }
