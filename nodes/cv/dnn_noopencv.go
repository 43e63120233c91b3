//go:build !cgo || !opencv

package cv

import "rvo.dev/nodes/model"

func dnn() (model.Runtime, bool) { return nil, false }
