package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// asksLimit bounds how long a script waits for an answer that has a text in it: long enough for a machine that is busy.
const asksLimit = 30 * time.Second

// asks ADDR METHOD PATH [BODY] [until=TEXT] asks a server with the token in the file token, where there is one, and prints status,
// type and body of the answer, for stdout to be compared. With until= it asks again until the answer has the text.
func asks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: asks ADDR METHOD PATH [BODY] [until=TEXT]")
	}
	addr, method, path := args[0], args[1], args[2]
	body, until := "", ""
	for _, a := range args[3:] {
		if text, ok := strings.CutPrefix(a, "until="); ok {
			until = text
		} else {
			body = a
		}
	}
	token, err := os.ReadFile(ts.MkAbs("token"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		ts.Check(err)
	}
	ask := func() string {
		r, err := http.NewRequest(method, "http://"+addr+path, strings.NewReader(body))
		ts.Check(err)
		r.Header.Set("Content-Type", "application/json")
		if len(token) > 0 {
			r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
		}
		resp, err := http.DefaultClient.Do(r)
		ts.Check(err)
		defer func() { _ = resp.Body.Close() }()
		data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		ts.Check(err)
		return fmt.Sprintf("%d %s\n%s\n", resp.StatusCode, resp.Header.Get("Content-Type"), data)
	}
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		got := ask()
		if strings.Contains(got, until) {
			_, _ = io.WriteString(ts.Stdout(), got)
			return
		}
		if time.Since(begin) > asksLimit {
			ts.Fatalf("no %q in\n%s", until, got)
		}
	}
}
