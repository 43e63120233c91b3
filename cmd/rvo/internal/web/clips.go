package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rvo.dev/cmd/rvo/internal/web/api"
	"rvo.dev/engine/evidence"
)

const (
	// maxClips bounds the manifests that one answer looks into, and what is remembered of them.
	maxClips = 2000
	// maxMeta bounds what is read of a manifest, in bytes: one of a clip of 20 minutes is smaller.
	maxMeta = 64 << 20
)

// clips shows the evidence on disk. Folders are those of the pipeline's policies; nothing outside of them can be named.
type clips struct {
	look *look

	mu struct {
		sync.Mutex
		known map[string]known // by policy, clip and time of the manifest
	}
}

// known is what a manifest said.
type known struct {
	clip api.Clip
	used time.Time
}

func newClips(l *look) *clips {
	c := &clips{look: l}
	c.mu.known = map[string]known{}
	return c
}

// open opens a policy's folder, from which no name leads out.
func (c *clips) open(policy string) (*os.Root, error) {
	for _, p := range c.look.now().Policies {
		if p.ID == policy {
			return os.OpenRoot(p.Dir)
		}
	}
	return nil, fs.ErrNotExist
}

// named reports whether a name is one that clips and their files have: a single one, and not of something unfinished.
func named(s string) bool {
	return s != "" && s[0] != '.' && !strings.ContainsAny(s, "/\\\x00") && len(s) <= 255
}

// list gives the clips on disk, the newest first.
func (c *clips) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	limit := 50
	if why := parseLimit(q, &limit, 500); why != "" {
		writeError(w, http.StatusBadRequest, "limit", why)
		return
	}
	places, done := c.places()
	defer done()
	slices.SortFunc(places, func(a, b place) int { return strings.Compare(moment(b.clip), moment(a.clip)) })
	out := api.Clips{Clips: []api.Clip{}}
	for i, p := range places {
		clip, ok := c.read(p.root, p.policy, p.clip)
		if !ok || !shows(&clip, q.Get("event"), q.Get("camera")) {
			continue
		}
		if len(out.Clips) == limit || i >= maxClips {
			out.More = true
			break
		}
		out.Clips = append(out.Clips, clip)
	}
	writeJSON(w, http.StatusOK, out)
}

// place is a folder that may be a clip.
type place struct {
	policy, clip string
	root         *os.Root
}

// places returns the folders of all policies, and a function that closes them.
func (c *clips) places() (out []place, done func()) {
	roots := map[string]*os.Root{} // policies may share one
	for _, p := range c.look.now().Policies {
		if roots[p.Dir] != nil {
			continue
		}
		root, err := os.OpenRoot(p.Dir)
		if err != nil {
			continue // it is made when a clip is written; what is wrong with it is in the state
		}
		roots[p.Dir] = root
		for _, name := range folders(root) {
			out = append(out, place{p.ID, name, root})
		}
	}
	return out, func() {
		for _, root := range roots {
			_ = root.Close() // opened for reading: nothing can be lost
		}
	}
}

// moment is the part of a clip's name that says when its event was confirmed: names end in it and a hash.
func moment(clip string) string {
	parts := strings.Split(clip, "_")
	if len(parts) < 2 {
		return clip
	}
	return parts[len(parts)-2]
}

