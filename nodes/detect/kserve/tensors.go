package kserve

import (
	"encoding/binary"
	"fmt"
	"math"

	"rvo.dev/nodes/model"
	inferencev2 "rvo.dev/proto/inference/v2"
)

// maxNumbers bounds what one tensor may have: what maxMessage lets through is less, so that a product of lengths that is more
// is an answer that lies.
const maxNumbers = 1 << 28

// request is the question about what a network is fed with. buf is used for the bytes and comes back larger where it has to.
func request(name, version string, in model.Tensor, buf []byte) (*inferencev2.ModelInferRequest, []byte) {
	shape := make([]int64, len(in.Shape))
	for i, n := range in.Shape {
		shape[i] = int64(n)
	}
	buf = buf[:0]
	for _, v := range in.Data {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
	}
	return &inferencev2.ModelInferRequest{
		ModelName: name, ModelVersion: version,
		Inputs:           []*inferencev2.ModelInferRequest_InferInputTensor{{Name: in.Name, Datatype: fp32, Shape: shape}},
		RawInputContents: [][]byte{buf},
	}, buf
}

// tensors returns an answer's outputs as the server declared them, in that order. into is used for them.
func tensors(a *inferencev2.ModelInferResponse, declared []model.Info, into []model.Tensor) ([]model.Tensor, error) {
	outputs, raw := a.GetOutputs(), a.GetRawOutputContents()
	if len(raw) > 0 && len(raw) != len(outputs) {
		return nil, fmt.Errorf("%d outputs have the bytes of %d", len(outputs), len(raw))
	}
	if len(into) != len(declared) {
		into = make([]model.Tensor, len(declared))
	}
next:
	for i, d := range declared {
		for k, o := range outputs {
			if o.GetName() != d.Name {
				continue
			}
			var bytes []byte
			if len(raw) > 0 {
				bytes = raw[k]
			}
			if err := fill(&into[i], o, d, bytes); err != nil {
				return nil, fmt.Errorf("output %q: %w", d.Name, err)
			}
			continue next
		}
		return nil, fmt.Errorf("it has no output %q", d.Name)
	}
	return into, nil
}

// fill fills a tensor from an output, which must be as declared.
func fill(t *model.Tensor, o *inferencev2.ModelInferResponse_InferOutputTensor, d model.Info, raw []byte) error {
	if o.GetDatatype() != fp32 {
		return fmt.Errorf("it is of type %q, must be %s", o.GetDatatype(), fp32)
	}
	if len(o.GetShape()) != len(d.Shape) {
		return fmt.Errorf("it has %d axes, the server said %s", len(o.GetShape()), d)
	}
	t.Name, t.Shape = d.Name, t.Shape[:0]
	numbers := int64(1)
	for i, n := range o.GetShape() {
		if n < 1 || n > maxNumbers || d.Shape[i] > 0 && n != int64(d.Shape[i]) {
			return fmt.Errorf("its shape is %v, the server said %s", o.GetShape(), d)
		}
		if numbers *= n; numbers > maxNumbers {
			return fmt.Errorf("its shape %v is of more than %d numbers", o.GetShape(), maxNumbers)
		}
		t.Shape = append(t.Shape, int(n))
	}
	if raw == nil {
		if t.Data = o.GetContents().GetFp32Contents(); int64(len(t.Data)) != numbers {
			return fmt.Errorf("its shape %v has %d numbers, there are %d", o.GetShape(), numbers, len(t.Data))
		}
		return nil
	}
	if int64(len(raw)) != 4*numbers {
		return fmt.Errorf("its shape %v has %d numbers, there are %d bytes", o.GetShape(), numbers, len(raw))
	}
	if int64(cap(t.Data)) < numbers {
		t.Data = make([]float32, numbers)
	}
	t.Data = t.Data[:numbers]
	for i := range t.Data {
		t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return nil
}
