package onnx

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
	"rvo.dev/engine/signal"
	"rvo.dev/nodes/model"
)

// slow is a runtime whose networks take 10 ms a run, note how many pictures each has, and say of each picture what its first
// pixel is: a box at that row.
type slow struct {
	most int  // pictures that it takes at once; more is an error
	mix  bool // of several pictures it says of each what the first is
	mu   sync.Mutex
	runs []int
	fail atomic.Value // "error" or "panic": runs end so
	busy atomic.Int32
}

func (*slow) Name() string { return "slow" }
func (*slow) Load() error  { return nil }
func (s *slow) Open(model.Files, model.Options) (model.Network, error) {
	return s, nil
}
func (s *slow) NewSession() (model.Session, error) { return s, nil }
func (*slow) Close() error                         { return nil }

func (s *slow) Run(in model.Tensor) ([]model.Tensor, error) {
	if s.busy.Add(1) > 1 {
		return nil, errors.New("two runs at once")
	}
	defer s.busy.Add(-1)
	time.Sleep(10 * time.Millisecond)
	n := in.Shape[0]
	if n > s.most {
		return nil, fmt.Errorf("%d pictures", n)
	}
	switch s.fail.Load() {
	case "error":
		return nil, errors.New("the network broke")
	case "panic":
		panic("the network broke")
	}
	s.mu.Lock()
	s.runs = append(s.runs, n)
	s.mu.Unlock()
	out := model.Tensor{Name: "output", Shape: []int{n, 84, 7}, Data: make([]float32, n*84*7)}
	for i := range n {
		at := int(in.Data[i*len(in.Data)/n]) % 64 // by the first number of a picture
		if s.mix {
			at = int(in.Data[0]) % 64
		}
		copy(out.Data[(i*84+at)*7:], []float32{0.5, 0.5, 0, 0, 0.9, 1, 0})
	}
	return []model.Tensor{out}, nil
}

// cameras are instances of one batching detector.
type cameras struct {
	t     *testing.T
	s     *slow
	model node.Model
	pool  *frame.Pool
	insts []node.Instance
}

func newCameras(t *testing.T, s *slow, n int, batch string) *cameras {
	t.Helper()
	k := Kind(Runtimes{ORT: s})
	options := `{"model": "` + network(t) + `", "labels": ["cat", "dog"], "batch": ` + batch + `}`
	m, err := k.OpenDetector(t.Context(), nodetest.DetectorEnv(t), []byte(options))
	if err != nil {
		t.Fatal(err)
	}
	c := &cameras{t: t, s: s, model: m, pool: frame.NewPool(frame.PoolOptions{Slabs: n})}
	for range n {
		i, err := m.NewInstance(t.Context(), node.InstanceEnv{})
		if err != nil {
			t.Fatal(err)
		}
		c.insts = append(c.insts, i)
	}
	s.runs = nil // what was run to warm up
	return c
}

func (c *cameras) close() {
	for _, i := range c.insts {
		if err := i.Close(); err != nil {
			c.t.Error(err)
		}
	}
	if err := c.model.Close(); err != nil {
		c.t.Error(err)
	}
	c.pool.Close()
}

// look makes one run of a camera on a picture of one value and returns which value the network saw, -1 for none.
func (c *cameras) look(ctx context.Context, camera int, value byte) (saw int, err error) {
	f := nodetest.Picture(c.t, c.pool, frame.BGR, 64, 64, 0, func(int, int) byte { return value })
	defer f.Release()
	emits, err := model.Emits(nil)
	if err != nil {
		return -1, err
	}
	run := node.NewRun(emits)
	run.Frames = append(run.Frames, f)
	if err := c.insts[camera].Detect(ctx, run); err != nil {
		return -1, err
	}
	for _, o := range run.Outputs() {
		if emits[o.Index].Type == signal.TypeBoxes {
			b := o.Value.AsBoxes()[0]
			return int(b.Y*8+0.5)*8 + int(b.X*8+0.5), nil
		}
	}
	return -1, errors.New("no boxes")
}

// sizes returns how many pictures each run had since the last call.
func (c *cameras) sizes() []int {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	out := c.s.runs
	c.s.runs = nil
	return out
}

