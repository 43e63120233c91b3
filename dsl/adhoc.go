package dsl

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"cuelang.org/go/cue/literal"
)

// AdHoc is a pipeline that was made for one camera. It is loaded like any other: its Files are Options.Files, its Path is
// the path.
type AdHoc struct {
	Path  string
	Files map[string][]byte
	// Secrets are what the pipeline refers to by {env: name}, taken out of the URI: the text itself holds no password.
	Secrets map[string]string
}

// AdHocPassword is the name by which an ad-hoc pipeline refers to the password of its URI.
const AdHocPassword = "RVO_CAMERA_PASSWORD" //nolint:gosec // the name of a variable

// AdHocDevice returns a pipeline for the local camera with this number, from 0.
func AdHocDevice(index int) (*AdHoc, error) {
	if index < 0 {
		return nil, fmt.Errorf("camera device %d: must be 0 or above", index)
	}
	return adHoc("device: index: "+strconv.Itoa(index), "", nil), nil
}

// AdHocURI returns a pipeline for the camera at a URI: rtsp:// and rtsps://, http:// and https://, file:// or the path of
// a video file. The error does not hold the URI's credentials.
func AdHocURI(uri string) (*AdHoc, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	switch scheme = strings.ToLower(scheme); {
	case uri == "":
		return nil, errors.New("camera URI is empty: give rtsp://…, http://… or the path of a video file")
	case !ok:
		return adHoc("file: path: "+quoted(uri), "loop: true", nil), nil
	case scheme == "file":
		u, err := url.Parse(uri)
		if err != nil || u.Host != "" && u.Host != "localhost" || u.Path == "" {
			return nil, errors.New("camera URI with file:// must be file:///path/of/the/video, with no host")
		}
		return adHoc("file: path: "+quoted(u.Path), "loop: true", nil), nil
	case scheme != "rtsp" && scheme != "rtsps" && scheme != "http" && scheme != "https":
		return nil, fmt.Errorf("camera URI begins with %s://: must be rtsp, rtsps, http, https or file, or the path of a video file", Redact(scheme))
	}
	kind := strings.TrimSuffix(scheme, "s")
	address, user, password, err := takeLogin(scheme, rest)
	if err != nil {
		return nil, err
	}
	options := "url: " + quoted(address)
	secrets := map[string]string{}
	if user != "" {
		options += ", user: " + quoted(user)
	}
	if password != "" {
		options += ", password: env: " + quoted(AdHocPassword)
		secrets[AdHocPassword] = password
	}
	return adHoc(kind+": {"+options+"}", "", secrets), nil
}

// takeLogin takes user and password out of an address. It does not go through url.Parse, which refuses passwords that
// people write unescaped, and whose errors repeat them.
func takeLogin(scheme, rest string) (address, user, password string, err error) {
	end := len(rest)
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		end = i
	}
	at := strings.LastIndexByte(rest[:end], '@')
	// With a / or # in the password nobody can tell where it ends, and a guess would put half of it into the address.
	if _, port, ok := strings.Cut(rest[:end], ":"); strings.Contains(rest[end:], "@") && (at >= 0 || ok && strings.Trim(port, "0123456789") != "") {
		return "", "", "", errors.New("camera URI has an @ after its host: write /, ?, # and @ in a password as %2F, %3F, %23 and %40")
	}
	if at >= 0 {
		login := rest[:at]
		rest = rest[at+1:]
		user, password, _ = strings.Cut(login, ":")
		if user == "" {
			return "", "", "", errors.New("camera URI has a password and no user: write scheme://user:password@host")
		}
		if u, err := url.PathUnescape(user); err == nil {
			user = u
		}
		if p, err := url.PathUnescape(password); err == nil {
			password = p
		}
	}
	if rest == "" || strings.IndexAny(rest, "/?#") == 0 {
		return "", "", "", fmt.Errorf("camera URI names no host: write %s://host/path", scheme)
	}
	return scheme + "://" + rest, user, password, nil
}

// adHoc writes the pipeline around a camera.
func adHoc(camera, extra string, secrets map[string]string) *AdHoc {
	if extra != "" {
		camera += "\n\t" + extra
	}
	text := `// Made by rvo for one camera: whatever moves for a second is an event, with pictures of it and a line in events.jsonl.
apiVersion: "rvo/v1"

cameras: camera: {
	` + camera + `
}
detectors: motion: {
	motion: {}
	fps: 10
}
events: motion: {
	when: {signal: "motion.level", gte: 0.01}
	hold:     "1s"
	grace:    "1s"
	cooldown: "5s"
	evidence: "clips"
}
evidence: clips: {
	pre:      "2s"
	post:     "3s"
	keep:     "168h"
	maxBytes: "2GiB"
}
sinks: {
	terminal: stdout: {}
	file: jsonl: path: "events.jsonl"
}
`
	const name = "camera.cue"
	return &AdHoc{Path: name, Files: map[string][]byte{name: []byte(text)}, Secrets: secrets}
}

// quoted returns text as a CUE string.
func quoted(text string) string { return literal.String.Quote(text) }
