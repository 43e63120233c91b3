// Package detectv1 is the contract with detectors that run somewhere else, rvo.detect.v1, as Go.
//
//	client := detectv1.NewDetectorClient(conn)
//	answer, err := client.Detect(ctx, &detectv1.DetectRequest{FrameJpeg: picture, FrameId: 7})
//
// Everything but this comment is made from detect.proto by proto/generate.sh. The package starts no goroutine of its own.
package detectv1
