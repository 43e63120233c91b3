//go:build unix

package vet

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// FreeBytes returns what the disk below a folder has free for whoever runs this, in bytes. The folder need not exist yet.
func FreeBytes(dir string) (int64, bool) {
	for {
		var st unix.Statfs_t
		err := unix.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * int64(st.Bsize), true //nolint:unconvert // of other types on other systems
		}
		up := filepath.Dir(dir)
		if up == dir {
			return 0, false
		}
		dir = up
	}
}
