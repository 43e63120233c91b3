package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// The rules by which clips go, as PolicyStatus.Removed names them.
const (
	byKeep     = "keep"
	byMaxBytes = "maxBytes"
	byMinFree  = "minFree"
)

// entry is one folder in an evidence folder.
type entry struct {
	created time.Time
	bytes   int64
	policy  string
	own     bool // a clip of this pipeline; all else is left alone
}

// index remembers what the manifests in one folder say, one entry a clip, so that a round of retention reads only the
// manifests that are new.
type index struct {
	entries    map[string]entry
	unreadable map[string]string // folders that are not clips, and why
	trash      map[string]bool   // temporary names of clips whose removal failed half way
}

func (r *Recorder) index(dir string) *index {
	x := r.disk.indexes[dir]
	if x == nil {
		x = &index{entries: map[string]entry{}, unreadable: map[string]string{}, trash: map[string]bool{}}
		r.disk.indexes[dir] = x
	}
	return x
}

func (x *index) add(name string, e entry) { x.entries[name] = e }

// refresh brings the index in line with the folder.
func (x *index) refresh(f folder, pipeline string) error {
	list, err := f.List()
	if err != nil {
		return err
	}
	there := make(map[string]bool, len(list))
	for _, d := range list {
		name := d.Name()
		if !d.IsDir() || strings.HasPrefix(name, ".") {
			continue
		}
		there[name] = true
		_, known := x.entries[name]
		_, bad := x.unreadable[name]
		if known || bad {
			continue
		}
		data, err := f.Read(name+"/"+ManifestName, maxManifest)
		var h header
		if err == nil {
			h, err = readHeader(data, name)
		}
		if err != nil {
			x.unreadable[name] = err.Error()
			continue
		}
		x.entries[name] = entry{h.created, h.Bytes + int64(len(data)), h.Policy, h.Pipeline == pipeline}
	}
	for name := range x.entries {
		if !there[name] {
			delete(x.entries, name)
		}
	}
	for name := range x.unreadable {
		if !there[name] {
			delete(x.unreadable, name)
		}
	}
	return nil
}

