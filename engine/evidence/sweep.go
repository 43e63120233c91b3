package evidence

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Check makes the policy's folder and proves that a file can be written there. The error says what to do.
func (r *Recorder) Check(policy string) error {
	r.mu.Lock()
	s := r.mu.policies[policy]
	var p Policy
	if s != nil {
		p = s.policy
	}
	r.mu.Unlock()
	if s == nil {
		return fmt.Errorf("evidence %q is not in the pipeline", policy)
	}
	r.disk.Lock()
	defer r.disk.Unlock()
	err := r.probe(&p)
	if err != nil {
		err = explain(&p, causeOf(err), err)
	}
	r.note(policy, err)
	return err
}

// probeName is a file that a check writes and removes; Sweep removes one that was left.
const probeName = tmpPrefix + "probe"

// probe writes a small file to the policy's folder. A disk that is below minFree fails as well, where no clip is left
// that could make room.
func (r *Recorder) probe(p *Policy) error {
	f, err := r.openFolder(p.Dir)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := f.RemoveAll(probeName); err != nil {
		return err
	}
	err = f.Write(probeName, []byte("rvo\n"))
	if err == nil {
		err = f.Sync(probeName)
	}
	if err = errors.Join(err, f.RemoveAll(probeName)); err != nil || p.MinFree == 0 {
		return err
	}
	if low, err := lacks(f, p.MinFree); err != nil || !low {
		return err
	}
	x := r.index(p.Dir)
	if err := x.refresh(f, r.pipeline); err != nil {
		return err
	}
	if names, _ := r.governed(x, p); len(names) > 0 {
		return nil
	}
	return fmt.Errorf("less than minFree %d is free on the disk and no clip is left to remove: free some space or lower minFree", p.MinFree)
}

// Swept is what Sweep found in one folder.
type Swept struct {
	Dir        string
	Removed    []string // clips that a crash or a power cut left unfinished
	Clips      int      // whole ones of this pipeline
	Unreadable []string // folders that are no clips of rvo, with the reason; they are left alone
}

// leftover is the temporary name of a clip: only such a folder is removed.
func leftover(name string) bool {
	return name == probeName ||
		regexp.MustCompile(`^\.tmp-[A-Za-z0-9][A-Za-z0-9_-]*_[0-9]{8}T[0-9]{6}\.[0-9]{3}Z_[0-9a-f]{12}$`).MatchString(name)
}

// Sweep removes what an earlier run left unfinished in the policies' folders. It is called once, before the first Step.
func (r *Recorder) Sweep() ([]Swept, error) {
	r.mu.Lock()
	dirs := map[string]*Policy{}
	for _, s := range r.mu.policies {
		dirs[s.policy.Dir] = &s.policy
	}
	r.mu.Unlock()
	r.disk.Lock()
	defer r.disk.Unlock()
	var out []Swept
	var errs []error
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		s, err := r.sweep(dir)
		if err != nil {
			errs = append(errs, explain(dirs[dir], causeOf(err), err))
		}
		out = append(out, s)
	}
	return out, errors.Join(errs...)
}

func (r *Recorder) sweep(dir string) (Swept, error) {
	s := Swept{Dir: dir}
	f, err := r.openFolder(dir)
	if err != nil {
		return s, err
	}
	defer func() { _ = f.Close() }()
	list, err := f.List()
	if err != nil {
		return s, err
	}
	var errs []error
	for _, d := range list {
		if !strings.HasPrefix(d.Name(), tmpPrefix) || !leftover(d.Name()) {
			continue
		}
		if err := f.RemoveAll(d.Name()); err != nil {
			errs = append(errs, err)
			continue
		}
		s.Removed = append(s.Removed, d.Name())
	}
	x := r.index(dir)
	errs = append(errs, x.refresh(f, r.pipeline))
	for _, e := range x.entries {
		if e.own {
			s.Clips++
		}
	}
	for name, why := range x.unreadable {
		s.Unreadable = append(s.Unreadable, name+": "+why)
	}
	slices.Sort(s.Removed)
	slices.Sort(s.Unreadable)
	return s, errors.Join(errs...)
}
