package model

import (
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of ONNX's protocol buffers (onnx/onnx.proto, IR version 3 and later).
const (
	modelIR      = 1 // ModelProto
	modelGraph   = 7
	graphInit    = 5 // GraphProto
	graphInput   = 11
	graphOutput  = 12
	graphValue   = 13
	initName     = 8 // TensorProto
	valueName    = 1 // ValueInfoProto
	valueType    = 2
	typeTensor   = 1 // TypeProto
	tensorShape  = 2 // TypeProto.Tensor
	shapeDim     = 1 // TensorShapeProto
	dimValue     = 1 // TensorShapeProto.Dimension
	maxAxes      = 8
	errNoONNXFmt = "is no ONNX network: %w"
)

// errShort is a file that ends inside of a field.
var errShort = errors.New("it ends in the middle or is something else")

// ReadONNX returns what the bytes of an ONNX file say of its inputs and outputs; no library is needed for that. Weights
// that are also listed as inputs are left out.
func ReadONNX(weights []byte) (in, out []Info, err error) {
	graph, err := onnxGraph(weights)
	if err != nil {
		return nil, nil, err
	}
	inits := map[string]bool{}
	err = eachField(graph, func(f field) error {
		if f.num == graphInit && f.typ == protowire.BytesType {
			return eachField(f.bytes, func(g field) error {
				if g.num == initName && g.typ == protowire.BytesType {
					inits[string(g.bytes)] = true
				}
				return nil
			})
		}
		return nil
	})
	if err == nil {
		err = eachField(graph, func(f field) error {
			if f.typ != protowire.BytesType || f.num != graphInput && f.num != graphOutput {
				return nil
			}
			i, err := readInfo(f.bytes)
			switch {
			case err != nil:
				return err
			case f.num == graphOutput:
				out = append(out, i)
			case !inits[i.Name]:
				in = append(in, i)
			}
			return nil
		})
	}
	if err == nil && (len(in) == 0 || len(out) == 0) {
		err = errors.New("it has no inputs or no outputs")
	}
	if err != nil {
		return nil, nil, fmt.Errorf(errNoONNXFmt, err)
	}
	return in, out, nil
}

// ResizeONNX returns the bytes of an ONNX file whose one picture input, of shape batch x 3 x height x width, is declared to be
// of n pictures of w x h. The sizes that are stored for intermediate values are dropped, and those of outputs that follow from
// the input's are left open: a library works them out anew. The weights are untouched, so that only networks whose layers do
// not depend on the size can be resized.
func ResizeONNX(weights []byte, n, w, h int) ([]byte, error) {
	in, _, err := ReadONNX(weights)
	if err != nil {
		return nil, err
	}
	if len(in) != 1 || len(in[0].Shape) != 4 {
		return nil, fmt.Errorf("inputs %s: only one of four axes can be resized", list(in))
	}
	return mapFields(weights, func(f field) ([]byte, bool, error) {
		if f.num != modelGraph || f.typ != protowire.BytesType {
			return f.raw, true, nil
		}
		graph, err := mapFields(f.bytes, func(g field) ([]byte, bool, error) {
			switch {
			case g.typ != protowire.BytesType:
				return g.raw, true, nil
			case g.num == graphValue:
				return nil, false, nil
			case g.num == graphOutput:
				o, err := readInfo(g.bytes)
				if err != nil {
					return nil, false, err
				}
				v, err := withShape(g.bytes, freed(o.Shape, n))
				return bytesField(graphOutput, v), true, err
			case g.num == graphInput:
				i, err := readInfo(g.bytes)
				if err != nil || i.Name != in[0].Name {
					return g.raw, true, err
				}
				v, err := withShape(g.bytes, []int{n, in[0].Shape[1], h, w})
				return bytesField(graphInput, v), true, err
			}
			return g.raw, true, nil
		})
		if err == nil && n > 1 {
			graph, err = rebatch(graph, n)
		}
		return bytesField(modelGraph, graph), true, err
	})
}

// freed is an output's shape without what follows from the input's: of tables the rows, of grids height and width, and of more
// than one picture how many. OpenCV wants outputs to have a number of axes.
func freed(shape []int, n int) []int {
	out := slices.Clone(shape)
	if n > 1 && len(out) > 0 {
		out[0] = -1
	}
	switch len(out) {
	case 3:
		out[1] = -1
	case 4:
		out[2], out[3] = -1, -1
	}
	return out
}

// onnxGraph returns the graph of a model. A file that is something else is found out by its first fields.
func onnxGraph(weights []byte) ([]byte, error) {
	var graph []byte
	version := false
	err := eachField(weights, func(f field) error {
		switch {
		case f.num == modelIR && f.typ == protowire.VarintType:
			version = true
		case f.num == modelGraph && f.typ == protowire.BytesType:
			graph = f.bytes
		}
		return nil
	})
	if err == nil && (graph == nil || !version) {
		err = errShort
	}
	if err != nil {
		return nil, fmt.Errorf(errNoONNXFmt, err)
	}
	return graph, nil
}

// readInfo reads a ValueInfoProto.
func readInfo(b []byte) (Info, error) {
	var i Info
	err := eachField(b, func(f field) error {
		switch {
		case f.num == valueName && f.typ == protowire.BytesType:
			i.Name = string(f.bytes)
		case f.num == valueType && f.typ == protowire.BytesType:
			return descend(f.bytes, []protowire.Number{typeTensor, tensorShape, shapeDim}, func(dim []byte) error {
				if len(i.Shape) == maxAxes {
					return fmt.Errorf("%s has more than %d axes", i.Name, maxAxes)
				}
				n := -1
				err := eachField(dim, func(d field) error {
					if d.num == dimValue && d.typ == protowire.VarintType && d.varint < 1<<31 {
						n = int(d.varint)
					}
					return nil
				})
				if n == 0 {
					n = -1
				}
				i.Shape = append(i.Shape, n)
				return err
			})
		}
		return nil
	})
	return i, err
}

// descend calls f with every message that the path of field numbers leads to.
func descend(b []byte, path []protowire.Number, f func([]byte) error) error {
	if len(path) == 0 {
		return f(b)
	}
	return eachField(b, func(g field) error {
		if g.num != path[0] || g.typ != protowire.BytesType {
			return nil
		}
		return descend(g.bytes, path[1:], f)
	})
}

// withShape returns a ValueInfoProto with another shape; nil: with none.
func withShape(b []byte, shape []int) ([]byte, error) {
	var text []byte
	for _, n := range shape {
		var dim []byte // an open axis is an empty message
		if n >= 0 {
			dim = protowire.AppendVarint(protowire.AppendTag(nil, dimValue, protowire.VarintType), uint64(n))
		}
		text = append(text, bytesField(shapeDim, dim)...)
	}
	return mapFields(b, func(f field) ([]byte, bool, error) {
		if f.num != valueType || f.typ != protowire.BytesType {
			return f.raw, true, nil
		}
		typ, err := mapFields(f.bytes, func(g field) ([]byte, bool, error) {
			if g.num != typeTensor || g.typ != protowire.BytesType {
				return g.raw, true, nil
			}
			tensor, err := mapFields(g.bytes, func(t field) ([]byte, bool, error) { return t.raw, t.num != tensorShape, nil })
			if shape != nil {
				tensor = append(tensor, bytesField(tensorShape, text)...)
			}
			return bytesField(typeTensor, tensor), true, err
		})
		return bytesField(valueType, typ), true, err
	})
}

// field is one field of a message.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	raw    []byte // with its tag
	bytes  []byte // of BytesType
	varint uint64 // of VarintType
}

// eachField calls f for every field of a message.
func eachField(b []byte, f func(field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errShort
		}
		m := protowire.ConsumeFieldValue(num, typ, b[n:])
		if m < 0 {
			return errShort
		}
		g := field{num: num, typ: typ, raw: b[: n+m : n+m]}
		switch typ {
		case protowire.BytesType:
			g.bytes, _ = protowire.ConsumeBytes(b[n:])
		case protowire.VarintType:
			g.varint, _ = protowire.ConsumeVarint(b[n:])
		case protowire.Fixed32Type, protowire.Fixed64Type, protowire.StartGroupType, protowire.EndGroupType:
		}
		if err := f(g); err != nil {
			return err
		}
		b = b[n+m:]
	}
	return nil
}

// mapFields returns a message with each field replaced by what f gives; false drops it.
func mapFields(b []byte, f func(field) ([]byte, bool, error)) ([]byte, error) {
	out := make([]byte, 0, len(b)+16)
	err := eachField(b, func(g field) error {
		v, keep, err := f(g)
		if keep {
			out = append(out, v...)
		}
		return err
	})
	return out, err
}

// bytesField is a length-delimited field.
func bytesField(num protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, num, protowire.BytesType), b)
}
