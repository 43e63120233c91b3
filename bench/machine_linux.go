package bench

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// userHZ is the unit of /proc/stat: 100 on every architecture that Go runs on.
const userHZ = 100

// machineCPU is the busy time of all processors since the start, time stolen by a hypervisor included.
func machineCPU() (time.Duration, bool) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	f := strings.Fields(string(line))
	if len(f) < 9 || f[0] != "cpu" {
		return 0, false
	}
	var ticks int64
	for i, s := range f[1:9] { // user nice system idle iowait irq softirq steal
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, false
		}
		if i != 3 && i != 4 {
			ticks += n
		}
	}
	return time.Duration(ticks) * time.Second / userHZ, true
}

// ownCPU is what this process and its children have used, those that have ended too.
func ownCPU() time.Duration {
	total := childrenCPU()
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var r unix.Rusage
		if err := unix.Getrusage(who, &r); err != nil {
			return 0
		}
		total += time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	return total
}

// childrenCPU is what the children that live have used.
func childrenCPU() time.Duration {
	list, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	self, total := strconv.Itoa(os.Getpid()), time.Duration(0)
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		b, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has just ended
		}
		if f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])); len(f) < 2 || f[1] != self { // state, parent
			continue
		}
		var ts unix.Timespec
		if unix.ClockGettime(^int32(pid)<<3|2, &ts) == nil { // the clock of a process, as clock_getcpuclockid(3) makes it
			total += time.Duration(ts.Nano())
		}
	}
	return total
}

// die ends this process in the way of a detector that does, and does nothing for the others.
func die(w Work) {
	switch w {
	case Wait, Burn:
		return
	case Killed:
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	case Aborted:
		_ = unix.Kill(os.Getpid(), unix.SIGABRT)
	case Hoards:
		// A bound of its own, so that the machine survives; of addresses, of which a Go program reserves more than it uses.
		bound := unix.Rlimit{Cur: 3 << 30, Max: 3 << 30}
		if err := unix.Setrlimit(unix.RLIMIT_AS, &bound); err != nil {
			panic(err) // a failed run in place of a machine without memory
		}
		for all := [][]byte(nil); ; {
			all = append(all, make([]byte, 64<<20))
			runtime.KeepAlive(all)
		}
	}
	select {} // until the signal has come
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

func processor() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// load is the load average of the last minute, "" where it is not known.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	one, _, _ := strings.Cut(string(b), " ")
	return one
}
