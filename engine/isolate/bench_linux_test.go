package isolate

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/nodes/cv"
	"rvo.dev/nodes/detect/dummy"
	"rvo.dev/nodes/detect/motion"
)

// BenchmarkDetect makes every run twice, in this process and in one of its own, in turns, and reports the difference: wall
// time at the median and the 99th percentile, and processor time of both processes together.
func BenchmarkDetect(b *testing.B) {
	kinds := map[string]node.Kind{"dummy": dummy.Kind(), "motion": motion.Kind()}
	for _, k := range cv.Kinds() {
		if k.Contract.Name == "hog" && k.Built() {
			kinds["hog"] = k
		}
	}
	for _, c := range []struct {
		name, kind string
		w, h       int
	}{
		{"dummy-640x480", "dummy", 640, 480}, // does nothing: the way there and back
		{"motion-640x480", "motion", 640, 480}, {"motion-1920x1080", "motion", 1920, 1080}, {"hog-640x480", "hog", 640, 480},
	} {
		if k, ok := kinds[c.kind]; ok {
			b.Run(c.name, func(b *testing.B) { inTurns(b, k, c.w, c.h) })
		}
	}
}

func inTurns(b *testing.B, k node.Kind, w, h int) {
	b.Helper()
	r := newRig(b)
	inside, err := k.OpenDetector(b.Context(), r.env, []byte("{}"))
	if err != nil {
		b.Fatal(err)
	}
	outside := r.model(k, "{}")
	first, second := r.instance(inside, "front"), r.instance(outside, "front")
	defer r.close(outside, second)
	defer func() {
		if err := first.Close(); err != nil {
			b.Error(err)
		}
	}()
	child := outside.mu.proc.cmd.Process.Pid
	emits, _ := k.Contract.Emits([]byte("{}"))
	run := node.NewRun(emits)
	one := func(i node.Instance) (wall, cpu time.Duration) {
		// A picture of its own for each, as the first view that is made is a part of the run.
		f := nodetest.Picture(b, r.pool, frame.BGR, w, h, 0, func(x, y int) byte { return byte(x ^ y) })
		defer f.Release()
		run.Reset()
		run.Frames = append(run.Frames, f)
		busy, begin := processor(b, 0)+processor(b, child), time.Now()
		if err := i.Detect(b.Context(), run); err != nil {
			b.Fatal(err)
		}
		return time.Since(begin), processor(b, 0) + processor(b, child) - busy
	}
	one(first)
	one(second)
	var in, out []time.Duration
	var cpuIn, cpuOut time.Duration
	b.ReportAllocs()
	for b.Loop() {
		wall, cpu := one(first)
		in, cpuIn = append(in, wall), cpuIn+cpu
		wall, cpu = one(second)
		out, cpuOut = append(out, wall), cpuOut+cpu
	}
	slices.Sort(in)
	slices.Sort(out)
	us := func(d time.Duration) float64 { return float64(d) / 1e3 }
	at := func(l []time.Duration, percent int) time.Duration { return l[(len(l)-1)*percent/100] }
	b.ReportMetric(us(at(in, 50)), "in-p50-us")
	b.ReportMetric(us(at(out, 50)), "out-p50-us")
	b.ReportMetric(us(at(out, 50)-at(in, 50)), "extra-p50-us")
	b.ReportMetric(us(at(out, 99)-at(in, 99)), "extra-p99-us")
	b.ReportMetric(us((cpuOut-cpuIn)/time.Duration(len(in))), "extra-cpu-us")
}

// processor returns the processor time of a process, 0 for this one.
func processor(b *testing.B, pid int) time.Duration {
	b.Helper()
	clock := int32(unix.CLOCK_PROCESS_CPUTIME_ID)
	if pid != 0 {
		clock = ^int32(pid)<<3 | 2 // as clock_getcpuclockid(3) makes it
	}
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
