// Package evidence keeps what cameras saw a moment ago and cuts clips out of it when an event confirms: pictures, a
// snapshot with boxes, and a manifest that says what was asked for, what was delivered and why they differ.
//
//	rec, err := evidence.New(evidence.Options{Pipeline: "demo", Run: run, Policies: policies, Cameras: cameras})
//	rec.Push("front", sample)                 // the encoder's goroutine, for every encoded picture
//	clip, err := rec.Open(evidence.Request{…}) // when an event confirms; the name goes into its record
//	done, wake := rec.Step(now)               // the evidence goroutine; writes what is complete
//
// The methods fall into two groups. Push, Open, Ended and the read-only ones touch no disk, hold a lock for microseconds
// and may be called from any goroutine, the live path included. Check, Sweep, Step, Flush and Retain work on the disk and
// take as long as it takes; they exclude each other, so one goroutine is to call them. Core time is an argument
// throughout; wall time is core time plus the epoch that a request carries. The package reads no clock, starts no
// goroutine, decides nothing about events and never deletes what it did not write.
//
// Memory is bounded by what it is given: a camera's ring holds at most CameraOptions.Bytes, and what a clip still needs
// after the ring has let go of it at most CameraOptions.Hold. While one clip is being written its samples stay alive,
// which is at most that much again for one camera at a time. Past these bounds a clip gets shorter and its manifest says
// so; nothing waits.
package evidence
