//go:build !linux && !darwin && !freebsd && !windows

package evidence

import (
	"errors"
	"os"
)

// freeBytes says that this system does not tell: minFree is not enforced there.
func freeBytes(*os.File) (int64, error) { return 0, errors.ErrUnsupported }
