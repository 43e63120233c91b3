package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"rvo.dev/engine/node"
)

// MaxText bounds what is read as text, in bytes: a wrong path must not fill the memory.
const MaxText = 4 << 20

// ReadFile returns what is in the file that an option names, at most most bytes.
func ReadFile(env node.Env, option, path string, most int64) ([]byte, error) {
	full, err := env.InputPath(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	f, err := os.Open(full)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", option, err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", option, err)
	case len(b) == 0:
		return nil, fmt.Errorf("%s: %s is empty", option, path)
	case int64(len(b)) > most:
		return nil, fmt.Errorf("%s: %s is larger than %d MiB", option, path, most>>20)
	}
	return b, nil
}

// ReadLabels returns the labels that the options labels and labelsFile give: the names themselves, or one in each line of a
// file. nil: there are none.
func ReadLabels(env node.Env, labels []string, file string) ([]string, error) {
	switch {
	case len(labels) > 0 && file != "":
		return nil, &OptionError{Option: "labels", Err: errors.New("labels and labelsFile: give one of them")}
	case file == "":
		return labels, nil
	}
	text, err := ReadFile(env, "labelsFile", file, MaxText)
	if err != nil {
		return nil, err
	}
	var out []string
	for l := range bytes.Lines(bytes.TrimRight(text, " \t\r\n")) {
		out = append(out, string(bytes.TrimSpace(l)))
	}
	return out, nil
}
