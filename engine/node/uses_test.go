package node_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"rvo.dev/engine/node"
)

type usesOptions struct {
	URL      string       `json:"url"`
	Model    string       `json:"model"`
	Path     string       `json:"path"`
	Password *node.Secret `json:"password"`
	TLS      *usesWithin  `json:"tls"`
}

type usesWithin struct {
	CA  string       `json:"ca"`
	Key *node.Secret `json:"key"`
}

func usesContract() node.Contract {
	return node.Contract{
		Name: "x", Doc: "x", Options: "#Options: {}", Needs: "a test",
		Reads: []string{"model", "tls.ca"}, Writes: []string{"path"}, Endpoints: []string{"url"}, Secrets: []string{"password", "tls.key"},
		Named: func(v string) bool { return v == "small" },
	}
}

func TestUses(t *testing.T) {
	c := usesContract()
	for options, want := range map[string]node.Uses{
		``:                                       {},
		`{}`:                                     {},
		`{"url": 5, "password": "x"}`:            {},
		`{"model": "small"}`:                     {},
		`{"model": "a.onnx"}`:                    {Reads: []node.Use{{Option: "model", Value: "a.onnx"}}},
		`{"url": "http://a", "path": "e.jsonl"}`: {Endpoints: []node.Use{{Option: "url", Value: "http://a"}}, Writes: []node.Use{{Option: "path", Value: "e.jsonl"}}},
		`{"tls": {"ca": "a.pem", "key": {"file": "k"}}}`: {
			Reads: []node.Use{{Option: "tls.ca", Value: "a.pem"}}, Secrets: []node.Use{{Option: "tls.key", Secret: node.Secret{File: "k"}}},
		},
		`{"tls": "no"}`:               {},
		`{"password": {"env": "PW"}}`: {Secrets: []node.Use{{Option: "password", Secret: node.Secret{Env: "PW"}}}},
	} {
		if got := c.Uses(json.RawMessage(options)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s uses %+v, want %+v", options, got, want)
		}
	}
}

func TestCheckUses(t *testing.T) {
	for want, spoil := range map[string]func(*node.Contract){
		"":                                   func(*node.Contract) {},
		`"file", which there is not`:         func(c *node.Contract) { c.Reads = []string{"file"} },
		`"url", which is a string`:           func(c *node.Contract) { c.Secrets = append(c.Secrets, "url") },
		`"password", which is a *node.Secr`:  func(c *node.Contract) { c.Writes = []string{"password"} },
		`"password" is a secret, and Secret`: func(c *node.Contract) { c.Secrets = []string{"tls.key"} },
		`"tls.key" is a secret, and Secrets`: func(c *node.Contract) { c.Secrets = []string{"password"} },
		`"tls.cert", which there is not`:     func(c *node.Contract) { c.Reads = append(c.Reads, "tls.cert") },
	} {
		c := usesContract()
		spoil(&c)
		k := node.Camera[usesOptions](c, nil)
		err := k.CheckUses()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