// TestBatch: runs that come together are computed together, each gets its own answer, and the first waits for as long as it was
// told, and no longer than until there is no more room.
func TestBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCameras(t, &slow{most: 8}, 8, `{"max": 8, "wait": "20ms"}`)
		defer c.close()
		together := func(n int) (took time.Duration) {
			began := time.Now()
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					if saw, err := c.look(t.Context(), i, byte(7*i)); err != nil || saw != 7*i {
						t.Errorf("camera %d saw %d, %v, want %d", i, saw, err, 7*i)
					}
				})
			}
			wg.Wait()
			return time.Since(began)
		}
		for _, x := range []struct {
			n    int
			took time.Duration
			runs []int
		}{
			{8, 10 * time.Millisecond, []int{8}}, // full at once
			{1, 30 * time.Millisecond, []int{1}}, // waits for others in vain
			{7, 50 * time.Millisecond, []int{4, 2, 1}},
			{5, 40 * time.Millisecond, []int{4, 1}},
		} {
			if took := together(x.n); took != x.took {
				t.Errorf("%d pictures took %v, want %v", x.n, took, x.took)
			}
			if got := c.sizes(); !slices.Equal(got, x.runs) {
				t.Errorf("%d pictures were computed in runs of %v, want %v", x.n, got, x.runs)
			}
		}
	})
}

// TestBatchGathersWhileOneIsComputed: what comes meanwhile is the next batch, which needs no wait of its own.
func TestBatchGathersWhileOneIsComputed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCameras(t, &slow{most: 8}, 8, `{"max": 4, "wait": "5ms"}`)
		defer c.close()
		began := time.Now()
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if i >= 4 {
					time.Sleep(time.Duration(i-3) * time.Millisecond)
				}
				if saw, err := c.look(t.Context(), i, byte(i)); err != nil || saw != i {
					t.Errorf("camera %d saw %d, %v", i, saw, err)
				}
			})
		}
		wg.Wait()
		if took, got := time.Since(began), c.sizes(); took != 20*time.Millisecond || !slices.Equal(got, []int{4, 4}) {
			t.Errorf("two batches took %v in runs of %v, want 20ms in two runs of 4", took, got)
		}
	})
}

// TestBatchWithoutItsFirst: whoever began a batch may be given up; the others are answered all the same, and his picture is not
// computed.
func TestBatchWithoutItsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCameras(t, &slow{most: 4}, 3, `{"max": 4, "wait": "20ms"}`)
		defer c.close()
		var wg sync.WaitGroup
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
			defer cancel()
			if _, err := c.look(ctx, 0, 1); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a run without time ended with %v", err)
			}
		})
		for i := 1; i < 3; i++ {
			wg.Go(func() {
				time.Sleep(time.Millisecond)
				if saw, err := c.look(t.Context(), i, byte(i)); err != nil || saw != i {
					t.Errorf("camera %d saw %d, %v", i, saw, err)
				}
			})
		}
		wg.Wait()
		if got := c.sizes(); !slices.Equal(got, []int{2}) {
			t.Errorf("two pictures of three were computed in runs of %v, want one of 2", got)
		}
		// Nor is anything left of it for the next.
		if saw, err := c.look(t.Context(), 0, 9); err != nil || saw != 9 {
			t.Errorf("after it the camera saw %d, %v", saw, err)
		}
	})
}

// TestBatchFails: all of a batch hear of its error or panic, and the next is computed.
func TestBatchFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCameras(t, &slow{most: 2}, 2, `{"max": 2}`)
		defer c.close()
		for _, x := range []struct {
			fail         string
			failed, died int64
		}{{"error", 2, 0}, {"panic", 1, 1}, {"", 0, 0}} {
			c.s.fail.Store(x.fail)
			var failed, died atomic.Int64
			var wg sync.WaitGroup
			for i := range 2 {
				wg.Go(func() {
					defer func() {
						if recover() != nil {
							died.Add(1)
						}
					}()
					if _, err := c.look(t.Context(), i, 1); err != nil {
						failed.Add(1)
					}
				})
			}
			wg.Wait()
			if failed.Load() != x.failed || died.Load() != x.died {
				t.Errorf("%q: %d of two runs failed and %d panicked, want %d and %d", x.fail, failed.Load(), died.Load(), x.failed, x.died)
			}
		}
	})
}

