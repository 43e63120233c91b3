package cv

import (
	_ "embed"

	"rvo.dev/engine/node"
)

//go:embed http.cue
var httpCUE string

// HTTPOptions are the options of an http camera.
type HTTPOptions struct {
	// URL is the stream's address, http:// or https://.
	URL string `json:"url"`
	// User and Password replace credentials in the URL.
	User     string       `json:"user"`
	Password *node.Secret `json:"password"`
	// Timeout is a duration: how long connecting or one picture may take.
	Timeout string `json:"timeout"`
}

func httpKind(t turns) node.Kind {
	return node.Camera(node.Contract{
		Name:    "http",
		Doc:     "takes pictures from a motion JPEG stream over HTTP, or plays a video file from a web server at its own rate",
		Options: httpCUE,
		Changes: map[string]node.Change{ // a stream is opened with all of them
			"url": node.Replace, "user": node.Replace, "password": node.Replace, "timeout": node.Replace,
			"camera.width": node.Retune, "camera.height": node.Retune, // it is as large as it comes
		},
		Endpoints: []string{"url"},
		Secrets:   []string{"password"},
		Needs:     needs,
		Live:      true,
	}, openHTTP(t))
}
