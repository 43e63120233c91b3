//go:build !unix

package cli

import "os"

// lock does nothing where there is no flock: two runs in one folder are then the user's to avoid.
func lock(*os.File) error { return nil }
