package evidence

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// folder is what the recorder needs of a policy's folder. Names are relative to it and cannot leave it. Tests put faults
// behind it.
type folder interface {
	Mkdir(name string) error
	// Write makes a new file with this content. After an error a part of it may be there.
	Write(name string, data []byte) error
	// Sync makes a file or folder durable.
	Sync(name string) error
	Rename(from, to string) error
	// RemoveAll removes a file or a folder with all that is in it; it is no error when there is none.
	RemoveAll(name string) error
	Read(name string, limit int64) ([]byte, error)
	List() ([]fs.DirEntry, error)
	Exists(name string) (bool, error)
	// Free returns the bytes that this process may still use on the disk, or errors.ErrUnsupported.
	Free() (int64, error)
	Close() error
}

// Clips show people: nobody but the user and the group reads them.
const (
	folderMode = 0o750
	fileMode   = 0o640
)

// rooted is a folder on the disk. os.Root refuses every name that leads out of it, through symbolic links too.
type rooted struct{ root *os.Root }

// openRoot opens the folder dir, making it where it is missing.
func openRoot(dir string) (folder, error) {
	if err := os.MkdirAll(dir, folderMode); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return rooted{root}, nil
}

func (f rooted) Mkdir(name string) error { return f.root.Mkdir(name, folderMode) }

func (f rooted) Write(name string, data []byte) error {
	w, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	n, err := w.Write(data)
	if err == nil && n < len(data) {
		err = io.ErrShortWrite
	}
	return errors.Join(err, w.Close())
}

func (f rooted) Sync(name string) error {
	d, err := f.root.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

func (f rooted) Rename(from, to string) error { return f.root.Rename(from, to) }

func (f rooted) RemoveAll(name string) error { return f.root.RemoveAll(name) }

func (f rooted) Read(name string, limit int64) ([]byte, error) {
	r, err := f.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // opened for reading: nothing can be lost
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, limit)
	}
	return data, nil
}

func (f rooted) List() ([]fs.DirEntry, error) {
	d, err := f.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return d.ReadDir(-1)
}

func (f rooted) Exists(name string) (bool, error) {
	_, err := f.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (f rooted) Free() (int64, error) {
	d, err := f.root.Open(".")
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.Close() }()
	return freeBytes(d)
}

func (f rooted) Close() error { return f.root.Close() }
