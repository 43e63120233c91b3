package engine

import (
	"context"

	"rvo.dev/engine/queue"
)

// FeedBound is how many event records wait for who shows them: a burst of every event of a large site.
const FeedBound = 4096

// feed is the event records for who shows them, beside the sinks. It keeps the newest.
type feed struct{ q *queue.Queue[[]byte] }

func newFeed() *feed { return &feed{queue.New[[]byte](FeedBound, queue.DropOldest)} }

// push queues a record's line; it never waits.
func (f *feed) push(line []byte) {
	if f != nil {
		f.q.Push(line)
	}
}

// Record waits for the next event record, as sinks get it, and returns it as its JSON, which must not be changed. It returns
// false when ctx is done, or when the engine was not told to keep records for this (Config.Feed). Each record is returned
// once: one reader hands them to all. The oldest are dropped, and counted as those of the queue "feed", when more than
// FeedBound wait.
func (e *Engine) Record(ctx context.Context) ([]byte, bool) {
	if e.feed == nil {
		return nil, false
	}
	return e.feed.q.Pop(ctx)
}
