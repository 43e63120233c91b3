//go:build cgo && opencv

package cv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rvo.dev/engine/frame"
)

// TestQuiet runs what makes FFmpeg and OpenCV complain in a process of its own and checks that they print nothing:
// their messages carry addresses with credentials.
func TestQuiet(t *testing.T) {
	if path := os.Getenv("RVO_CV_COMPLAIN"); path != "" {
		complain(t, path)
		return
	}
	clip := steps(t, 20, "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", "a.mp4")
	data, err := os.ReadFile(clip)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 4; i < len(data)/2; i++ {
		data[i] ^= 0x5a
	}
	path := filepath.Join(t.TempDir(), "damaged.mp4")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestQuiet$")
	cmd.Env = append(os.Environ(), "RVO_CV_COMPLAIN="+path)
	var out, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), stderr.String())
	}
	if stderr.Len() > 0 {
		t.Errorf("OpenCV or FFmpeg print:\n%s", stderr.String())
	}
}

func complain(t *testing.T, path string) {
	if _, err := openStream(t, "rtsp", RTSPOptions{URL: "rtsp://me:hunter2@127.0.0.1:1/s"}); err == nil {
		t.Error("there is no camera, and it opens")
	}
	if _, err := openClip(t, os.Args[0], false); err == nil {
		t.Error("the test program is a video")
	}
	if _, err := loadCascade(path); err == nil {
		t.Error("a video is a cascade")
	}
	if s, err := openClip(t, path, false); err == nil {
		all(t, s, newPool(t, 1), func(*frame.Frame) {})
	}
}
