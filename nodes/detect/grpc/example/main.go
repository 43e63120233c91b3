// A detector service to start from: it looks at a picture's mean brightness, over rvo.detect.v1.
//
//	go run ./nodes/detect/grpc/example --port 50051 --signal PersonDetected --threshold 50
//	detectors: people: {fps: 5, grpc: {endpoint: "http://localhost:50051", signals: person_detected: type: "int"}}
//
// Copy the folder, put a model where look is, and keep the rest: both methods of the contract, gRPC's health service, an end
// that lets the questions that are out be answered, and a limit to how many are worked on at once. It knows nothing of rvo
// but the contract, and takes pictures of any size as JPEG or without compression.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	detectv1 "rvo.dev/proto/rvo/detect/v1"
)

func main() { os.Exit(code()) }

// code runs the service until a signal and returns what the program exits with.
func code() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stderr)
	switch {
	case err == nil:
		return 0
	case !errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(os.Stderr, "example:", err)
	}
	return 2
}

// options are what the flags say.
type options struct {
	address   string
	port      int
	signal    string
	threshold float64
	ttl       time.Duration
	latency   time.Duration
	always    bool
	workers   int
	drain     time.Duration
}

// parse reads the flags. The names are those of the first RVO's demonstration service.
func parse(args []string, out io.Writer) (options, error) {
	var o options
	var ttl, latency int
	fs := flag.NewFlagSet("example", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.StringVar(&o.address, "address", "127.0.0.1", "the address to listen at; 0.0.0.0 for every network of this machine")
	fs.IntVar(&o.port, "port", 50051, "the port to listen at, 0 for a free one")
	fs.StringVar(&o.signal, "signal", "PersonDetected", "the name of the signal")
	fs.Float64Var(&o.threshold, "threshold", 50, "the mean brightness, 0 to 255, from which the signal is there")
	fs.IntVar(&ttl, "ttl-ms", 1000, "for how long a value may be used, in milliseconds")
	fs.IntVar(&latency, "latency-ms", 0, "how much later every answer comes, in milliseconds, to see what that does")
	fs.BoolVar(&o.always, "always", false, "the signal is there in every picture")
	fs.IntVar(&o.workers, "workers", 4, "how many pictures are looked at at once; more wait")
	fs.DurationVar(&o.drain, "drain", 5*time.Second, "how long the questions that are out may take when it is stopped")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.ttl, o.latency = time.Duration(ttl)*time.Millisecond, time.Duration(latency)*time.Millisecond
	switch {
	case fs.NArg() > 0:
		return o, fmt.Errorf("argument %q: there are flags only", fs.Arg(0))
	case o.port < 0 || o.port > 65535:
		return o, fmt.Errorf("--port %d: must be 0 to 65535", o.port)
	case o.signal == "":
		return o, errors.New("--signal is empty: give the name of a signal")
	case ttl < 0 || latency < 0:
		return o, errors.New("--ttl-ms and --latency-ms must be 0 or above")
	case o.workers < 1:
		return o, fmt.Errorf("--workers %d: must be 1 or above", o.workers)
	}
	return o, nil
}

// run serves until ctx is done, then lets what is out be answered.
func run(ctx context.Context, args []string, out io.Writer) error {
	o, err := parse(args, out)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(o.address, strconv.Itoa(o.port)))
	if err != nil {
		return err
	}
	server := grpc.NewServer(
		// The largest picture that may come, and signs of life as often as clients like to have them.
		grpc.MaxRecvMsgSize(64<<20),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	)
	detectv1.RegisterDetectorServer(server, newService(o))
	well := health.NewServer()
	healthv1.RegisterHealthServer(server, well)
	log := slog.New(slog.NewTextHandler(out, nil))
	log.Info("ready", "address", l.Addr().String(), "signal", o.signal)

	// Unwell first, so that clients with replicas go elsewhere; then no new questions; then, after the time for it, no more.
	stopped := context.AfterFunc(ctx, func() {
		log.Info("stopping")
		well.Shutdown()
		late := time.AfterFunc(o.drain, server.Stop)
		defer late.Stop()
		server.GracefulStop()
	})
	defer stopped()
	return server.Serve(l)
}
