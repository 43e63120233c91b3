package motion

import (
	"testing"

	"rvo.dev/engine/node/nodetest"
)

func TestDefaults(t *testing.T) {
	var o Options
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	nodetest.Defaults(t, Kind(), o)
}
