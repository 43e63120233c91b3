// Command rvo runs pipelines for realtime video.
//
// To build one with kinds of your own, copy this file, append them to all.Kinds() and hand the set to the same function.
package main

import (
	"fmt"
	"os"
	_ "time/tzdata" // the hours of events, on machines without zones: a container that holds only this program

	"rvo.dev/cmd/rvo/internal/cli"
	"rvo.dev/nodes/all"
	"rvo.dev/nodes/cv"
	"rvo.dev/nodes/detect/remote"
)

func main() { os.Exit(run()) }

func run() int {
	remote.Quiet(os.Getenv)
	kinds, err := all.Set()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rvo:", err)
		return cli.ExitCannotRun
	}
	p := cli.Program{Kinds: kinds, Devices: devices}
	if codec, ok := cv.Codec(); ok {
		p.Codec, p.OpenCV = codec, cv.Version()
	}
	return cli.Main(p, os.Args[1:], cli.System())
}

// devices lists local cameras in the words of the command line.
func devices() ([]cli.Device, error) {
	found, err := cv.ListDevices()
	if err != nil {
		return nil, err
	}
	var out []cli.Device
	for _, d := range found {
		detail := "not tried: this build has no OpenCV"
		switch {
		case d.Opens && d.FPS > 0:
			detail = fmt.Sprintf("%dx%d at %g frames/s", d.Width, d.Height, d.FPS)
		case d.Opens:
			detail = fmt.Sprintf("%dx%d", d.Width, d.Height)
		case d.Tried:
			detail = "does not open: " + d.Problem
		}
		out = append(out, cli.Device{Index: d.Index, Name: d.Name, Detail: detail})
	}
	return out, nil
}
