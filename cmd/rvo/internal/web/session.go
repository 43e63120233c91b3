package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// sessionCookie is what a browser shows instead of the token after a login.
	sessionCookie = "rvo_session"
	// sessionLife is how long a login lasts: a shift.
	sessionLife = 12 * time.Hour
)

// sessions makes and checks what a login leaves in a browser: an end and a hash of it, keyed with the token. Nothing is kept, so
// logins survive a restart of the program, need no memory, and end when the token changes.
type sessions struct{ key [sha256.Size]byte }

func newSessions(token string) sessions {
	// Not the token's own hash, which the guard compares with.
	return sessions{sha256.Sum256([]byte("rvo session " + token))}
}

// value returns what a session that ends then is known by.
func (s *sessions) value(end time.Time) string {
	text := strconv.FormatInt(end.Unix(), 10)
	return text + "." + hex.EncodeToString(s.sum(text))
}

func (s *sessions) sum(text string) []byte {
	h := hmac.New(sha256.New, s.key[:])
	h.Write([]byte(text))
	return h.Sum(nil)
}

// valid reports whether a value is of a session that has not ended.
func (s *sessions) valid(value string, now time.Time) bool {
	text, sum, ok := strings.Cut(value, ".")
	if !ok {
		return false
	}
	got, err := hex.DecodeString(sum)
	if err != nil || !hmac.Equal(got, s.sum(text)) {
		return false
	}
	end, err := strconv.ParseInt(text, 10, 64)
	return err == nil && now.Unix() < end
}

// cookie returns the cookie of a session, or with an empty value the one that ends it. It is for this host alone, no script
// reads it, and pages of other sites do not send it.
func (s *sessions) cookie(r *http.Request, value string) *http.Cookie {
	c := &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: int(sessionLife.Seconds()), HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
