package web

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rvo.dev/dsl/plan"
	"rvo.dev/engine/analysis"
)

// TestConfig: the running pipeline is told to everybody on this machine, and the key to who has it.
func TestConfig(t *testing.T) {
	for name, tc := range map[string]struct {
		server, sent, key string
	}{
		"no token":       {},
		"token not sent": {server: token},
		"token sent":     {server: token, sent: token, key: token},
		"wrong token":    {server: token, sent: "fedcba9876543210fedcba9876543210"},
		"none to have":   {sent: token},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := config(t)
			c.Token, c.Log = tc.server, slog.New(slog.DiscardHandler)
			given := "never asked"
			c.Pipeline = func(key []byte) (*plan.Running, error) {
				given = string(key)
				return &plan.Running{Schema: plan.ConfigSchema, Side: plan.Side{Pipeline: "gate", Load: &analysis.Report{}}, Source: "a: <b>"}, nil
			}
			r := httptest.NewRequest(http.MethodGet, ConfigPath, nil)
			r.Host = "127.0.0.1:9090"
			if tc.sent != "" {
				r.Header.Set("Authorization", "Bearer "+tc.sent)
			}
			w := httptest.NewRecorder()
			serve(c, "127.0.0.1").ServeHTTP(w, r)
			if w.Code != http.StatusOK || given != tc.key {
				t.Fatalf("%d, key %q, want %q: %s", w.Code, given, tc.key, w.Body)
			}
			got, err := plan.ParseRunning(w.Body.Bytes())
			if err != nil || got.Pipeline != "gate" || got.Source != "a: <b>" {
				t.Errorf("%+v, %v", got, err)
			}
			if !json.Valid(w.Body.Bytes()) || w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s of %s", w.Header(), w.Body)
			}
		})
	}
}

// TestConfigFails: why the pipeline cannot be told is in the log, since a library may have put anything into it.
func TestConfigFails(t *testing.T) {
	c, _ := config(t)
	c.Log = slog.New(slog.DiscardHandler)
	c.Pipeline = func([]byte) (*plan.Running, error) { return nil, errors.New("hunter2") }
	r := httptest.NewRequest(http.MethodGet, ConfigPath, nil)
	r.Host = "127.0.0.1:9090"
	w := httptest.NewRecorder()
	serve(c, "127.0.0.1").ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d: %s", w.Code, w.Body)
	}
}
