package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// maxTokenFile bounds what is read of a token file in bytes: a wrong path must not be read into memory whole.
const maxTokenFile = 4096

// httpFlags say where the server listens and who may use it.
type httpFlags struct {
	addr        string
	metricsPort int
	tokenFile   string
	tokenEnv    string
	names       []string
	pprof       bool
}

func (f *httpFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.addr, "http", "127.0.0.1:9090", `address of /metrics, /health and /ready; "off": none`)
	fs.IntVar(&f.metricsPort, "metrics-port", 0, "port of --http")
	fs.StringVar(&f.tokenFile, "http-token-file", "", "file with the token that requests need which change something; off loopback every request does")
	fs.StringVar(&f.tokenEnv, "http-token-env", "", "environment variable with that token")
	fs.StringArrayVar(&f.names, "http-name", nil, "host name the server may be called by, beside its address; repeatable")
	fs.BoolVar(&f.pprof, "pprof", false, "serve profiles at /debug/pprof/")
}

// address returns where to listen, "" for nowhere.
func (f *httpFlags) address(fs *pflag.FlagSet) (string, error) {
	off := f.addr == "" || f.addr == "off"
	if !fs.Changed("metrics-port") {
		if off {
			return "", nil
		}
		return f.addr, nil
	}
	switch {
	case off:
		return "", errors.New("--metrics-port sets the port of --http, and that is off")
	case f.metricsPort < 0 || f.metricsPort > 65535:
		return "", fmt.Errorf("--metrics-port %d: must be from 0 to 65535", f.metricsPort)
	}
	host, _, err := net.SplitHostPort(f.addr)
	if err != nil {
		return "", fmt.Errorf("--http %q: %w: write it as 127.0.0.1:9090", f.addr, err)
	}
	return net.JoinHostPort(host, strconv.Itoa(f.metricsPort)), nil
}

// token returns the token that was set, "" for none. It is not taken from the command line, where every user of the
// machine could read it.
func (f *httpFlags) token(env func(string) string) (string, error) {
	switch {
	case f.tokenFile != "" && f.tokenEnv != "":
		return "", errors.New("--http-token-file and --http-token-env both name the token: give one")
	case f.tokenEnv != "":
		t := strings.TrimSpace(env(f.tokenEnv))
		if t == "" {
			return "", fmt.Errorf("--http-token-env: environment variable %s is not set", f.tokenEnv)
		}
		return t, nil
	case f.tokenFile != "":
		file, err := os.Open(f.tokenFile)
		if err != nil {
			return "", fmt.Errorf("--http-token-file: %w", err)
		}
		defer func() { _ = file.Close() }()
		b, err := io.ReadAll(io.LimitReader(file, maxTokenFile+1))
		if err != nil {
			return "", fmt.Errorf("--http-token-file: %w", err)
		}
		t := strings.TrimSpace(string(b))
		if t == "" || len(b) > maxTokenFile {
			return "", fmt.Errorf("--http-token-file %s: must hold a token of at most %d bytes, and nothing else", f.tokenFile, maxTokenFile)
		}
		return t, nil
	}
	return "", nil
}
