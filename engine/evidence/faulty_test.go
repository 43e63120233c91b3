package evidence

import (
	"strings"
	"sync"
)

// faulty is a real folder with faults put in front of it.
type faulty struct {
	folder
	f *faults
}

// faults decide what fails. They are shared by all folders of a recorder.
type faults struct {
	mu sync.Mutex
	// err returns the fault of an operation, nil for none. n counts the operations of that kind, from 1.
	err   func(op, name string, n int) error
	count map[string]int
	free  int64 // what the disk has; 0: as the real one says
	// skip says which files are not written at all, where a test looks at manifests alone.
	skip func(name string) bool
	// used is asked for what clips take of it, so that removing them helps.
	used func() int64
}

func inject(r *Recorder, err func(op, name string, n int) error) *faults {
	f := &faults{err: err, count: map[string]int{}}
	open := r.openFolder
	r.openFolder = func(dir string) (folder, error) {
		if err := f.check("open", dir); err != nil {
			return nil, err
		}
		d, err := open(dir)
		return faulty{d, f}, err
	}
	return f
}

func (f *faults) check(op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count[op]++
	if f.err == nil {
		return nil
	}
	return f.err(op, name, f.count[op])
}

func (d faulty) Mkdir(name string) error {
	if err := d.f.check("mkdir", name); err != nil {
		return err
	}
	return d.folder.Mkdir(name)
}

// Write leaves half of the file behind when it fails, as a full disk does.
func (d faulty) Write(name string, data []byte) error {
	if err := d.f.check("write", name); err != nil {
		if werr := d.folder.Write(name, data[:len(data)/2]); werr != nil {
			return werr
		}
		return err
	}
	if d.f.skip != nil && d.f.skip(name) {
		return nil
	}
	return d.folder.Write(name, data)
}

func (d faulty) Sync(name string) error {
	if err := d.f.check("sync", name); err != nil {
		return err
	}
	return nil // durability is not what these tests look at, and it is most of their time
}

func (d faulty) Rename(from, to string) error {
	if err := d.f.check("rename", to); err != nil {
		return err
	}
	return d.folder.Rename(from, to)
}

func (d faulty) RemoveAll(name string) error {
	if err := d.f.check("remove", name); err != nil {
		return err
	}
	return d.folder.RemoveAll(name)
}

func (d faulty) Free() (int64, error) {
	if err := d.f.check("free", ""); err != nil {
		return 0, err
	}
	if d.f.free == 0 {
		return d.folder.Free()
	}
	return d.f.free - d.f.used(), nil
}

// inFrame reports whether the operation is on a picture of a clip.
func inFrame(name string) bool { return strings.Contains(name, "/frame_") }
