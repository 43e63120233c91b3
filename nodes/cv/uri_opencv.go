//go:build cgo && opencv

package cv

/*
#include <stdlib.h>
#include "shim.h"
*/
import "C"

import (
	"context"
	"errors"
	"time"
	"unsafe"
)

// turnLimit is how long a turn is waited for: two cameras of defaultTimeout that answer and then give no picture. With the
// connection before it and the opening after it that is within the time that a camera has to come up.
const turnLimit = 2 * defaultTimeout

// errOthers is why an open was given up before its turn.
var errOthers = errors.New("other cameras were connecting all the time, which OpenCV does one after the other: it is tried again")

// errOpen is why OpenCV did not open something: it does not say.
var errOpen = errors.New("cannot be opened")

// open opens a file or a URL through FFmpeg. OpenCV 4.6 lets nobody in beside it anyway, without a bound, and takes FFmpeg's options
// from the environment of the process: what one needs is wrong for another. Those that wait have their turns in the order in which
// they came.
//
// Opening and every read end after timeout with a failure; 0 leaves OpenCV's 30 s. options is what FFmpeg is told beside what the
// user's environment says, empty for nothing. The error is errOpen where OpenCV was asked, and does not name the URI.
func (t turns) open(ctx context.Context, uri, options string, timeout time.Duration) (*capture, error) {
	wait, cancel := context.WithTimeoutCause(ctx, turnLimit, errOthers)
	defer cancel()
	select {
	case t <- struct{}{}:
	case <-wait.Done():
		return nil, context.Cause(wait)
	}
	defer func() { <-t }()
	if timeout > 0 {
		timeout = bound(ctx, timeout)
	}
	u, o := C.CString(uri), C.CString(options)
	defer C.free(unsafe.Pointer(u))
	defer C.free(unsafe.Pointer(o))
	var err *C.char
	p := C.rvo_capture_uri(u, o, C.int(timeout.Milliseconds()), &err)
	if p == nil {
		_ = take(err) // it has none of FFmpeg's reasons
		return nil, errOpen
	}
	return &capture{p}, nil
}
