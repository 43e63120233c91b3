// Package accept holds the tests of the whole: a pipeline in CUE, vetted, built and run on real video, real sockets and
// real disks, and looked at from outside.
//
//	go test ./cmd/internal/accept
//	go test -tags opencv -v -run TestCounts ./cmd/internal/accept
//
// Tests that need OpenCV have the build tag; tests that need clips with ground truth skip where these are not. The package
// has no code of its own and starts no goroutine.
package accept
