package cv

import (
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Device is a local camera.
type Device struct {
	// Index is the number that the camera kind device takes.
	Index int `json:"index"`
	// Path is the device file; empty where the system has none.
	Path string `json:"path,omitempty"`
	// Name is what the driver calls it; empty where it is not known.
	Name string `json:"name,omitempty"`
	// Tried is set when it was tried to open it, which needs OpenCV.
	Tried bool `json:"tried"`
	// Opens is set when it opened and gave a picture.
	Opens bool `json:"opens"`
	// Problem says why it does not open.
	Problem string `json:"problem,omitempty"`
	// Width, Height and FPS are what it gives when nothing is asked for; 0 where not known.
	Width  int     `json:"width,omitempty"`
	Height int     `json:"height,omitempty"`
	FPS    float64 `json:"fps,omitempty"`
}

// maxProbed is how many indices ListDevices tries where the system does not list its cameras: 0 to 9.
const maxProbed = 10

// ListDevices returns the local cameras by index. With OpenCV those with an index below 10 are opened for one picture
// each, which takes up to ten seconds for one that hangs; without it the list is what Linux says, untried. It fails
// where neither can tell.
func ListDevices() ([]Device, error) {
	if runtime.GOOS == "linux" {
		list, err := listSystem(os.DirFS("/sys/class/video4linux"))
		if err != nil {
			return nil, err
		}
		for i := range list {
			probe(&list[i])
		}
		return list, nil
	}
	if !canProbe {
		return nil, errors.New("cameras of this system can only be listed by trying them: " + needs)
	}
	var list []Device
	for i := range maxProbed {
		d := Device{Index: i}
		if probe(&d); d.Opens {
			list = append(list, d)
		}
	}
	return list, nil
}

// listSystem reads Linux's list of video devices. No list means no devices.
func listSystem(sys fs.FS) ([]Device, error) {
	entries, err := fs.ReadDir(sys, ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []Device
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "video")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 {
			continue // v4l-subdev0, vbi0, radio0: no pictures
		}
		d := Device{Index: n, Path: "/dev/" + e.Name()}
		if name, err := fs.ReadFile(sys, e.Name()+"/name"); err == nil {
			d.Name = strings.TrimSpace(string(name))
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b Device) int { return a.Index - b.Index })
	return list, nil
}
