package onnx

import (
	"encoding/json"
	"errors"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/model"
)

// probe reads the files and says whether they can be used so, and whether the library that they need loads where no other can take
// its place; no network is run. What this build lacks is for rvo run to say: pipelines are vetted by builds that have no library at all.
func (r Runtimes) probe(env node.Env, raw json.RawMessage) (option string, err error) {
	var o Options
	if err := json.Unmarshal(raw, &o); err != nil {
		return "", err
	}
	plan, _, err := o.plan(env)
	if err == nil && o.Batch != nil {
		if _, err = plan.Batch(o.Batch.Max); err != nil {
			return "batch", err
		}
	}
	if err == nil && r.ORT != nil && o.Config == "" && o.Runtime != "opencv" {
		if err := r.ORT.Load(); err != nil && (o.Runtime == "ort" || r.OpenCV == nil || !r.Missing(err)) {
			return "runtime", err
		}
	}
	fault, ok := errors.AsType[*model.OptionError](err)
	switch {
	case err == nil:
		return "", nil
	case !ok:
		return "model", err
	case fault.Option != "labels":
		return fault.Option, err
	case o.LabelsFile != "":
		return "labelsFile", err
	case len(o.Labels) > 0:
		return "labels", err
	}
	return "model", err
}
