package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"rvo.dev/engine/node"
)

// maxSecret bounds what is read of a secret's file in bytes.
const maxSecret = 64 << 10

// secrets resolves references to secrets when a node opens: an environment variable, a file relative to the pipeline's
// folder, or what a pipeline made for a camera took out of its URI. The errors name the reference, never the value.
func secrets(dir string, made map[string]string, env func(string) string) func(node.Secret) (string, error) {
	return func(s node.Secret) (string, error) {
		switch {
		case s.Env != "" && s.File != "":
			return "", fmt.Errorf("secret names both env %s and file %s: give one", s.Env, s.File)
		case s.Env != "":
			if v, ok := made[s.Env]; ok {
				return v, nil
			}
			if v := env(s.Env); v != "" {
				return v, nil
			}
			return "", fmt.Errorf("secret: environment variable %s is not set", s.Env)
		case s.File != "":
			return secretFile(dir, s.File)
		}
		return "", errors.New("secret names nothing: give env or file")
	}
}

func secretFile(dir, name string) (string, error) {
	path, err := node.Env{Dir: dir}.InputPath(name)
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("secret: %w", err)
	case len(b) > maxSecret:
		return "", fmt.Errorf("secret: file %s is larger than %d bytes", path, maxSecret)
	case len(b) == 0:
		return "", fmt.Errorf("secret: file %s is empty", path)
	}
	v := strings.TrimSuffix(string(b), "\n")
	return strings.TrimSuffix(v, "\r"), nil
}
