package kserve

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rvo.dev/engine/node"
	"rvo.dev/nodes/model"
)

// emits returns the signals. It refuses options that contradict each other, so that vet does.
func emits(raw json.RawMessage) ([]node.Emit, error) {
	var o Options
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("options: %w", err)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	return model.Emits(raw)
}

// check reports options that contradict each other. What the server's model is like is found out when it is asked.
func (o *Options) check() error {
	c := o.channel()
	if err := c.Check(); err != nil {
		return err
	}
	if o.Model == "" {
		return errors.New("model: name the model on the server")
	}
	if len(o.Labels) > 0 && o.LabelsFile != "" {
		return errors.New("labels and labelsFile: give one of them")
	}
	for _, k := range o.Keep {
		if len(o.Labels) > 0 && !slices.Contains(o.Labels, k) {
			return fmt.Errorf("keep: labels have no %q", k)
		}
	}
	if o.Family != "" {
		if _, err := model.FamilyByName(o.Family); err != nil {
			return err
		}
	}
	return nil
}
