package models

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCatalogue holds what every entry must say.
func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Catalogue() {
		if seen[e.Name] || e.Name == "" || e.Task == "" || e.Licence == "" || len(e.Files) == 0 {
			t.Errorf("entry %q is there twice or says too little", e.Name)
		}
		seen[e.Name] = true
		for _, f := range e.Files {
			sum, err := hex.DecodeString(f.SHA256)
			if err != nil || len(sum) != sha256.Size || f.Size < 1 || f.Name != filepath.Base(f.Name) {
				t.Errorf("%s: file %q, %d bytes, sum %q", e.Name, f.Name, f.Size, f.SHA256)
			}
			if (f.URL == "") != (f.Package != "" && f.Path != "") || f.URL != "" && !strings.HasPrefix(f.URL, "https://") {
				t.Errorf("%s: file %s is from %q or %q %q", e.Name, f.Name, f.URL, f.Package, f.Path)
			}
			if e.Library != (f.Platform != "") {
				t.Errorf("%s: file %s is for %q", e.Name, f.Name, f.Platform)
			}
		}
		for _, l := range []string{"AGPL", "NC"} {
			if strings.Contains(e.Licence, l) {
				t.Errorf("%s has the licence %s", e.Name, e.Licence)
			}
		}
	}
	if _, err := Find("yolo"); err == nil || !strings.Contains(err.Error(), "yolox-nano") {
		t.Errorf("a name that there is not: %v", err)
	}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// pack makes a package of files.
