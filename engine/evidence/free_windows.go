package evidence

import (
	"os"

	"golang.org/x/sys/windows"
)

// freeBytes returns what this user may still write on the disk that d is on.
func freeBytes(d *os.File) (int64, error) {
	name, err := windows.UTF16PtrFromString(d.Name())
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, os.NewSyscallError("GetDiskFreeSpaceEx", err)
	}
	return int64(free), nil
}
