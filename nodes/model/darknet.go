package model

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// darknetOutput is what the outputs of a Darknet network are called here: the format has no names.
const darknetOutput = "yolo"

// ReadDarknet returns what the text of a Darknet network says of its input and of its [yolo] layers.
func ReadDarknet(config []byte) (in, out []Info, err error) {
	section := ""
	var w, h, channels int
	s := bufio.NewScanner(bytes.NewReader(config))
	for line := 1; s.Scan(); line++ {
		text, _, _ := strings.Cut(s.Text(), "#")
		text = strings.TrimSpace(text)
		if text == "" || text[0] == ';' {
			continue
		}
		if text[0] == '[' {
			section = strings.Trim(text, "[]")
			if section == "yolo" {
				out = append(out, Info{Name: darknetOutput, Shape: []int{1, -1, 0}})
			}
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok || section == "" {
			return nil, nil, fmt.Errorf("is no Darknet network: line %d is neither [layer] nor key=value", line)
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		var n *int
		switch {
		case section == "net" && key == "width":
			n = &w
		case section == "net" && key == "height":
			n = &h
		case section == "net" && key == "channels":
			n = &channels
		case section == "yolo" && key == "classes":
			n = &out[len(out)-1].Shape[2]
		default:
			continue
		}
		if *n, err = strconv.Atoi(value); err != nil || *n < 1 {
			return nil, nil, fmt.Errorf("is no Darknet network: line %d: %s %q must be a whole number from 1", line, key, value)
		}
	}
	if err := s.Err(); err != nil {
		return nil, nil, fmt.Errorf("is no Darknet network: %w", err)
	}
	if len(out) == 0 || w == 0 || h == 0 {
		return nil, nil, errors.New("is no Darknet network that finds boxes: it has no [yolo] layer or its [net] no width and height")
	}
	for i := range out {
		out[i].Shape[2] += 5
	}
	return []Info{{Name: "data", Shape: []int{1, max(channels, 1), h, w}}}, out, nil
}

// isDarknet reports whether a file begins as Darknet's weights do: with the numbers of its version, 0.1 to 0.2, and of its revision.
// An ONNX file begins with the tag of its first field.
func isDarknet(weights []byte) bool {
	if len(weights) < 12 {
		return false
	}
	major, minor := binary.LittleEndian.Uint32(weights), binary.LittleEndian.Uint32(weights[4:])
	return major == 0 && minor >= 1 && minor <= 9
}

// darknet reads the [yolo] layers of Darknet (Redmon and Farhadi, "YOLOv3: An Incremental Improvement", 2018) as OpenCV gives
// them: rows of centre and size in fractions of the input, objectness, and class scores that are already multiplied by it.
func darknet() *Family {
	return &Family{
		Name:  "darknet",
		Doc:   "Darknet YOLO, .cfg and .weights: tables of 5 + classes numbers",
		Feed:  Feed{Fit: FitStretch, RGB: true, Scale: [3]float32{255, 255, 255}},
		Score: 0.55, Overlap: 0.5, Multiple: 32, Label: "person",
		classes: func(in Info, out []Info) int {
			if in.Name != "data" || len(out) == 0 || out[0].Name != darknetOutput {
				return 0
			}
			return columns(out[0]) - 5
		},
		read: func(in size, out []Tensor, least float32, found []candidate) ([]candidate, error) {
			w, h := float32(in.w), float32(in.h)
			for i := range out {
				n, columns := out[i].Rows()
				if columns < 6 {
					return found, fmt.Errorf("output %s has rows of %d numbers, must have 6 or more", out[i].Name, columns)
				}
				for r := range n {
					v := out[i].Data[r*columns:][:columns:columns]
					if score, class := best(v[5:]); score >= least {
						found = append(found, centered(v[0]*w, v[1]*h, v[2]*w, v[3]*h, score, class))
					}
				}
			}
			return found, nil
		},
	}
}
