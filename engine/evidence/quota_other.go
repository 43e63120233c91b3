//go:build !unix

package evidence

import "errors"

// errQuota is no error of this system.
var errQuota = errors.New("disk quota exceeded")
