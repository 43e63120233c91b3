//go:build !unix

package frame

func mapMemory(n int) ([]byte, error) { return make([]byte, n), nil }

func unmap([]byte) {}
