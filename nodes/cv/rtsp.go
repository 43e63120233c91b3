package cv

import (
	_ "embed"
	"fmt"

	"rvo.dev/engine/node"
)

//go:embed rtsp.cue
var rtspCUE string

// RTSPOptions are the options of an rtsp camera.
type RTSPOptions struct {
	// URL is the stream's address, rtsp:// or rtsps://.
	URL string `json:"url"`
	// Transport is how the pictures come, "tcp" or "udp".
	Transport string `json:"transport"`
	// User and Password replace credentials in the URL.
	User     string       `json:"user"`
	Password *node.Secret `json:"password"`
	// Timeout is a duration: how long connecting or one picture may take.
	Timeout string `json:"timeout"`
}

func (o RTSPOptions) transport() (string, error) {
	switch t := orDefault(o.Transport, "tcp"); t {
	case "tcp", "udp":
		return t, nil
	default:
		return "", fmt.Errorf("transport %q: must be tcp or udp", t)
	}
}

func rtspKind(t turns) node.Kind {
	return node.Camera(node.Contract{
		Name: "rtsp",
		Doc: "takes pictures from a network camera over RTSP. OpenCV decodes with one thread a core and so gives each " +
			"picture later by one less than that many frames; it does not follow a change of the picture's size, after " +
			"which the picture stands still (camera.frozen). It opens one stream or file at a time: a camera that answers " +
			"and then gives no picture keeps the others from connecting for its timeout",
		Options: rtspCUE,
		Changes: map[string]node.Change{ // a stream is opened with all of them
			"url": node.Replace, "transport": node.Replace, "user": node.Replace, "password": node.Replace, "timeout": node.Replace,
			// and is as large and as fast as it comes
			"camera.fps": node.Retune, "camera.width": node.Retune, "camera.height": node.Retune, "camera.loop": node.Retune,
		},
		Endpoints: []string{"url"},
		Secrets:   []string{"password"},
		Needs:     needs,
		Live:      true,
	}, openRTSP(t))
}
