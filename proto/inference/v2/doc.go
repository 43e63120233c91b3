// Package inferencev2 is the part of the Open Inference Protocol, version 2, that rvo speaks with model servers, as Go.
//
//	client := inferencev2.NewGRPCInferenceServiceClient(conn)
//	answer, err := client.ModelInfer(ctx, &inferencev2.ModelInferRequest{ModelName: "yolox", …})
//
// Everything but this comment is made from inference.proto by proto/generate.sh. The package starts no goroutine of its own.
package inferencev2
