package models

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"strings"
	"time"
)

// defaultRegistry is what npm itself takes where nothing else is said.
const defaultRegistry = "https://registry.npmjs.org"

// askFor is how long npm may take to say which registry it uses: it is a program of its own, which starts in half a second.
const askFor = 10 * time.Second

// Registry returns the npm registry that this machine is set up for: npm_config_registry, as npm reads it, else what npm says
// where it is installed, else npm's own default.
func Registry(ctx context.Context, getenv func(string) string) string {
	for _, name := range []string{"npm_config_registry", "NPM_CONFIG_REGISTRY"} {
		if url := getenv(name); url != "" {
			return url
		}
	}
	ctx, stop := context.WithTimeout(ctx, askFor)
	defer stop()
	out, err := exec.CommandContext(ctx, "npm", "config", "get", "registry").Output()
	if url := strings.TrimSpace(string(out)); err == nil && strings.HasPrefix(url, "http") {
		return url
	}
	return defaultRegistry
}

// tarball returns the address of a package, as in "@scope/name@1.2.0": registries have it below the package's name.
func tarball(registry, pkg string) (string, error) {
	at := strings.LastIndex(pkg, "@")
	if at < 1 {
		return "", fmt.Errorf("package %q: must be name@version", pkg)
	}
	name, version := pkg[:at], pkg[at+1:]
	return strings.TrimRight(registry, "/") + "/" + name + "/-/" + path.Base(name) + "-" + version + ".tgz", nil
}

// entry returns one file of a package, which is a compressed tar archive with all files in one folder.
func entry(body io.Reader, name string) (io.Reader, error) {
	z, err := gzip.NewReader(body)
	if err != nil {
		return nil, fmt.Errorf("is no package: %w", err)
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("has no file %s", name)
		}
		if err != nil {
			return nil, fmt.Errorf("is no whole package: %w", err)
		}
		if _, in, ok := strings.Cut(h.Name, "/"); ok && in == name && h.Typeflag == tar.TypeReg {
			return t, nil
		}
	}
}
