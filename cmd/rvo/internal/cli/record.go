package cli

import (
	"fmt"
	"io"
	"os"
)

// recordFile is where --record writes; the zero value writes nowhere.
type recordFile struct{ f *os.File }

// openRecord makes the file of --record anew. Its folder must be there.
func openRecord(path string) (recordFile, error) {
	if path == "" {
		return recordFile{}, nil
	}
	// Signals may tell who was where: not for everybody's eyes.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return recordFile{}, fmt.Errorf("--record: %w: name a file in a folder that exists and can be written", err)
	}
	return recordFile{f}, nil
}

func (r recordFile) writer() io.Writer {
	if r.f == nil {
		return nil
	}
	return r.f
}

func (r recordFile) close() error {
	if r.f == nil {
		return nil
	}
	if err := r.f.Close(); err != nil {
		return fmt.Errorf("--record: %w", err)
	}
	return nil
}
