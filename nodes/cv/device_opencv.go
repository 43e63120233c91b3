//go:build cgo && opencv

package cv

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"rvo.dev/engine/node"
)

func openDevice() func(node.CameraEnv, DeviceOptions) (node.Source, error) {
	return func(env node.CameraEnv, o DeviceOptions) (node.Source, error) {
		if err := o.check(); err != nil {
			return nil, err
		}
		return &deviceSource{o: o, width: env.Width, height: env.Height, fps: env.FPS}, nil
	}
}

type deviceSource struct {
	o             DeviceOptions
	width, height int
	fps           float64
}

// Open implements node.Source.
func (s *deviceSource) Open(ctx context.Context) (node.Stream, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("device %d", s.o.Index)
	path := s.o.Path
	if path != "" {
		name = fmt.Sprintf("device %q", path)
	}
	if runtime.GOOS == "linux" {
		if path == "" {
			path = fmt.Sprintf("/dev/video%d", s.o.Index)
		}
		if err := openable(path); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	c, err := captureDevice(s.o.Path, s.o.Index, s.width, s.height, s.fps)
	if err != nil {
		return nil, fmt.Errorf("%s %w: does another program use it, or is it no camera? `rvo cameras` lists those that open", name, err)
	}
	return newLive(c, name, "gives no pictures any more: was it unplugged?"), nil
}

// openable says why a device file cannot be opened, which OpenCV does not.
func openable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s: `rvo cameras` lists the cameras of this machine", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission for %s: add the user to the group video (sudo usermod -aG video $USER) and log in again", path)
	}
	return err
}
