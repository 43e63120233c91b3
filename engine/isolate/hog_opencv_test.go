//go:build cgo && opencv && linux

package isolate

import (
	"errors"
	"reflect"
	"testing"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/nodes/cv"
)

// TestHOGSaysTheSame: OpenCV works in a process of its own, and finds there what it finds in this one.
func TestHOGSaysTheSame(t *testing.T) {
	r := newRig(t)
	var k node.Kind
	for _, k = range cv.Kinds() {
		if k.Contract.Name == "hog" {
			break
		}
	}
	const options = `{"threshold":-2,"minNeighbors":1}` // finds people in a pattern that has none: something to compare
	inside, err := k.OpenDetector(t.Context(), r.env, []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	outside := r.model(k, options)
	a, b := r.instance(inside, "front"), r.instance(outside, "front")
	defer r.close(outside, b)
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	emits, _ := k.Contract.Emits([]byte(options))
	found := 0
	for n := range 4 {
		f := nodetest.Picture(t, r.pool, []frame.Format{frame.BGR, frame.I420}[n%2], 320, 240, 0, func(x, y int) byte {
			return byte((x*x/(40+10*n) + y*y/90) ^ (x >> n))
		})
		one, two := node.NewRun(emits), node.NewRun(emits)
		one.Frames, two.Frames = append(one.Frames, f), append(two.Frames, f)
		if err := errors.Join(a.Detect(t.Context(), one), b.Detect(t.Context(), two)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(one.Outputs(), two.Outputs()) {
			t.Fatalf("picture %d: in process %v, in its own %v", n, one.Outputs(), two.Outputs())
		}
		found += int(one.Outputs()[0].Value.AsInt())
		f.Release()
	}
	if found == 0 {
		t.Error("nothing was found: the test compares nothing")
	}
}
