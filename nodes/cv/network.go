package cv

import (
	"errors"
	"fmt"
	"time"

	"rvo.dev/engine/node"
)

// defaultTimeout is how long a network camera may take to connect or to send a picture: longer than the key picture
// interval of most cameras, short enough that a dead one is seen soon.
const defaultTimeout = 5 * time.Second

// login is what a network camera's options say about who we are.
type login struct {
	URL, User string
	Password  *node.Secret
}

// target is an address with its credentials, and the forms of it that may be shown.
type target struct {
	url      string // with credentials: never shown
	user     string
	password string
	shown    string
}

// resolve reads the secret and composes the address. It is called at each connect, so that a changed secret is used.
func (l login) resolve(env node.Env) (target, error) {
	if l.Password != nil && l.User == "" {
		return target{}, errors.New("has a password and no user: give user too")
	}
	t := target{shown: redact(l.URL)}
	if l.User == "" {
		t.url = l.URL
		t.user, t.password = credentials(l.URL)
		return t, nil
	}
	t.user = l.User
	if l.Password != nil {
		p, err := env.Secret(*l.Password)
		if err != nil {
			return target{}, fmt.Errorf("%s: password: %w", t.shown, err)
		}
		t.password = p
	}
	t.url = address(l.URL, t.user, t.password)
	t.shown = redact(t.url, t.password)
	return t, nil
}

// clean returns err with everything secret removed from its text.
func (t target) clean(err error) error {
	text := err.Error()
	if clean := redact(text, t.password); clean != text {
		return errors.New(clean)
	}
	return err
}
