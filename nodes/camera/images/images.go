// Package images is the camera kind that plays a folder of JPEG and PNG files as if they were a video.
//
//	cameras: shots: {fps: 2, loop: true, images: path: "shots"}
//
// Pictures come in the order of their names, at the camera's fps (1), in the camera's width and height where it asks
// for them. A file that cannot be read takes its place in time and is told as a corrupt picture. The folder is read
// once, when the camera opens. Turned pictures (EXIF) are not turned back. The package starts no goroutine.
package images

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rvo.dev/engine/node"
)

//go:embed options.cue
var optionsCUE string

// Kind returns the images camera.
func Kind() node.Kind {
	return node.Camera(node.Contract{
		Name:    "images",
		Doc:     "a folder of JPEG and PNG pictures, in the order of their names, at the camera's fps (1)",
		Options: optionsCUE,
		Reads:   []string{"path"},
		Changes: map[string]node.Change{"path": node.Replace},
	}, open)
}

// Options are what stands under the kind's key.
type Options struct {
	Path string `json:"path"`
}

// defaultFPS lets a person look at each picture.
const defaultFPS = 1

func open(env node.CameraEnv, o Options) (node.Source, error) {
	dir, err := env.InputPath(o.Path)
	if err != nil {
		return nil, fmt.Errorf("camera %q: images: %w", env.ID, err)
	}
	s := &source{dir: dir, fps: env.FPS, width: env.Width, height: env.Height, loop: env.Loop}
	if s.fps == 0 {
		s.fps = defaultFPS
	}
	return s, nil
}

type source struct {
	dir           string
	fps           float64
	width, height int // 0: as the file is; one of them alone keeps the ratio
	loop          bool
}

// Open implements node.Source: it lists the folder.
func (s *source) Open(context.Context) (node.Stream, error) {
	const want = "it must be a folder with files that end in .jpg, .jpeg or .png"
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("pictures in %s: %w: %s", s.dir, err, want)
	}
	st := &stream{source: s}
	for _, e := range entries { // sorted by name
		if name := e.Name(); !e.IsDir() && !strings.HasPrefix(name, ".") && known(name) {
			st.files = append(st.files, filepath.Join(s.dir, name))
		}
	}
	if len(st.files) == 0 {
		return nil, fmt.Errorf("no pictures in %s (%d other entries): %s", s.dir, len(entries), want)
	}
	for _, f := range st.files {
		c, err := header(f)
		if err == nil {
			st.first.width, st.first.height = s.size(c)
			break
		}
	}
	return st, nil
}

func known(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png":
		return true
	}
	return false
}

// size returns the size that a picture is given in.
func (s *source) size(c config) (w, h int) {
	switch {
	case s.width > 0 && s.height > 0:
		return s.width, s.height
	case s.width > 0:
		return s.width, max(1, (c.height*s.width+c.width/2)/c.width)
	case s.height > 0:
		return max(1, (c.width*s.height+c.height/2)/c.height), s.height
	}
	return c.width, c.height
}

// errNone ends a stream in which nothing can be read: a loop over it would never give a picture and never wait.
var errNone = errors.New("none of the files can be read as a picture")