// TestBatchLaw: whatever comes when, and is given up when, each run that was not given up sees its own picture, no batch is
// larger than it may be, and the network is never run twice at once.
func TestBatchLaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const seed, n, most = 3, 12, 4
		c := newCameras(t, &slow{most: most}, n, `{"max": 4, "wait": "7ms"}`)
		defer c.close()
		r := rand.New(rand.NewPCG(seed, seed))
		var wg sync.WaitGroup
		var answered, givenUp atomic.Int64
		for i := range n {
			type try struct{ pause, limit time.Duration }
			var tries []try
			for range 40 {
				tries = append(tries, try{time.Duration(r.IntN(30)) * time.Millisecond, time.Duration(1+r.IntN(80)) * time.Millisecond})
			}
			wg.Go(func() {
				for k, x := range tries {
					time.Sleep(x.pause)
					ctx, cancel := context.WithTimeout(t.Context(), x.limit)
					want := (i*5 + k) % 64
					saw, err := c.look(ctx, i, byte(want))
					cancel()
					switch {
					case errors.Is(err, context.DeadlineExceeded):
						givenUp.Add(1)
					case err != nil || saw != want:
						t.Errorf("seed %d, camera %d, run %d saw %d, %v, want %d", seed, i, k, saw, err, want)
					default:
						answered.Add(1)
					}
				}
			})
		}
		wg.Wait()
		computed := 0
		for _, size := range c.sizes() {
			if computed += size; size > most {
				t.Errorf("a run of %d pictures", size)
			}
		}
		if answered.Load()+givenUp.Load() != 40*n || int64(computed) < answered.Load() || answered.Load() == 0 || givenUp.Load() == 0 {
			t.Errorf("%d answered and %d given up of %d, %d computed", answered.Load(), givenUp.Load(), 40*n, computed)
		}
	})
}

// TestBatchRefused: what cannot be is said when the detector is opened.
func TestBatchRefused(t *testing.T) {
	file := network(t)
	with := func(batch string) string {
		return `{"model": "` + file + `", "labels": ["cat", "dog"], "batch": ` + batch + `}`
	}
	nodetest.Run(t, Kind(Runtimes{ORT: &slow{most: 2}}),
		nodetest.Case{Name: "two", Options: with(`{"max": 2}`)},
		nodetest.Case{Name: "the network cannot", Options: with(`{"max": 8}`), Refused: "cannot take 4 pictures at once: 4 pictures"},
		nodetest.Case{Name: "one", Options: with(`{"max": 1}`), Refused: "max must be from 2 to 64"},
	)
	nodetest.Run(t, Kind(Runtimes{ORT: &slow{most: 2, mix: true}}), nodetest.Case{
		Name: "the network mixes pictures", Options: with(`{"max": 2}`), Refused: "it gives for picture 2 of them what it does not give for it alone",
	})
	text := filepath.Join(t.TempDir(), "net.cfg")
	if err := os.WriteFile(text, []byte("[net]\nwidth=64\nheight=64\nchannels=3\n[yolo]\nclasses=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Kind(Runtimes{}).Contract
	darknet := `{"model": "` + text + `", "config": "` + text + `", "batch": {"max": 2}}`
	if option, err := c.Probe(nodetest.Env(t), []byte(darknet)); option != "batch" || err == nil {
		t.Errorf("vet says of a Darknet network with batch: %q, %v", option, err)
	}
	if option, err := c.Probe(nodetest.Env(t), []byte(with(`{"max": 2}`))); err != nil {
		t.Errorf("vet says of a network with batch: %q, %v", option, err)
	}
	if !c.BlockingWith([]byte(with(`{"max": 2}`))) || c.BlockingWith([]byte(`{"model": "x"}`)) {
		t.Error("with batch, and only then, a run takes no CPU slot")
	}
}
