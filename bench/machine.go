package bench

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// Host is what a run was measured on.
type Host struct {
	Processor string
	Cores     int
	Kernel    string
	Go        string
	Revision  string // of the source, "" where the build does not tell
	Load      string // average of the minute before
}

// Machine returns the host this process runs on.
func Machine() Host {
	h := Host{Processor: processor(), Cores: runtime.NumCPU(), Kernel: kernel(), Go: runtime.Version(), Load: load()}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				h.Revision = s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return h
}

// String is the host in one line.
func (h Host) String() string {
	s := fmt.Sprintf("%s, %d cores, %s, %s", h.Processor, h.Cores, h.Kernel, h.Go)
	if h.Revision != "" {
		s += ", source " + h.Revision
	}
	if h.Load != "" {
		s += ", load average before " + h.Load
	}
	return s
}
