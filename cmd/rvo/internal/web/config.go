package web

import (
	"encoding/json"
	"net/http"
)

// running tells the pipeline that runs. Who proves to have the token is told, in hashes keyed with it, whether credentials are
// the same as theirs; anybody else on this machine must not be able to try passwords on them.
func running(c *Config, g *guard) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var key []byte
		if g.hasToken && g.authorized(r) {
			key = []byte(c.Token)
		}
		p, err := c.Pipeline(key)
		if err != nil {
			http.Error(w, "the running pipeline cannot be told", http.StatusInternalServerError)
			c.Log.Error("running pipeline", "error", err)
			return
		}
		body, err := json.Marshal(p)
		if err != nil {
			http.Error(w, "the running pipeline cannot be told", http.StatusInternalServerError)
			c.Log.Error("running pipeline as JSON", "error", err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(append(body, '\n'))
	}
}
