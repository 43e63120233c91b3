package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rvo.dev/engine"
)

// snapshot gives a camera's next picture, or one of a moment ago.
func (l *live) snapshot(w http.ResponseWriter, r *http.Request) {
	v, ok := l.variant(w, r, r.PathValue("id"))
	if !ok {
		return
	}
	watch, pic, err := l.pictures.watch(r.PathValue("id"), v, maxFPS, nil) //nolint:contextcheck // it goes on for others
	if err != nil {
		refusePicture(w, err)
		return
	}
	defer l.pictures.leave(watch)
	if pic == nil {
		select {
		case pic = <-watch.got:
		case <-r.Context().Done():
			return
		case <-l.ctx.Done():
			refusePicture(w, errQuiet)
			return
		}
	}
	if pic.err != nil {
		refusePicture(w, pic.err)
		return
	}
	tag := pic.tag(v)
	for k, x := range pic.headers() {
		w.Header().Set(k, x)
	}
	w.Header().Set("ETag", tag)
	if slices.Contains(strings.Split(r.Header.Get("If-None-Match"), ", "), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", strconv.Itoa(len(pic.jpeg)))
	_, _ = w.Write(pic.jpeg)
}

// headers say how old a picture is, to whom it is sent now.
func (p *picture) headers() map[string]string {
	h := map[string]string{
		"X-Frame-Age-Ms":      strconv.FormatInt(max(time.Since(p.captured).Milliseconds(), 0), 10),
		"X-Frame-Seq":         strconv.FormatUint(p.seq, 10),
		"X-Frame-Captured-Ms": strconv.FormatInt(p.captured.UnixMilli(), 10),
	}
	if p.boxes != "" {
		h["X-Boxes"] = p.boxes
	}
	return h
}

func refusePicture(w http.ResponseWriter, err error) {
	if errors.Is(err, engine.ErrNoCamera) {
		writeError(w, http.StatusNotFound, "", "there is no such camera")
		return
	}
	w.Header().Set("Retry-After", "2")
	writeError(w, http.StatusServiceUnavailable, "", err.Error())
}

// mjpeg gives a camera's pictures for as long as they are taken.
func (l *live) mjpeg(w http.ResponseWriter, r *http.Request) {
	l.watch(w, r, []string{r.PathValue("id")}, false)
}

// maxWall bounds the cameras of one connection.
const maxWall = 64

// wall gives the pictures of many cameras over one connection: browsers have few to a host.
func (l *live) wall(w http.ResponseWriter, r *http.Request) {
	ids := strings.Split(r.URL.Query().Get("cameras"), ",")
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if ids[0] == "" || len(ids) > maxWall {
		writeError(w, http.StatusBadRequest, "cameras", fmt.Sprintf("give from 1 to %d ids of cameras, with commas", maxWall))
		return
	}
	l.watch(w, r, ids, true)
}

// boundary is between the pictures of a stream; no JPEG has it.
const boundary = "rvo-frame"

func (l *live) watch(w http.ResponseWriter, r *http.Request, ids []string, named bool) {
	fps, err := parseFPS(r.URL.Query())
	if err != nil {
		writeError(w, http.StatusBadRequest, "fps", err.Error())
		return
	}
	news := make(chan struct{}, 1)
	var all []*watcher
	defer func() {
		for _, x := range all {
			l.pictures.leave(x)
		}
	}()
	for _, id := range ids {
		v, ok := l.variant(w, r, id)
		if !ok {
			return
		}
		x, _, err := l.pictures.watch(id, v, fps, news) //nolint:contextcheck // it goes on for others
		if err != nil {
			refusePicture(w, err)
			return
		}
		all = append(all, x)
	}
	w.Header().Set("Content-Type", "multipart/x-mixed-replace; boundary="+boundary)
	out := newSender(w)
	if !out.send([]byte("--" + boundary + "\r\n")) {
		return
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case <-l.ctx.Done():
			return
		case <-news:
		}
		for _, x := range all {
			var pic *picture
			select {
			case pic = <-x.got:
			default:
				continue
			}
			switch {
			case errors.Is(pic.err, engine.ErrNoCamera) && len(all) == 1:
				return // a swap took it away
			case pic.err != nil:
				continue // it may come back
			case !out.send(pic.part(named)):
				return
			}
		}
	}
}

// part is a picture as a part of a stream, with the boundary after it, so that a browser shows it at once.
func (p *picture) part(named bool) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Content-Type: image/jpeg\r\nContent-Length: %d\r\n", len(p.jpeg))
	if named {
		b.WriteString("X-Camera: " + p.camera + "\r\n")
	}
	for k, v := range p.headers() {
		b.WriteString(k + ": " + v + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(p.jpeg)
	b.WriteString("\r\n--" + boundary + "\r\n")
	return []byte(b.String())
}

// The widths that may be asked for, in pixels.
const (
	minWidth     = 64
	defaultWidth = 640
	mostWidth    = 1920
)

// variant reads what pictures of a camera are to look like; what is wrong with it is answered.
func (l *live) variant(w http.ResponseWriter, r *http.Request, camera string) (variant, bool) {
	q := r.URL.Query()
	v := variant{width: defaultWidth}
	if s := q.Get("width"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < minWidth || n > mostWidth {
			writeError(w, http.StatusBadRequest, "width", fmt.Sprintf("must be a whole number of pixels from %d to %d", minWidth, mostWidth))
			return v, false
		}
		v.width = n
	}
	if s := q.Get("draw"); s != "" {
		for word := range strings.SplitSeq(s, ",") {
			switch word {
			case "boxes":
				v.boxes = true
			case "zones":
				v.zones = true
			case "masks":
				v.masks = true
			case "found":
				v.found = true
			default:
				writeError(w, http.StatusBadRequest, "draw", "any of boxes, zones, masks, found, with commas")
				return v, false
			}
		}
	}
	if l.look.now().Graph.CameraIndex(camera) < 0 {
		refusePicture(w, engine.ErrNoCamera)
		return v, false
	}
	return v, true
}

// defaultFPS is what one who says nothing gets: enough to see what goes on.
const defaultFPS = 5

func parseFPS(q url.Values) (float64, error) {
	s := q.Get("fps")
	if s == "" {
		return defaultFPS, nil
	}
	fps, err := strconv.ParseFloat(s, 64)
	if err != nil || !(fps >= 0.1 && fps <= maxFPS) {
		return 0, fmt.Errorf("must be a number of pictures a second from 0.1 to %d", maxFPS)
	}
	return fps, nil
}
