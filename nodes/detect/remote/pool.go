package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // lets the connection ask gRPC's health service, where there is one
	"google.golang.org/grpc/keepalive"

	"rvo.dev/engine/node"
)

// defaultConfig lets replicas take turns and leaves out those that call themselves unwell. A service without gRPC's health
// service counts as well.
const defaultConfig = `{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}`

const (
	// firstRetry and lastRetry bound the pause before a lost connection is tried again when nobody asks anything. The last is short
	// beside gRPC's two minutes: one try a second harms nobody. Wake does not wait for it.
	firstRetry = 100 * time.Millisecond
	lastRetry  = time.Second
	// connectTime is how long one try may take.
	connectTime = 5 * time.Second
	// keepaliveWait is how long a sign of life may take.
	keepaliveWait = 10 * time.Second
)

// Pool has the connections that are open, by what they were made from. Detectors are opened and closed seldom: one lock. The
// zero Pool is ready.
type Pool struct {
	mu   sync.Mutex
	open map[string]*Conn
}

// Conn is a connection that detectors share. It is what clients made from a .proto file take.
type Conn struct {
	*grpc.ClientConn
	pool  *Pool
	key   string
	users int // under the pool's lock
}

// Connect returns the connection for a channel, a new one where there is none. It does not wait for the service. The channel
// must be completed.
func (p *Pool) Connect(env *node.Env, c Channel) (*Conn, error) {
	key, err := json.Marshal(struct {
		Channel
		Dir string
	}{c, env.Dir})
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.open[string(key)]; have != nil {
		have.users++
		return have, nil
	}
	cc, err := dial(env, &c)
	if err != nil {
		return nil, err
	}
	if p.open == nil {
		p.open = map[string]*Conn{}
	}
	conn := &Conn{ClientConn: cc, pool: p, key: string(key), users: 1}
	p.open[conn.key] = conn
	return conn, nil
}

// Close gives up one use; the last closes the connection.
func (c *Conn) Close() error {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.users--; c.users > 0 {
		return nil
	}
	delete(c.pool.open, c.key)
	return c.ClientConn.Close()
}

// dial makes a connection without a word to the service: gRPC connects when there is something to send.
func dial(env *node.Env, o *Channel) (*grpc.ClientConn, error) {
	e, err := parseEndpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	creds := insecure.NewCredentials()
	if e.tls {
		if creds, err = o.TLS.credentials(env, e.host); err != nil {
			return nil, err
		}
	}
	config := o.ServiceConfig
	if config == "" {
		config = defaultConfig
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultServiceConfig(config),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(int(o.MaxMessage))),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: o.Keepalive.D(), Timeout: keepaliveWait}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstRetry, Multiplier: 1.6, Jitter: 0.2, MaxDelay: lastRetry},
			MinConnectTimeout: connectTime,
		}),
	}
	if o.Token != nil {
		value, err := env.Secret(*o.Token)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		options = append(options, grpc.WithPerRPCCredentials(bearer{value, e.tls}))
	}
	cc, err := grpc.NewClient(e.target, options...)
	if err != nil {
		return nil, fmt.Errorf("endpoint %s: %w", o.Endpoint, err)
	}
	return cc, nil
}

// bearer sends a token along with every call.
type bearer struct {
	token string
	tls   bool
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials. Channel.Check has refused tokens that would leave the
// machine in clear.
func (b bearer) RequireTransportSecurity() bool { return b.tls }

// credentials returns what a connection to host is secured by; a nil TLS trusts what the system does.
func (t *TLS) credentials(env *node.Env, host string) (credentials.TransportCredentials, error) {
	c := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if t == nil {
		return credentials.NewTLS(c), nil
	}
	if t.ServerName != "" {
		c.ServerName = t.ServerName
	}
	if t.CA != "" {
		text, err := read(env, t.CA)
		if err != nil {
			return nil, fmt.Errorf("tls.ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("tls.ca: %s has no certificate in PEM form", t.CA)
		}
	}
	if t.Cert != "" {
		cert, err := read(env, t.Cert)
		if err != nil {
			return nil, fmt.Errorf("tls.cert: %w", err)
		}
		key, err := env.Secret(*t.Key)
		if err != nil {
			return nil, fmt.Errorf("tls.key: %w", err)
		}
		pair, err := tls.X509KeyPair(cert, []byte(key))
		if err != nil {
			return nil, errors.New("tls.cert and tls.key are no pair of a certificate and its key in PEM form")
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(c), nil
}

func read(env *node.Env, name string) ([]byte, error) {
	path, err := env.InputPath(name)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
