//go:build linux || darwin || freebsd

package evidence

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeBytes returns what an unprivileged process may still write on the disk that d is on.
func freeBytes(d *os.File) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(d.Fd()), &st); err != nil {
		return 0, os.NewSyscallError("statfs", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // other systems have other types there
}
