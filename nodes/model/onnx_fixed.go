package model

import (
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// pinned returns an error that names what keeps a network at the size of its file: a layer that is told to make the grid of cells which
// that size has at one of the strides of such networks. Run at another size it fails, in every library.
func pinned(weights []byte, own size) error {
	return eachMade(weights, func(shape []int) error {
		for stride := 4; stride <= 64; stride *= 2 {
			w, h := own.across(stride), size{own.h, own.w}.across(stride)
			if w < 2 || h < 2 {
				break
			}
			n := len(shape)
			grid := n >= 2 && shape[n-2] == h && shape[n-1] == w
			// Without an open axis a count of cells is fixed too. Beside one it may be something else, such as a number of classes.
			if grid || !slices.Contains(shape, -1) && slices.Contains(shape, w*h) {
				return fmt.Errorf("the network's layers are made for %dx%d and no other size", own.w, own.h)
			}
		}
		return nil
	})
}

// single returns an error for a network with a layer that makes a shape of fixed size in which the number of pictures has no place of
// its own: it was exported for one.
func single(weights []byte) error {
	return eachMade(weights, func(shape []int) error {
		if len(shape) > 0 && shape[0] > 1 && !slices.ContainsFunc(shape, func(n int) bool { return n < 1 }) {
			return fmt.Errorf("the network's layers are made for one picture at a time: one of them makes the shape %v of it", shape)
		}
		return nil
	})
}

// eachMade calls f with every shape that a layer is told to make of what it computes.
func eachMade(weights []byte, f func(shape []int) error) error {
	graph, err := onnxGraph(weights)
	if err != nil {
		return err
	}
	shapes, err := madeShapes(graph)
	if err != nil {
		return err
	}
	return eachField(graph, func(g field) error {
		switch {
		case g.typ != protowire.BytesType:
		case g.num == graphInit:
			name, err := stringField(g.bytes, initName)
			if err != nil || !shapes[name] {
				return err
			}
			shape, err := numbers(g.bytes)
			if err != nil {
				return err
			}
			return f(shape)
		case g.num == graphNode:
			node, err := readNode(g.bytes)
			if err != nil || node.op != "Constant" || len(node.out) != 1 || !shapes[node.out[0]] {
				return err
			}
			return descend(g.bytes, []protowire.Number{nodeAttr, attrTensor}, func(tensor []byte) error {
				shape, err := numbers(tensor)
				if err != nil {
					return err
				}
				return f(shape)
			})
		}
		return nil
	})
}

// numbers returns the 64-bit numbers of a TensorProto.
func numbers(tensor []byte) (out []int, err error) {
	err = eachField(tensor, func(f field) error {
		if f.typ != protowire.BytesType {
			return nil
		}
		if f.num == initRaw {
			for b := f.bytes; len(b) >= 8; b = b[8:] {
				out = append(out, int(int64(binary.LittleEndian.Uint64(b))))
			}
		}
		if f.num == initInt64 {
			for b := f.bytes; len(b) > 0; {
				v, n := protowire.ConsumeVarint(b)
				if n < 0 {
					return errShort
				}
				out, b = append(out, int(int64(v))), b[n:]
			}
		}
		return nil
	})
	return out, err
}
