package proto_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestGeneratedCodeNamesTheFilesItIsFrom needs no tool: each generated file ends with the hash of its .proto.
func TestGeneratedCodeNamesTheFilesItIsFrom(t *testing.T) {
	last := regexp.MustCompile(`(?m)^(?://|#) From proto/(\S+), SHA-256 ([0-9a-f]{64})\.\n\z`)
	made := map[string][]string{} // by .proto, what is made from it
	for _, root := range []string{"."} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if d != nil && d.Name() == "node_modules" {
					return filepath.SkipDir
				}
				return err
			}
			if !generated(path) {
				return nil
			}
			code, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			m := last.FindSubmatch(code)
			if m == nil {
				t.Errorf("%s does not end with the .proto that it is from: run proto/generate.sh", path)
				return nil
			}
			source, err := os.ReadFile(string(m[1]))
			if err != nil {
				return err
			}
			sum := sha256.Sum256(source)
			if hex.EncodeToString(sum[:]) != string(m[2]) {
				t.Errorf("%s is from an older %s: run proto/generate.sh", path, m[1])
			}
			made[string(m[1])] = append(made[string(m[1])], path)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const ours = "rvo/detect/v1/detect.proto"
	if n := len(made[ours]); n != 6 {
		t.Errorf("of %s there are %d files, want 6: two of Go, three of Python, one of TypeScript: %v", ours, n, made[ours])
	}
}

// generated says whether a file of the tree is one that generate.sh makes.
func generated(path string) bool {
	for _, end := range []string{".pb.go", "_pb2.py", "_pb2.pyi", "_pb2_grpc.py", "/v1/detect.ts"} {
		if strings.HasSuffix(filepath.ToSlash(path), end) {
			return true
		}
	}
	return false
}
