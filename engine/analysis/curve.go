package analysis

import "time"

// curve says how closely runs can follow one another: from the first to the k-th start passes at least
// (k-1)·period - jitter. It is the event model of Richter's compositional analysis with the distance function on top.
type curve struct {
	period, jitter time.Duration
}

// curves are bounds that all hold.
type curves []curve

// starts is how many starts can lie within a closed window.
func (cs curves) starts(window time.Duration) int64 {
	n := int64(unlimited)
	for _, c := range cs {
		n = min(n, int64((window+c.jitter)/c.period)+1)
	}
	return n
}

// distance is the shortest time from the first to the k-th start.
func (cs curves) distance(k int64) time.Duration {
	d := time.Duration(0)
	for _, c := range cs {
		d = max(d, time.Duration(k-1)*c.period-c.jitter)
	}
	return d
}

// unlimited is more runs than any window holds.
const unlimited = 1 << 40

// work is how much of a closed window at most runs of cost can fill that start no closer than the curves allow, of which
// no more than limit count, were there a slot for each at once. A run that began before the window is cut: the window is laid so that this, too, is the most.
func (cs curves) work(window, cost time.Duration, limit int64) time.Duration {
	n := min(cs.starts(window), limit)
	most := saturate(n, cost)
	if n < limit {
		if early := cs.distance(n+1) - window; early < cost {
			most = max(most, saturate(n+1, cost)-early)
		}
	}
	return most
}

// saturate multiplies without running over.
func saturate(n int64, d time.Duration) time.Duration {
	if d > 0 && n > int64(2*horizon/d) {
		return 2 * horizon
	}
	return time.Duration(n) * d
}

// horizon is the longest wait that is looked for: past it nobody would call it a bound.
const horizon = time.Hour
