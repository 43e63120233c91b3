package cli

import "rvo.dev/engine/redact"

// The exit codes of every command.
const (
	// ExitOK means that all went well; a run that was asked to stop too.
	ExitOK = 0
	// ExitFindings means that the pipeline has faults: vet found errors, run refused it.
	ExitFindings = 1
	// ExitCannotRun means that the command could not do its work: wrong use, a file or port that cannot be had, a kind
	// that is not in the build, an evaluation that was given up.
	ExitCannotRun = 2
	// ExitChanges means that plan found a difference, where it was asked to say so with its code.
	ExitChanges = 3
	// ExitNow means that a second signal ended a run before it had drained: 128 and SIGINT's number, as shells count.
	ExitNow = 130
)

// exitError is an error that says which code to exit with. Its text may be empty when all was said already.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// Unwrap returns the cause.
func (e *exitError) Unwrap() error { return e.err }

// quiet ends a command with a code when everything was said already.
func quiet(code int) error { return &exitError{code: code} }

// redactLines is the last door of errors to the terminal: a library may have put a camera's password into one.
func redactLines(s string) string { return redact.Text(s) }
