package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"rvo.dev/engine/graph"
	"rvo.dev/engine/node"
)

const (
	// wholeFile is up to which size all of a file is hashed: models and cascades. Of what is larger, recordings, the ends, the
	// size and the time of the last change have to do: a reload must not read gigabytes.
	wholeFile = 256 << 20
	// endOfFile is what is read of both ends of a larger one, in bytes.
	endOfFile = 1 << 20
	// maxFolder is how many entries of a folder are looked at.
	maxFolder = 10_000
)

// Facts returns what the nodes of a graph depend on and the pipeline in folder dir does not say, as it is now: what is in files,
// by content, and whether a secret's file was written since, by size and time. A secret from the environment does not change
// while a process lives. Nothing of a secret is read.
//
// Each is looked at once, at the first question: make new ones for every graph. They are for one goroutine.
func Facts(dir string) graph.Facts {
	env := node.Env{Dir: dir}
	files := map[string]string{}
	secrets := map[string]string{}
	return graph.Facts{
		File: func(path string) string {
			h, ok := files[path]
			if !ok {
				h = contentOf(env, path)
				files[path] = h
			}
			return h
		},
		Secret: func(s node.Secret) string {
			if s.File == "" {
				return ""
			}
			v, ok := secrets[s.File]
			if !ok {
				v = versionOf(env, s.File)
				secrets[s.File] = v
			}
			return v
		},
	}
}

// versionOf tells one state of a file from another without reading it; empty where it cannot be had.
func versionOf(env node.Env, path string) string {
	path, err := env.InputPath(path)
	if err != nil {
		return ""
	}
	st, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d bytes of %d", st.Size(), st.ModTime().UnixNano())
}

// contentOf returns the hash of a file or folder; empty where it cannot be read.
func contentOf(env node.Env, path string) string {
	path, err := env.InputPath(path)
	if err != nil {
		return ""
	}
	h := sha256.New()
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return ""
	case st.IsDir():
		err = hashFolder(h, path)
	case st.Mode().IsRegular():
		err = hashFile(h, path, st)
	default: // a device or pipe has no content: that it is one is all there is
		fmt.Fprint(h, st.Mode().Type())
	}
	if err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hashFile hashes a file, or its ends where it is large.
func hashFile(h hash.Hash, path string, st fs.FileInfo) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if st.Size() <= wholeFile {
		_, err = io.Copy(h, f)
		return err
	}
	fmt.Fprintf(h, "%d %d ", st.Size(), st.ModTime().UnixNano())
	if _, err := io.CopyN(h, f, endOfFile); err != nil {
		return err
	}
	if _, err := f.Seek(-endOfFile, io.SeekEnd); err != nil {
		return err
	}
	_, err = io.Copy(h, f)
	return err
}

// hashFolder hashes the names, sizes and times of what is in a folder.
func hashFolder(h hash.Hash, path string) error {
	seen := 0
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > maxFolder {
			return fs.SkipAll
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(path, p)
		if d.IsDir() {
			fmt.Fprintf(h, "%q/", rel)
			return err
		}
		fmt.Fprintf(h, "%q %d %d ", rel, st.Size(), st.ModTime().UnixNano())
		return err
	})
}
