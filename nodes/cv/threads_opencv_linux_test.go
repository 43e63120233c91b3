//go:build cgo && opencv

package cv

import (
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rvo.dev/engine/node/nodetest"
)

// BenchmarkThreads is what OpenCV's own threads do to others: as many detectors (hog) as there are cores, each on a lowered
// thread as on a CPU slot, and beside them a goroutine that waits for a timer 500 times a second, as the core does. OpenCV has
// one thread for each call, as rvo sets it, or as many as there are cores, as it does itself: those are not lowered.
func BenchmarkThreads(b *testing.B) {
	before := threads()
	defer func() {
		if err := setThreads(before); err != nil {
			b.Error(err)
		}
	}()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2*runtime.NumCPU() + 1)) // as engine.Tune
	for _, n := range []int{1, runtime.NumCPU()} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			if err := setThreads(n); err != nil {
				b.Fatal(err)
			}
			benchBeside(b)
		})
	}
}

// benchBeside runs detectors on slots and tells how late a timer is meanwhile.
func benchBeside(b *testing.B) {
	b.Helper()
	s, err := openClip(b, media(b, "vtest.avi"), true)
	if err != nil {
		b.Fatal(err)
	}
	f, err := s.Next(b.Context(), newPool(b, 1))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Release()
	f.SmallLuma()
	f.Luma()
	var wg sync.WaitGroup
	var over atomic.Bool
	var looks atomic.Int64
	for range runtime.NumCPU() {
		d := nodetest.OpenDetector(b, kind(b, "hog"), `{}`, nodetest.DetectorEnv(b))
		wg.Go(func() {
			runtime.LockOSThread() // and never unlocked: the lowered thread ends here
			if err := unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), 5); err != nil {
				b.Error(err)
			}
			for !over.Load() {
				d.Must(f)
				looks.Add(1)
			}
		})
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		b.Fatal(err)
	}
	timer := os.NewFile(uintptr(fd), "timerfd")
	const period = 2 * time.Millisecond
	var late []time.Duration
	var buf [8]byte
	b.ReportAllocs()
	for b.Loop() {
		due := time.Now().Add(period)
		if err := unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(period))}, nil); err != nil {
			b.Fatal(err)
		}
		if _, err := timer.Read(buf[:]); err != nil || binary.NativeEndian.Uint64(buf[:]) == 0 {
			b.Fatal(err)
		}
		late = append(late, time.Since(due))
	}
	took := b.Elapsed()
	over.Store(true)
	wg.Wait()
	slices.Sort(late)
	b.ReportMetric(float64(looks.Load())/took.Seconds(), "frames/s")
	b.ReportMetric(float64(late[len(late)/2].Microseconds()), "late-p50-us")
	b.ReportMetric(float64(late[len(late)*99/100].Microseconds()), "late-p99-us")
	if err := timer.Close(); err != nil {
		b.Fatal(err)
	}
}