// folders lists what may be clips.
func folders(root *os.Root) []string {
	d, err := root.Open(".")
	if err != nil {
		return nil
	}
	defer func() { _ = d.Close() }()
	entries, err := d.ReadDir(-1)
	if err != nil {
		return nil
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && named(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}

func shows(c *api.Clip, event, camera string) bool {
	return (camera == "" || c.Camera == camera) &&
		(event == "" || slices.ContainsFunc(c.Events, func(e api.ClipEvent) bool { return e.Event == event }))
}

// read returns what a clip's manifest says, and false where there is none.
func (c *clips) read(root *os.Root, policy, name string) (api.Clip, bool) {
	f, err := root.Open(path.Join(name, evidence.ManifestName))
	if err != nil {
		return api.Clip{}, false
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxMeta {
		return api.Clip{}, false
	}
	key := policy + "/" + name + "/" + info.ModTime().String()
	if k, ok := c.remembered(key); ok {
		return k, true
	}
	data, err := io.ReadAll(io.LimitReader(f, maxMeta))
	if err != nil {
		return api.Clip{}, false
	}
	var m evidence.Manifest
	if json.Unmarshal(data, &m) != nil || m.Schema != evidence.ManifestSchema || m.Clip != name {
		return api.Clip{}, false
	}
	clip := api.Clip{
		Policy: m.Policy, Clip: name, Camera: m.Camera, Created: m.Created, Bytes: m.Bytes, Frames: m.Delivered.Frames,
		From: m.Delivered.From, To: m.Delivered.To, Short: []string{}, Events: []api.ClipEvent{},
	}
	for _, s := range m.Short {
		clip.Short = append(clip.Short, string(s.Reason))
	}
	clip.GapMS = ms(pause(m.Files))
	if m.Snapshot != nil {
		clip.Snapshot = m.Snapshot.File
	}
	for i := range m.Events {
		clip.Events = append(clip.Events, api.ClipEvent{ID: m.Events[i].ID, Event: m.Events[i].Event, Severity: m.Events[i].Severity})
	}
	c.remember(key, clip)
	return clip, true
}

// pause is the longest time between two pictures of a clip where that is over four times the usual one, which is their median; else 0.
// A manifest names as short only what is missing for a second or more: a picture here and there that was dropped is told by this.
func pause(files []evidence.ManifestFile) time.Duration {
	var at []time.Time
	for i := range files {
		if t, err := time.Parse(time.RFC3339Nano, files[i].Capture); err == nil && strings.HasPrefix(files[i].Name, "frame_") {
			at = append(at, t)
		}
	}
	if len(at) < 3 {
		return 0
	}
	slices.SortFunc(at, time.Time.Compare)
	between := make([]time.Duration, len(at)-1)
	for i := range between {
		between[i] = at[i+1].Sub(at[i])
	}
	slices.Sort(between)
	if longest, usual := between[len(between)-1], between[len(between)/2]; longest > 4*usual {
		return longest
	}
	return 0
}

func (c *clips) remembered(key string) (api.Clip, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.mu.known[key]
	if ok {
		k.used = time.Now()
		c.mu.known[key] = k
	}
	return k.clip, ok
}

func (c *clips) remember(key string, clip api.Clip) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.mu.known) >= maxClips { // those that nobody asked for lately go
		for k, v := range c.mu.known {
			if time.Since(v.used) > time.Minute {
				delete(c.mu.known, k)
			}
		}
		if len(c.mu.known) >= maxClips {
			clear(c.mu.known)
		}
	}
	c.mu.known[key] = known{clip, time.Now()}
}

// meta gives a clip's manifest.
func (c *clips) meta(w http.ResponseWriter, r *http.Request) { c.serve(w, r, evidence.ManifestName) }

// file gives one of a clip's files, or a range of it.
func (c *clips) file(w http.ResponseWriter, r *http.Request) { c.serve(w, r, r.PathValue("file")) }

func (c *clips) serve(w http.ResponseWriter, r *http.Request, file string) {
	clip := r.PathValue("clip")
	nothing := func() { writeError(w, http.StatusNotFound, "", "there is no such file of a clip") }
	if !named(clip) || !named(file) {
		nothing()
		return
	}
	root, err := c.open(r.PathValue("policy"))
	if err != nil {
		nothing()
		return
	}
	defer func() { _ = root.Close() }()
	name := path.Join(clip, file)
	if info, err := root.Lstat(name); err != nil || !info.Mode().IsRegular() { // nor a link to another
		nothing()
		return
	}
	f, err := root.Open(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			writeError(w, http.StatusServiceUnavailable, "", "the file cannot be read now")
			return
		}
		nothing()
		return
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		nothing()
		return
	}
	kind := contentType(file)
	w.Header().Set("Content-Type", kind)
	if kind == "application/octet-stream" {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file}))
	}
	// A clip is written once; a browser may keep it, for itself.
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(10 * time.Minute)) // a long clip over a slow line
	http.ServeContent(&ranged{w, info.Size(), false}, r, "", info.ModTime(), f)
}

// ranged has a range that a file does not have refused as everything else is.
type ranged struct {
	http.ResponseWriter
	size    int64
	refused bool
}

// WriteHeader implements http.ResponseWriter.
func (w *ranged) WriteHeader(code int) {
	if w.refused = code == http.StatusRequestedRangeNotSatisfiable; !w.refused {
		w.ResponseWriter.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Range", "bytes */"+strconv.FormatInt(w.size, 10))
	writeError(w.ResponseWriter, code, "", fmt.Sprintf("the file has %d bytes and not that range: ask for one as bytes=0-%d", w.size, max(w.size-1, 0)))
}

// Write implements io.Writer.
func (w *ranged) Write(p []byte) (int, error) {
	if w.refused {
		return len(p), nil // the text of what was said already
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *ranged) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// contentType is what a browser is told of a file. Nothing that it could run.
func contentType(file string) string {
	switch path.Ext(file) {
	case ".jpg":
		return "image/jpeg"
	case ".json":
		return "application/json"
	case ".mp4":
		return "video/mp4"
	}
	return "application/octet-stream"
}
