package cv

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rvo.dev/engine/node"
	"rvo.dev/engine/signal"
)

//go:embed haar.cue
var haarCUE string

// HaarOptions are the options of the haar detector.
type HaarOptions struct {
	// Cascade is the name of one of OpenCV's cascades, or the path of a cascade file.
	Cascade string `json:"cascade"`
	// Label is what boxes are called; empty for what the cascade finds.
	Label string `json:"label"`
	// Step is the ratio of one size that is searched to the next, 0 for the default.
	Step float64 `json:"step"`
	// MinNeighbors is how many overlapping finds make one, 0 for the default.
	MinNeighbors int `json:"minNeighbors"`
	// MinSize is the least height searched as a share of the picture's, 0 for the default.
	MinSize float64 `json:"minSize"`
}

// defaultCascade is the best of OpenCV's four for faces: on a clip of two people who walk to the camera, 55 of 70 faces
// where frontalface_default found 42.
const defaultCascade = "frontalface_alt2"

func (o HaarOptions) withDefaults() (HaarOptions, error) {
	o.Cascade = orDefault(o.Cascade, defaultCascade)
	o.Label = orDefault(o.Label, cascadeLabel(o.Cascade))
	o.Step = orDefault(o.Step, 1.1)
	o.MinNeighbors = orDefault(o.MinNeighbors, 3)
	o.MinSize = orDefault(o.MinSize, 0.05)
	if err := within("step", o.Step, 1.01, 2); err != nil {
		return o, err
	}
	if err := within("minNeighbors", o.MinNeighbors, 1, 100); err != nil {
		return o, err
	}
	return o, within("minSize", o.MinSize, 0.01, 1)
}

// cascadeLabel tells from a cascade's name what it finds.
func cascadeLabel(cascade string) string {
	name := strings.TrimSuffix(filepath.Base(cascade), ".xml")
	name = strings.TrimPrefix(strings.TrimPrefix(name, "haarcascade_"), "lbpcascade_")
	for _, p := range []struct{ part, label string }{
		{"catface", "cat"}, {"face", "face"}, {"body", "person"}, {"plate", "plate"}, {"eye", "eye"}, {"smile", "smile"},
	} {
		if strings.Contains(name, p.part) {
			return p.label
		}
	}
	return name
}

// dataDirs are where OpenCV's cascades may be: the folder in OPENCV_DATA, then where packages put them.
func dataDirs() []string {
	dirs := []string{"/usr/share/opencv4", "/usr/local/share/opencv4", "/usr/share/opencv", "/opt/homebrew/share/opencv4"}
	if d := os.Getenv("OPENCV_DATA"); d != "" {
		return append([]string{d}, dirs...)
	}
	return dirs
}

// isPath tells the path of a cascade from the name of one of OpenCV's.
func isPath(cascade string) bool {
	return strings.ContainsAny(cascade, `/\`) || strings.HasSuffix(cascade, ".xml")
}

// findCascade returns the file of a cascade: a path if it looks like one, else the file of that name among dirs.
func findCascade(env node.Env, cascade string, dirs []string) (string, error) {
	if isPath(cascade) {
		path, err := env.InputPath(cascade)
		if err != nil {
			return "", err
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("cascade %q: %w: a path starts at the pipeline's folder; a bare name means one of OpenCV's", cascade, err)
		}
		return path, nil
	}
	for _, dir := range dirs {
		for _, path := range []string{
			filepath.Join(dir, "haarcascades", "haarcascade_"+cascade+".xml"),
			filepath.Join(dir, "lbpcascades", "lbpcascade_"+cascade+".xml"),
			filepath.Join(dir, "haarcascade_"+cascade+".xml"),
			filepath.Join(dir, cascade+".xml"),
		} {
			if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() {
				return path, nil
			}
		}
	}
	have := cascades(dirs)
	if len(have) == 0 {
		return "", fmt.Errorf("cascade %q: no cascades in %s: apt-get install opencv-data, or set OPENCV_DATA to the folder that has haarcascades",
			cascade, strings.Join(dirs, ", "))
	}
	return "", fmt.Errorf("cascade %q: there are %s", cascade, strings.Join(have, ", "))
}

// cascades lists the names that findCascade knows in the first of dirs that has any.
func cascades(dirs []string) []string {
	for _, dir := range dirs {
		var names []string
		for _, form := range [][2]string{{"haarcascades", "haarcascade_"}, {"lbpcascades", "lbpcascade_"}} {
			found, _ := filepath.Glob(filepath.Join(dir, form[0], form[1]+"*.xml"))
			for _, f := range found {
				names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), form[1]), ".xml"))
			}
		}
		if len(names) > 0 {
			return names
		}
	}
	return nil
}

// haarCost is what one run takes with default options on a picture of 640 x 480, on one thread of a server core that
// is not idle.
const haarCost = 100 * time.Millisecond

func haarEmits(raw json.RawMessage) ([]node.Emit, error) {
	o := parse[HaarOptions](raw)
	label := orDefault(o.Label, cascadeLabel(orDefault(o.Cascade, defaultCascade)))
	return []node.Emit{
		{Name: "count", Type: signal.TypeInt, Doc: "how many are seen", Min: 0, Max: maxBoxes},
		{
			Name: "boxes", Type: signal.TypeBoxes,
			Doc: "where they are, labelled " + label + ", best first; the score is n / (n + minNeighbors) for n overlapping finds",
		},
	}, nil
}

func haarKind() node.Kind {
	return node.Detector(node.Contract{
		Name: "haar",
		Doc: "finds upright faces, or whatever else a Haar or LBP cascade was trained for, with OpenCV's cascade classifier. " +
			"Named cascades come with the package opencv-data; they are looked for in $OPENCV_DATA and the usual folders. " +
			"It is costly: the stated cost is for 640 x 480, it grows with the area of the picture and falls as minSize and " +
			"step grow",
		Options: haarCUE,
		Changes: map[string]node.Change{
			"cascade": node.Replace, "label": node.Retune, "step": node.Retune, "minNeighbors": node.Retune, "minSize": node.Retune,
		},
		Reads: []string{"cascade"},
		Named: func(cascade string) bool { return !isPath(cascade) },
		Needs: needs,
		Emits: haarEmits,
		Cost:  haarCost,
	}, openHaar())
}
