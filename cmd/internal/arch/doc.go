// Package arch holds the rules of the house as tests: who may import whom, where goroutines start, which packages are
// pure, and that what is written down in two places says the same in both.
//
//	go test ./cmd/internal/arch
//
// The tests parse the sources themselves, with every build tag: the compiler and linters see one combination at a time,
// and `go list` may answer from a cache. Each failure says what to write instead, and each rule is also run on a small
// tree with a fault planted in it. The package has no code of its own and starts no goroutine.
package arch