// governed returns the clips that the policy may remove, oldest first, and what they take: its own, and those of this
// pipeline whose policy no longer writes here. Two policies that share a folder never remove each other's.
func (r *Recorder) governed(x *index, p *Policy) (names []string, total int64) {
	r.mu.Lock()
	others := map[string]bool{}
	for id, s := range r.mu.policies {
		others[id] = id != p.ID && s.policy.Dir == p.Dir
	}
	r.mu.Unlock()
	for name, e := range x.entries {
		if e.own && !others[e.policy] {
			names = append(names, name)
			total += e.bytes
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if c := x.entries[a].created.Compare(x.entries[b].created); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return names, total
}

// Retain removes the clips that the policies' keep, maxBytes and minFree no longer allow, oldest first, and nothing that
// is not a clip of this pipeline with a manifest. now is wall time. It returns how many went and what went wrong. Policies
// whose last clip was lost are tried with a small file: where that works, Status no longer shows an error. It blocks on
// the disk; once a minute is often enough.
func (r *Recorder) Retain(now time.Time) (removed int, err error) {
	r.mu.Lock()
	var policies []Policy
	for _, s := range r.mu.policies {
		if !s.gone {
			policies = append(policies, s.policy)
		}
	}
	r.mu.Unlock()
	slices.SortFunc(policies, func(a, b Policy) int { return strings.Compare(a.ID, b.ID) })
	r.disk.Lock()
	defer r.disk.Unlock()
	var errs []error
	for i := range policies {
		n, err := r.retain(&policies[i], now)
		removed += n
		if err == nil {
			err = r.recovered(&policies[i])
		}
		if err != nil {
			err = explain(&policies[i], causeOf(err), err)
			errs = append(errs, err)
		}
		r.note(policies[i].ID, err)
	}
	return removed, errors.Join(errs...)
}

// recovered looks whether a folder that did not take a clip would take one again, so that a policy need not wait for the
// next event to be well. It looks only where there is an error.
func (r *Recorder) recovered(p *Policy) error {
	r.mu.Lock()
	s := r.mu.policies[p.ID]
	ill := s != nil && s.err != ""
	r.mu.Unlock()
	if !ill {
		return nil
	}
	return r.probe(p)
}

// note sets or clears what a policy has to say for itself.
func (r *Recorder) note(policy string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.mu.policies[policy]
	switch {
	case s == nil:
	case err == nil:
		s.err = ""
	default:
		s.err = err.Error()
	}
}

func (r *Recorder) retain(p *Policy, now time.Time) (removed int, err error) {
	f, err := r.openFolder(p.Dir)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()
	x := r.index(p.Dir)
	if err := x.refresh(f, r.pipeline); err != nil {
		return 0, err
	}
	if err := x.empty(f); err != nil {
		return 0, err
	}
	names, total := r.governed(x, p)
	for len(names) > 0 {
		rule, err := overdue(f, p, x.entries[names[0]], now, total)
		if rule == "" || err != nil {
			return removed, err
		}
		total -= x.entries[names[0]].bytes
		if err := r.remove(f, p, names[0], rule); err != nil {
			return removed, err
		}
		names = names[1:]
		removed++
	}
	return removed, nil
}

// overdue returns the rule by which the policy's oldest clip has to go, or "".
func overdue(f folder, p *Policy, oldest entry, now time.Time, total int64) (string, error) {
	if p.Keep > 0 && now.Sub(oldest.created) > p.Keep {
		return byKeep, nil
	}
	if p.MaxBytes > 0 && total > p.MaxBytes {
		return byMaxBytes, nil
	}
	if p.MinFree > 0 {
		low, err := lacks(f, p.MinFree)
		if err != nil || !low {
			return "", err
		}
		return byMinFree, nil
	}
	return "", nil
}

// lacks reports whether less than want bytes are free; never where the system does not tell.
func lacks(f folder, want int64) (bool, error) {
	free, err := f.Free()
	if errors.Is(err, errors.ErrUnsupported) {
		return false, nil
	}
	return err == nil && free < want, err
}

// remove takes a clip away: under its name it is whole or not there at all, also after a power cut.
func (r *Recorder) remove(f folder, p *Policy, name, rule string) error {
	tmp := tmpPrefix + name
	x := r.index(p.Dir)
	if err := f.Rename(name, tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove clip %s: %w", name, err)
	}
	delete(x.entries, name)
	x.trash[tmp] = true
	if err := x.empty(f); err != nil {
		return fmt.Errorf("remove clip %s: %w", name, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.mu.policies[p.ID]; s != nil {
		s.removed[rule]++
	}
	return nil
}

// empty removes what an earlier removal left behind.
func (x *index) empty(f folder) error {
	for name := range x.trash {
		if err := f.RemoveAll(name); err != nil {
			return err
		}
		delete(x.trash, name)
	}
	return nil
}

// makeRoom removes the policy's oldest clips until one of need bytes fits into maxBytes and leaves minFree.
func (r *Recorder) makeRoom(f folder, p *Policy, need int64) error {
	if p.MaxBytes == 0 && p.MinFree == 0 {
		return nil
	}
	if p.MaxBytes > 0 && need > p.MaxBytes {
		return &dropError{CauseMaxBytes, fmt.Errorf("clip of %d bytes is more than maxBytes %d: raise maxBytes, or lower fps, quality, pre or post", need, p.MaxBytes)}
	}
	x := r.index(p.Dir)
	if err := x.refresh(f, r.pipeline); err != nil {
		return err
	}
	names, total := r.governed(x, p)
	for {
		low := false
		if p.MinFree > 0 {
			var err error
			if low, err = lacks(f, p.MinFree+need); err != nil {
				return err
			}
		}
		rule := byMinFree
		switch {
		case p.MaxBytes > 0 && total+need > p.MaxBytes:
			rule = byMaxBytes
		case !low:
			return nil
		case len(names) == 0:
			return &dropError{CauseMinFree, fmt.Errorf("a clip of %d bytes would leave less than minFree %d on the disk and no older clip is left to remove: free some space or lower minFree", need, p.MinFree)}
		}
		total -= x.entries[names[0]].bytes
		if err := r.remove(f, p, names[0], rule); err != nil {
			return err
		}
		names = names[1:]
	}
}
