package remote

import (
	"io"

	"google.golang.org/grpc/grpclog"
)

// logLevel is the variable by which gRPC is asked for a log of its own.
const logLevel = "GRPC_GO_LOG_SEVERITY_LEVEL"

// Quiet keeps gRPC from writing to standard error, where by itself it tells of services without a health service and the like
// as errors: what matters of a connection comes back as errors of runs. Whoever sets GRPC_GO_LOG_SEVERITY_LEVEL gets
// gRPC's own log as ever. It is for main, before anything else: what it changes belongs to the whole program.
func Quiet(getenv func(string) string) {
	if getenv(logLevel) == "" {
		grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	}
}
