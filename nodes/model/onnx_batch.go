package model

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// More field numbers of ONNX's protocol buffers.
const (
	graphNode    = 1 // GraphProto
	nodeInput    = 1 // NodeProto
	nodeOutput   = 2
	nodeOp       = 4
	nodeAttr     = 5
	attrTensor   = 5 // AttributeProto
	initInt64    = 7 // TensorProto
	initRaw      = 9
	reshapeShape = 1 // which input of the operator Reshape is a shape
	resizeSizes  = 3 // and which of Resize
)

// rebatch returns a graph in which the shapes that layers are told to make are those of n pictures where they were those of one:
// exporters write the batch of one that a network was exported with into them. What else depends on the batch, nobody says: whoever
// uses the result has to compare it with the network for one picture.
func rebatch(graph []byte, n int) ([]byte, error) {
	shapes, err := madeShapes(graph)
	if err != nil {
		return nil, err
	}
	return mapFields(graph, func(f field) ([]byte, bool, error) {
		switch {
		case f.typ != protowire.BytesType:
		case f.num == graphInit:
			name, err := stringField(f.bytes, initName)
			if err != nil || !shapes[name] {
				return f.raw, true, err
			}
			t, err := withFirst(f.bytes, n)
			return bytesField(graphInit, t), true, err
		case f.num == graphNode:
			node, err := readNode(f.bytes)
			if err != nil || node.op != "Constant" || len(node.out) != 1 || !shapes[node.out[0]] {
				return f.raw, true, err
			}
			b, err := mapFields(f.bytes, func(g field) ([]byte, bool, error) {
				if g.num != nodeAttr || g.typ != protowire.BytesType {
					return g.raw, true, nil
				}
				attr, err := mapFields(g.bytes, func(h field) ([]byte, bool, error) {
					if h.num != attrTensor || h.typ != protowire.BytesType {
						return h.raw, true, nil
					}
					t, err := withFirst(h.bytes, n)
					return bytesField(attrTensor, t), true, err
				})
				return bytesField(nodeAttr, attr), true, err
			})
			return bytesField(graphNode, b), true, err
		}
		return f.raw, true, nil
	})
}

// madeShapes returns the names of the tensors that tell layers which shape to make of what they compute; shapes of weights are
// not among them.
func madeShapes(graph []byte) (map[string]bool, error) {
	shapes, fixed := map[string]bool{}, map[string]bool{}
	type made struct{ data, shape string }
	var all []made
	err := eachField(graph, func(f field) error {
		if f.typ != protowire.BytesType || f.num != graphNode && f.num != graphInit {
			return nil
		}
		if f.num == graphInit {
			name, err := stringField(f.bytes, initName)
			fixed[name] = true
			return err
		}
		node, err := readNode(f.bytes)
		switch {
		case err != nil:
			return err
		case node.op == "Constant" && len(node.out) == 1:
			fixed[node.out[0]] = true
		case node.op == "Reshape" && len(node.in) > reshapeShape:
			all = append(all, made{node.in[0], node.in[reshapeShape]})
		case node.op == "Resize" && len(node.in) > resizeSizes:
			all = append(all, made{node.in[0], node.in[resizeSizes]})
		}
		return nil
	})
	for _, m := range all {
		if !fixed[m.data] && fixed[m.shape] {
			shapes[m.shape] = true
		}
	}
	return shapes, err
}

// operator is what a layer does, on what.
type operator struct {
	op      string
	in, out []string
}

func readNode(b []byte) (o operator, err error) {
	err = eachField(b, func(f field) error {
		switch {
		case f.typ != protowire.BytesType:
		case f.num == nodeInput:
			o.in = append(o.in, string(f.bytes))
		case f.num == nodeOutput:
			o.out = append(o.out, string(f.bytes))
		case f.num == nodeOp:
			o.op = string(f.bytes)
		}
		return nil
	})
	return o, err
}

func stringField(b []byte, num protowire.Number) (s string, err error) {
	err = eachField(b, func(f field) error {
		if f.num == num && f.typ == protowire.BytesType {
			s = string(f.bytes)
		}
		return nil
	})
	return s, err
}

// withFirst returns a TensorProto of 64-bit numbers whose first number is n where it was 1.
func withFirst(tensor []byte, n int) ([]byte, error) {
	return mapFields(tensor, func(f field) ([]byte, bool, error) {
		switch {
		case f.num == initRaw && f.typ == protowire.BytesType && len(f.bytes) >= 8 && len(f.bytes)%8 == 0:
			if binary.LittleEndian.Uint64(f.bytes) == 1 {
				return bytesField(initRaw, append(binary.LittleEndian.AppendUint64(nil, uint64(n)), f.bytes[8:]...)), true, nil
			}
		case f.num == initInt64 && f.typ == protowire.BytesType:
			first, size := protowire.ConsumeVarint(f.bytes)
			if size > 0 && first == 1 {
				return bytesField(initInt64, append(protowire.AppendVarint(nil, uint64(n)), f.bytes[size:]...)), true, nil
			}
		}
		return f.raw, true, nil
	})
}
