package enginetest

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"rvo.dev/engine/frame"
	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

func TestKinds(t *testing.T) {
	nodetest.Run(t, NewRecording().Kind())
	cams := NewCameras()
	for n := range 20 {
		cams.Feed("front").Push(Shot{PTS: time.Duration(n) * time.Second, Level: 7})
	}
	nodetest.Run(t, cams.LiveKind())
	if n := cams.Feed("front").Opens(); n != 3 {
		t.Errorf("%d openings were counted, want the suite's 3", n)
	}
}

func TestRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRecording()
		s := nodetest.OpenSink(t, r.Kind(), `{}`, nodetest.Env(t))
		put := func(n int) error {
			return s.Write(t.Context(), nodetest.Record(n), nodetest.Line(t, nodetest.Record(n)))
		}
		go func() {
			for n := range 3 {
				time.Sleep(time.Second)
				if err := put(n); err != nil {
					t.Error(err)
				}
			}
		}()
		began := time.Now()
		got, err := r.Wait(t.Context(), 2)
		if err != nil || len(got) != 2 || time.Since(began) != 2*time.Second || got[1].State != "updated" {
			t.Errorf("after %s there are %d records: %v", time.Since(began), len(got), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if got, err := r.Wait(ctx, 4); len(got) != 3 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting for a record that does not come gives %d records and %v", len(got), err)
		}

		full := errors.New("disk full")
		r.Fail(full)
		if err := put(3); !errors.Is(err, full) {
			t.Errorf("a delivery that is to fail gives %v", err)
		}
		r.Fail(nil)
		if err := put(3); err != nil || len(r.Records()) != 4 || r.Tries() != 5 || string(r.Lines()[3]) != string(nodetest.Line(t, nodetest.Record(3))) {
			t.Errorf("%d records of %d tries: %v", len(r.Records()), r.Tries(), err)
		}
		if err := s.Close(); err != nil || r.Open() != 0 {
			t.Errorf("close: %v, %d open", err, r.Open())
		}
		if err := errors.Join(put(4), s.Close()); !errors.Is(err, node.ErrClosed) || len(r.Records()) != 4 {
			t.Errorf("after the close: %v", err)
		}
	})
}

func TestCamera(t *testing.T) {
	cams := NewCameras()
	feed := cams.Feed("front")
	feed.Refuse(errors.New("no route"))
	if _, err := feed.Open(t.Context()); err == nil || feed.Opens() != 1 {
		t.Errorf("open gives %v after %d openings", err, feed.Opens())
	}
	feed.Refuse(nil)
	c := nodetest.OpenCamera(t, cams.Kind(), `{}`, nodetest.CameraEnv(t))
	if _, err := feed.Open(t.Context()); err == nil {
		t.Error("a second stream opens beside the first")
	}

	broken := errors.New("broken")
	feed.Push(Shot{Level: 9, PTS: time.Second}, Shot{Width: 2, Height: 1, Format: frame.Gray, Draw: func(p []byte) { p[1] = 5 }})
	feed.PushError(broken)
	feed.Push(Shot{PTS: frame.NoPTS, Capture: 12})
	feed.PushEnd()
	if f, err := c.Next(); err != nil || f.Width != 64 || f.Height != 48 || f.Pix()[100] != 9 || f.PTS != time.Second || f.Capture != 1e9 {
		t.Errorf("the first picture is %+v, %v", f, err)
	} else {
		f.Release()
	}
	if f, err := c.Next(); err != nil || f.Format != frame.Gray || string(f.Pix()) != "\x00\x05" {
		t.Errorf("the second picture is %+v, %v", f, err)
	} else {
		f.Release()
	}
	if _, err := c.Next(); !errors.Is(err, broken) {
		t.Errorf("instead of the error: %v", err)
	}
	if f, err := c.Next(); err != nil || f.PTS != frame.NoPTS || f.Capture != 12 {
		t.Errorf("the third picture is %+v, %v", f, err)
	} else {
		f.Release()
	}
	if _, err := c.Next(); !errors.Is(err, io.EOF) || feed.Shown() != 3 || feed.Left() != 0 {
		t.Errorf("at the end: %v, %d shown, %d left", err, feed.Shown(), feed.Left())
	}
	if !feed.IsOpen() {
		t.Error("the stream is not open")
	}
	c.Close()
	if feed.IsOpen() {
		t.Error("the stream is open after its Close")
	}
}

func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cams := NewCameras()
		feed := cams.Feed("front")
		c := nodetest.OpenCamera(t, cams.Kind(), `{}`, nodetest.CameraEnv(t))
		hang := feed.PushHang()
		feed.Push(Shot{Level: 1})
		ctx, cancel := context.WithCancel(t.Context())
		var err error
		returned := make(chan struct{})
		go func() {
			defer close(returned)
			_, err = c.Stream.Next(ctx, c.Pool)
		}()
		<-hang.Began()
		cancel()
		synctest.Wait()
		select {
		case <-returned:
			t.Fatal("a stream that hangs listens to its context")
		default:
		}
		hang.End()
		hang.End()
		<-returned
		if !errors.Is(err, context.Canceled) || feed.Left() != 1 {
			t.Errorf("after the hang: %v, %d left", err, feed.Left())
		}
	})
}

func TestFullFeedPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a feed that nobody reads takes pictures without end")
		}
	}()
	f := NewCameras().Feed("x")
	for range maxPushed + 1 {
		f.Push(Shot{})
	}
}
