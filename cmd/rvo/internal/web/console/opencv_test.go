//go:build opencv

package console_test

// again says that another build has the same tests.
const again = true
