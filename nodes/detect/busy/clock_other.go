//go:build !linux

package busy

import "time"

// threadTime returns wall time: the thread's own clock is not to be had here.
func threadTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
