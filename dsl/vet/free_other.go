//go:build !unix

package vet

// FreeBytes returns what the disk below a folder has free, which is not known on this system.
func FreeBytes(string) (int64, bool) { return 0, false }