func pack(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for name, data := range files {
		if err := w.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(data)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// published is a server that gives files by path and counts what was asked of it.
func published(t *testing.T, files map[string][]byte) (url string, asked func() int) {
	t.Helper()
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		data, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() int { return n }
}

func TestPull(t *testing.T) {
	net, names := bytes.Repeat([]byte("weights "), 5000), []byte("cat\ndog\n")
	tgz := pack(t, map[string][]byte{"README": []byte("no"), "deep/net.onnx": net})
	url, asked := published(t, map[string][]byte{
		"/names": names, "/other": []byte("dog\ncat\n"), "/long": append(bytes.Clone(names), '!'), "/@my/nets/-/nets-1.0.0.tgz": tgz,
		"/cut/-/cut-1.0.0.tgz": tgz[:len(tgz)/2],
	})
	file := func(change func(*File)) Entry {
		f := File{Name: "names", Size: int64(len(names)), SHA256: sum(names), URL: url + "/names"}
		change(&f)
		return Entry{Name: "it", Licence: "MIT", Files: []File{f}}
	}
	fromPackage := func(pkg, path string) Entry {
		return file(func(f *File) {
			*f = File{Name: "net.onnx", Size: int64(len(net)), SHA256: sum(net), Package: pkg, Path: path}
		})
	}
	for _, c := range []struct {
		name  string
		entry Entry
		want  string // in the error; empty: none
	}{
		{"a file", file(func(*File) {}), ""},
		{"in a package", fromPackage("@my/nets@1.0.0", "deep/net.onnx"), ""},
		{"a library", func() Entry {
			e := file(func(f *File) { f.Platform = "plan9/mips" })
			e.Library = true
			return e
		}(), ""},
		{"for another platform", file(func(f *File) { f.Platform = "plan9/arm" }), "none for plan9/mips"},
		{"not there", file(func(f *File) { f.URL = url + "/none" }), "404"},
		{"other bytes", file(func(f *File) { f.URL = url + "/other" }), "must have " + sum(names)},
		{"more bytes", file(func(f *File) { f.URL = url + "/long" }), "more than 8 bytes"},
		{"fewer bytes", file(func(f *File) { f.Size = 9 }), "has 8 bytes, must have 9"},
		{"not in the package", fromPackage("@my/nets@1.0.0", "net.onnx"), "has no file net.onnx"},
		{"a package cut off", fromPackage("cut@1.0.0", "deep/net.onnx"), "cut-1.0.0.tgz"},
		{"no package", fromPackage("names", "x"), "must be name@version"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said []string
			store := StoreIn(t.TempDir())
			p := &Puller{
				Store: store, Client: http.DefaultClient, Registry: url + "/", Platform: "plan9/mips",
				Say: func(format string, a ...any) { said = append(said, fmt.Sprintf(format, a...)) },
			}
			err := p.Pull(t.Context(), &c.entry)
			path := store.Path(&c.entry, &c.entry.Files[0])
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("pull: %v, want %q", err, c.want)
				}
				left, _ := os.ReadDir(filepath.Dir(path))
				if len(left) != 0 {
					t.Errorf("%v is left behind", left)
				}
				if err := store.Verify(&c.entry, &c.entry.Files[0]); !errors.Is(err, ErrNotPulled) {
					t.Errorf("verify says %v of what is not there", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Verify(&c.entry, &c.entry.Files[0]); err != nil || !store.Has(&c.entry, "plan9/mips") {
				t.Errorf("verify: %v", err)
			}
			if !strings.Contains(said[0], "MIT") || !strings.HasSuffix(said[1], path) {
				t.Errorf("said %q", said)
			}
			before := asked()
			if err := p.Pull(t.Context(), &c.entry); err != nil || asked() != before {
				t.Errorf("what is there was fetched again: %v", err)
			}
			// What was changed here is found, and put right.
			if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := store.Verify(&c.entry, &c.entry.Files[0]); err == nil || errors.Is(err, ErrNotPulled) {
				t.Errorf("verify says %v of a file with other bytes", err)
			}
			if err := errors.Join(p.Pull(t.Context(), &c.entry), store.Verify(&c.entry, &c.entry.Files[0])); err != nil {
				t.Errorf("pull again: %v", err)
			}
		})
	}
}

// TestPullLeavesWhatIsThere holds that a pull that fails does not take away what was there.
func TestPullLeavesWhatIsThere(t *testing.T) {
	url, _ := published(t, nil)
	store := StoreIn(t.TempDir())
	e := Entry{Name: "it", Files: []File{{Name: "net", Size: 3, SHA256: sum([]byte("new")), URL: url}}}
	path := store.Path(&e, &e.Files[0])
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("old"), 0o600)); err != nil {
		t.Fatal(err)
	}
	p := &Puller{Store: store, Client: http.DefaultClient, Say: func(string, ...any) {}}
	if err := p.Pull(t.Context(), &e); err == nil {
		t.Error("pulled what is not there")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "old" {
		t.Errorf("what was there is now %q, %v", b, err)
	}
}

// TestPullOverADeadLine: what stops coming is given up, and nothing is left of it; nor of what a program left that was killed.
func TestPullOverADeadLine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			_, _ = w.Write([]byte("ne"))
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	for _, path := range []string{"/half", "/nothing"} {
		store := StoreIn(t.TempDir())
		e := Entry{Name: "it", Files: []File{{Name: "net", Size: 3, SHA256: sum([]byte("net")), URL: server.URL + path}}}
		dir := filepath.Dir(store.Path(&e, &e.Files[0]))
		left, young := filepath.Join(dir, ".net.part-1"), filepath.Join(dir, ".net.part-2")
		old := time.Now().Add(-leftFor - time.Hour)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(left, nil, 0o600), os.Chtimes(left, old, old), os.WriteFile(young, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		p := &Puller{Store: store, Client: http.DefaultClient, Silence: 20 * time.Millisecond, Say: func(string, ...any) {}}
		if err := p.Pull(t.Context(), &e); err == nil || !strings.Contains(err.Error(), "nothing came for 20ms") {
			t.Errorf("%s: %v", path, err)
		}
		there, err := os.ReadDir(dir)
		if err != nil || len(there) != 1 || there[0].Name() != filepath.Base(young) {
			t.Errorf("%s leaves %v, %v, want only what may be somebody else's", path, there, err)
		}
	}
}

func TestRegistry(t *testing.T) {
	env := func(name string) string {
		return map[string]string{"npm_config_registry": "https://npm.example/"}[name]
	}
	if got := Registry(t.Context(), env); got != "https://npm.example/" {
		t.Errorf("the registry is %s, want what the environment says", got)
	}
	ended, stop := context.WithCancel(t.Context())
	stop() // npm is not asked
	if got := Registry(ended, func(string) string { return "" }); got != defaultRegistry {
		t.Errorf("the registry is %s, want npm's own", got)
	}
}
