package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"rvo.dev/dsl"
	"rvo.dev/dsl/report"
)

// maxRounds bounds how often a pipeline is checked after an edit: mending one thing may show another.
const maxRounds = 10

// fixAll makes the edits that the findings of a report carry, checks again, and so on until there is nothing left to do.
// It returns the last report.
func fixAll(ctx context.Context, a *app, f vetFlags, paths []string, r *report.Report) (*report.Report, error) {
	made := 0
	defer func() {
		if made > 0 {
			fmt.Fprintf(a.Err, "rvo: made %s\n", count(made, "edit"))
		}
	}()
	for range maxRounds {
		n, err := applyFixes(r.Findings())
		made += n
		if err != nil || n == 0 {
			return r, err
		}
		if r, _, err = vetAll(ctx, a, f, paths); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// applyFixes makes the edits of findings and returns how many. Each file is written once, whole.
func applyFixes(fs []dsl.Finding) (int, error) {
	byFile := map[string][]dsl.Fix{}
	for _, f := range fs {
		if f.Fix != nil {
			byFile[f.Fix.Place.File] = append(byFile[f.Fix.Place.File], *f.Fix)
		}
	}
	total := 0
	for _, file := range sortedKeys(byFile) {
		data, err := os.ReadFile(file)
		if err != nil {
			return total, fmt.Errorf("--fix: %w", err)
		}
		mended, n := edit(data, byFile[file])
		if n == 0 {
			continue
		}
		if err := replaceFile(file, mended); err != nil {
			return total, fmt.Errorf("--fix: %w", err)
		}
		total += n
	}
	return total, nil
}

// edit makes those of the edits whose old text stands where it should, the last first so that places hold, and returns how
// many they were. Of two that touch each other one is made: the next check finds the other again.
func edit(data []byte, fixes []dsl.Fix) ([]byte, int) {
	fixes = slices.Clone(fixes)
	slices.SortFunc(fixes, func(a, b dsl.Fix) int {
		return cmp.Or(cmp.Compare(b.Place.Line, a.Place.Line), cmp.Compare(b.Place.Col, a.Place.Col))
	})
	n, limit := 0, len(data)+1
	for _, f := range fixes {
		at := offset(data, f.Place)
		end := at + len(f.Old)
		if at < 0 || end >= limit || end > len(data) || string(data[at:end]) != f.Old || f.Old == f.New {
			continue
		}
		data = slices.Concat(data[:at], []byte(f.New), data[end:])
		n, limit = n+1, at
	}
	return data, n
}

// offset returns where a place is in a text, -1 where it is not.
func offset(data []byte, p dsl.Place) int {
	at := 0
	for range p.Line - 1 {
		i := bytes.IndexByte(data[at:], '\n')
		if i < 0 {
			return -1
		}
		at += i + 1
	}
	if at += p.Col - 1; p.Line < 1 || p.Col < 1 || at > len(data) {
		return -1
	}
	return at
}

// replaceFile writes a file anew under its name: whole or not at all, with the rights it had. A link stays one.
func replaceFile(file string, data []byte) (err error) {
	if file, err = filepath.EvalSymlinks(file); err != nil {
		return err
	}
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Chmod(info.Mode().Perm()), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}
