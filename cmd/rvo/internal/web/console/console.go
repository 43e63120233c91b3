// Package console is the web console: the page that rvo run shows a browser, and the script, style and worker that it is
// made of.
//
//	web.Config{Console: console.Handler(schema)} // schema returns the language as JSON Schema, for the forms
//
// The page reads /api/v1 and nothing else; it works offline, and everything in it comes from this program. It never
// touches the pipeline itself, and nothing here is a secret: what the page shows is asked for with the token where that is
// needed. The sources are in ui, what is built from them in assets, which is committed, so that go build needs no npm;
// tests hold one against the other. The package starts no goroutine.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed assets
var assets embed.FS

// Policy is the page's Content-Security-Policy: everything from this server, nothing inline, in no frame.
const Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// file is what is served under one path.
type file struct {
	kind string
	etag string
	body []byte
	gzip []byte // empty where it would not be smaller
}

// Handler serves the page at / and what it is made of under /console/. The language is asked for once, when a form first
// needs it; nil, or an error: forms know no fields, and vet says what is wrong with what is typed.
func Handler(schema func() ([]byte, error)) http.Handler {
	load := sync.OnceValue(files)
	language := sync.OnceValues(func() (file, error) {
		if schema == nil {
			return file{}, fs.ErrNotExist
		}
		text, err := schema()
		if err != nil {
			return file{}, err
		}
		return newFile("schema.json", text), nil
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/console/")
		if r.URL.Path == "/" {
			name = "index.html"
		}
		f, ok := load()[name]
		if name == "schema.json" {
			var err error
			f, err = language()
			ok = err == nil
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		serve(w, r, f)
	})
}

// files reads what is embedded.
func files() map[string]file {
	all := map[string]file{}
	list, err := assets.ReadDir("assets")
	if err != nil {
		return all
	}
	for _, e := range list {
		body, err := assets.ReadFile("assets/" + e.Name())
		if err == nil {
			all[e.Name()] = newFile(e.Name(), body)
		}
	}
	return all
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	f := file{kind: kindOf(name), etag: `"` + hex.EncodeToString(sum[:16]) + `"`, body: body}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(body)
	if err == nil && z.Close() == nil && b.Len() < len(body) {
		f.gzip = b.Bytes()
	}
	return f
}

// kindOf does not ask the machine's tables for what has to be right for a page to work.
func kindOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	case ".txt", ".sha256":
		return "text/plain; charset=utf-8"
	default:
		return mime.TypeByExtension(ext)
	}
}

func serve(w http.ResponseWriter, r *http.Request, f file) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Security-Policy", Policy)
	// Asked for at every visit, sent again when it is another: after an upgrade the old page is gone.
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	h.Set("Vary", "Accept-Encoding")
	if match := r.Header.Get("If-None-Match"); match != "" && strings.Contains(match, f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if len(f.gzip) > 0 && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.gzip
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body)
}
