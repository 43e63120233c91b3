package cv

import "rvo.dev/nodes/model"

// DNN returns OpenCV's own runtime for networks, which reads fewer of them than ONNX Runtime and is several times slower, and
// needs no further library; ok is false in a build without OpenCV.
func DNN() (rt model.Runtime, ok bool) { return dnn() }
