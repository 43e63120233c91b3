package cv

import (
	_ "embed"

	"rvo.dev/engine/node"
)

//go:embed file.cue
var fileCUE string

// FileOptions are the options of a file camera.
type FileOptions struct {
	// Path is the video file, relative to the pipeline's folder.
	Path string `json:"path"`
}

func fileKind(t turns) node.Kind {
	return node.Camera(node.Contract{
		Name: "file",
		Doc: "plays a video file of any format that FFmpeg reads, at its own rate or in lockstep. Pictures carry the file's " +
			"media time, which goes on growing when it loops. Damaged pictures are counted and skipped",
		Options: fileCUE,
		Changes: map[string]node.Change{"path": node.Replace, "camera.width": node.Retune, "camera.height": node.Retune}, // it is as large as it is
		Reads:   []string{"path"},
		Needs:   needs,
	}, openFile(t))
}
