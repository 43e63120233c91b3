package model

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// PlanOptions are what may differ between two uses of one network.
type PlanOptions struct {
	// Family names how the network is fed and read; empty: recognized by its inputs and outputs.
	Family string
	// InputSize is the size of its input, "width x height" as in "416x320"; empty: the one in the file.
	InputSize string
	// Score is the least score of a box, Overlap how much two boxes of a class may overlap; 0 takes the family's.
	Score, Overlap float32
	// Labels are the names of the classes, in the network's order; nil for networks of one class.
	Labels []string
	// Keep are the labels of boxes that count; empty: all.
	Keep []string
}

// Plan is how one network is used: made from its file alone, without the library that will run it.
type Plan struct {
	// Family is how it is fed and read.
	Family *Family
	// Files is the network, with the input's size as it was asked for; empty for one that somebody else has.
	Files
	// Width and Height are the input's size in pixels.
	Width, Height int

	input   string
	classes int
}

// OptionError is what is wrong with one of the options of a plan. Its text is that of Err.
type OptionError struct {
	// Option is its name: family, labels, keep, inputSize or config.
	Option string
	Err    error
}

// Error implements error.
func (e *OptionError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *OptionError) Unwrap() error { return e.Err }

// NewPlan checks that a network can be used so. The error says what the network is and what would do.
func NewPlan(files Files, o PlanOptions) (*Plan, error) {
	in, out, err := files.read()
	if err != nil {
		return nil, err
	}
	p, own, err := plan(in, out, o)
	if err != nil {
		return nil, err
	}
	p.Files = files
	if err := p.resize(own); err != nil {
		return nil, &OptionError{"inputSize", err}
	}
	return p, nil
}

// PlanOf is NewPlan for a network that somebody else has, of which only the inputs and outputs are known: its size is what it
// is, unless it leaves it open.
func PlanOf(in, out []Info, o PlanOptions) (*Plan, error) {
	p, own, err := plan(in, out, o)
	if err != nil {
		return nil, err
	}
	if is := (size{p.Width, p.Height}); own.w > 0 && own.w != is.w || own.h > 0 && own.h != is.h {
		return nil, &OptionError{"inputSize", fmt.Errorf("inputSize %s: the input is %s and takes no other size", o.InputSize, in[0])}
	}
	return p, nil
}

// plan is how a network with these inputs and outputs is used, and the size that it has by itself, -1 where that is open.
func plan(in, out []Info, o PlanOptions) (p *Plan, own size, err error) {
	var f *Family
	if o.Family == "" {
		f, err = Recognize(in, out)
	} else {
		if f, err = FamilyByName(o.Family); err != nil {
			err = &OptionError{"family", err}
		}
	}
	if err != nil {
		return nil, size{}, err
	}
	if len(in) != 1 {
		return nil, size{}, fmt.Errorf("the network has %d inputs (%s), must have one", len(in), list(in))
	}
	if len(in[0].Shape) > 0 && in[0].Shape[0] > 1 {
		return nil, size{}, fmt.Errorf("input %s takes %d pictures at once, must take one or any number", in[0], in[0].Shape[0])
	}
	classes := f.classes(in[0], out)
	if classes == 0 {
		return nil, size{}, &OptionError{"family", fmt.Errorf("the network with inputs %s and outputs %s is not of family %s: %s", list(in), list(out), f.Name, f.Doc)}
	}
	p = &Plan{Family: f, input: in[0].Name, classes: classes}
	if _, err := p.Filter(o); err != nil {
		return nil, size{}, err
	}
	if own, err = p.size(in[0], o.InputSize); err != nil {
		return nil, size{}, &OptionError{"inputSize", err}
	}
	return p, own, nil
}

// size sets the input's size, and returns the one that the network has by itself.
func (p *Plan) size(in Info, text string) (own size, err error) {
	own, ok := p.Family.inputSize(in)
	if !ok {
		return own, fmt.Errorf("input %s is no picture as family %s wants it", in, p.Family.Name)
	}
	want := own
	if text != "" {
		if want, err = parseSize(text); err != nil {
			return own, err
		}
	}
	if want.w < 1 || want.h < 1 {
		return own, fmt.Errorf("input %s leaves its size open: give inputSize, such as \"416x320\"", in)
	}
	p.Width, p.Height = want.w, want.h
	if want == own {
		return own, nil
	}
	m := p.Family.Multiple
	if m == 0 {
		return own, fmt.Errorf("inputSize %s: networks of family %s can only be used at their own size, %dx%d", text, p.Family.Name, own.w, own.h)
	}
	if want.w%m != 0 || want.h%m != 0 {
		return own, fmt.Errorf("inputSize %s: both sides must be multiples of %d", text, m)
	}
	return own, nil
}

// resize writes the input's size into the file where it is another one.
func (p *Plan) resize(own size) (err error) {
	if own == (size{p.Width, p.Height}) || len(p.Config) > 0 { // Darknet's layers follow what they are fed
		return nil
	}
	if own.w > 0 && own.h > 0 {
		if err := pinned(p.Weights, own); err != nil {
			return fmt.Errorf("inputSize %dx%d: %w: leave inputSize out", p.Width, p.Height, err)
		}
	}
	p.Weights, err = ResizeONNX(p.Weights, 1, p.Width, p.Height)
	return err
}

// read returns the network's inputs and outputs.
func (f Files) read() (in, out []Info, err error) {
	if len(f.Config) > 0 {
		if _, err := onnxGraph(f.Weights); err == nil {
			return nil, nil, &OptionError{"config", errors.New("config is for Darknet's .weights, and this is an ONNX file: leave config out")}
		}
		return ReadDarknet(f.Config)
	}
	if isDarknet(f.Weights) {
		return nil, nil, errors.New("these are Darknet's weights: name the text of its layers, the .cfg file, with config")
	}
	return ReadONNX(f.Weights)
}

// maxSide bounds the side of an input: more than 4K, which no network here is made for.
const maxSide = 4096

func parseSize(text string) (size, error) {
	w, h, ok := strings.Cut(text, "x")
	width, err := strconv.Atoi(w)
	height, err2 := strconv.Atoi(h)
	if !ok || errors.Join(err, err2) != nil || width < 1 || height < 1 || width > maxSide || height > maxSide {
		return size{}, fmt.Errorf("inputSize %q: must be width x height in pixels, each at most %d, such as \"416x320\"", text, maxSide)
	}
	return size{width, height}, nil
}
