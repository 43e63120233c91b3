package remote

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"rvo.dev/engine/node"
)

//go:embed tls.cue
var tlsCUE string

// TLSSchema returns the CUE text of #TLS, which the options of kinds use that have a TLS.
func TLSSchema() string { return tlsCUE }

// Channel is where a service is and how it is spoken to: what connections are told apart by.
type Channel struct {
	// Endpoint is http://host:port, https://host:port or unix:///path.
	Endpoint string
	// TLS is for https://; nil trusts what the system does.
	TLS *TLS
	// Token goes along with each question, nil for none.
	Token *node.Secret
	// ServiceConfig is gRPC's own, as JSON; empty: replicas take turns, unwell ones are left out.
	ServiceConfig string
	// MaxMessage bounds an answer in bytes; 0: 4 MiB.
	MaxMessage node.Bytes
	// Keepalive is after how long without a word a sign of life is asked for; 0: 20 s.
	Keepalive node.Duration
}

// TLS says who is trusted, and who one is.
type TLS struct {
	CA         string       `json:"ca"`
	Cert       string       `json:"cert"`
	Key        *node.Secret `json:"key"`
	ServerName string       `json:"serverName"`
}

// Completed returns the channel with its defaults.
func (c Channel) Completed() Channel {
	if c.MaxMessage == 0 {
		c.MaxMessage = 4 << 20
	}
	c.Keepalive = node.Duration(c.Keepalive.Or(20 * time.Second))
	return c
}

// Check reports what contradicts itself.
func (c *Channel) Check() error {
	e, err := parseEndpoint(c.Endpoint)
	switch {
	case err != nil:
		return err
	case c.TLS != nil && !e.tls:
		return fmt.Errorf("tls is for https:// endpoints, and %s is none", c.Endpoint)
	case c.TLS != nil && (c.TLS.Cert == "") != (c.TLS.Key == nil):
		return errors.New("tls.cert and tls.key belong together: give both or none")
	case c.Token != nil && !e.tls && !e.local:
		return fmt.Errorf("a token would go to %s in clear: use https://, or a service on this machine", c.Endpoint)
	case c.ServiceConfig != "" && !json.Valid([]byte(c.ServiceConfig)):
		return errors.New("serviceConfig is not JSON: see gRPC's service_config.proto for what may stand in it")
	}
	return nil
}
