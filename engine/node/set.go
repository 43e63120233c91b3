package node

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Set is the kinds a program has. It is read-only and safe for concurrent use.
type Set struct {
	kinds  []Kind
	byName map[key]*Kind
}

type key struct {
	role Role
	name string
}

// DuplicateError says that a role has two kinds of one name.
type DuplicateError struct {
	Role Role
	Name string
}

// Error implements error.
func (e *DuplicateError) Error() string {
	return fmt.Sprintf("%s kind %q is in the set twice", e.Role, e.Name)
}

// NewSet returns the set of these kinds. It refuses duplicates and contracts without a name, a doc or an options schema.
func NewSet(kinds ...Kind) (*Set, error) {
	s := &Set{kinds: slices.Clone(kinds), byName: map[key]*Kind{}}
	slices.SortStableFunc(s.kinds, func(a, b Kind) int {
		if a.Contract.Role != b.Contract.Role {
			return int(a.Contract.Role) - int(b.Contract.Role)
		}
		return strings.Compare(a.Contract.Name, b.Contract.Name)
	})
	var errs []error
	name := regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	for i := range s.kinds {
		k := &s.kinds[i]
		c := &k.Contract
		switch {
		case !name.MatchString(c.Name):
			errs = append(errs, fmt.Errorf("%s kind %q: name must be lower case letters and digits", c.Role, c.Name))
		case c.Doc == "" || c.Options == "":
			errs = append(errs, fmt.Errorf("%s kind %q: contract lacks Doc or Options", c.Role, c.Name))
		case c.Role == RoleDetector && c.Emits == nil:
			errs = append(errs, fmt.Errorf("detector kind %q: contract lacks Emits", c.Name))
		case !k.Built() && c.Needs == "":
			errs = append(errs, fmt.Errorf("%s kind %q: is not built and its contract does not say what it needs", c.Role, c.Name))
		case s.byName[key{c.Role, c.Name}] != nil:
			errs = append(errs, &DuplicateError{c.Role, c.Name})
		default:
			s.byName[key{c.Role, c.Name}] = k
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// Kind returns the kind of that role and name.
func (s *Set) Kind(r Role, name string) (*Kind, bool) {
	k, ok := s.byName[key{r, name}]
	return k, ok
}

// Of returns the kinds of a role, by name.
func (s *Set) Of(r Role) []*Kind {
	var out []*Kind
	for i := range s.kinds {
		if s.kinds[i].Contract.Role == r {
			out = append(out, &s.kinds[i])
		}
	}
	return out
}
