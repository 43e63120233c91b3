package cv

import (
	_ "embed"
	"errors"

	"rvo.dev/engine/node"
)

//go:embed device.cue
var deviceCUE string

// DeviceOptions are the options of a device camera.
type DeviceOptions struct {
	// Index is the number of the device, 0 for the first.
	Index int `json:"index"`
	// Path is the device file, instead of Index.
	Path string `json:"path"`
}

func (o DeviceOptions) check() error {
	if o.Path != "" && o.Index != 0 {
		return errors.New("device has both index and path: give one")
	}
	return within("index", o.Index, 0, maxIndex)
}

// maxIndex is the largest index that Linux gives to a video device.
const maxIndex = 255

func deviceKind() node.Kind {
	return node.Camera(node.Contract{
		Name: "device",
		Doc: "takes pictures from a camera on this machine, such as a USB camera. Width, height and fps of the camera are " +
			"asked of the driver, which gives the nearest it can; `rvo cameras` lists what there is",
		Options:   deviceCUE,
		Changes:   map[string]node.Change{"index": node.Exclusive, "path": node.Exclusive, "camera.loop": node.Retune}, // two names may be one device
		Reads:     []string{"path"},
		Needs:     needs,
		Live:      true,
		Exclusive: true,
	}, openDevice())
}
