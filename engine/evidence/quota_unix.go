//go:build unix

package evidence

import "syscall"

// errQuota says that the user's share of the disk is used up.
var errQuota error = syscall.EDQUOT
