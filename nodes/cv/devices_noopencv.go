//go:build !cgo || !opencv

package cv

const canProbe = false

func probe(*Device) {}
