// Package analysis says before a pipeline runs how much of the machine it takes and how late what it finds can be.
//
//	report := analysis.Analyze(g, analysis.Options{Slots: 4})
//	report.Instances[0].Response // from a picture's capture to the signal in the core
//	report.Events[0].Latency     // from "true in front of the camera" to the confirmed event
//
// The bounds are of the scheduler of engine/sched as it is, under the assumptions of MODEL.md beside this file: they are
// checked against simulations of that very core. Where there is no bound the report says why, and which rate is left.
// Every number knows whether it was given, measured or assumed. The package is pure: it reads no clock, opens nothing and
// starts no goroutine.
package analysis
