package node

// Failure is an error of a run that can be counted: where it happened and why, in words of lists that a kind has fixed. An
// engine counts the failures of a detector by both.
type Failure struct {
	Hop   string // on the way of the picture and its answer, such as "server"
	Cause string // such as "deadline"
	Err   error
}

// Error returns the error's text.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the error itself.
func (f *Failure) Unwrap() error { return f.Err }
