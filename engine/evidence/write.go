package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"rvo.dev/engine/tick"
)

// SnapshotName is the picture of the decision in a clip's folder.
const SnapshotName = "snapshot.jpg"

// tmpPrefix begins the name of a clip's folder until it is whole, and of one that is being removed.
const tmpPrefix = ".tmp-"

// attempt is what one try to write a clip has come to.
type attempt struct {
	span   span // what the clip stands for: from where it was asked to its last sample, thinned out ones included
	frames int
	bytes  int64
	short  []Shortfall
}

// content is a clip as it is to be written.
type content struct {
	asked   span
	follows string
	frames  []Sample
	shot    Sample
	image   []byte // the snapshot
	drawn   int
	note    string
	short   []Shortfall
	span    span // see attempt
}

func (c *content) size() int64 {
	n := int64(len(c.image)) + manifestSize(len(c.frames))
	for i := range c.frames {
		n += int64(len(c.frames[i].Bytes))
	}
	return n
}

// manifestSize is a little more than the manifest of a clip of n pictures takes.
func manifestSize(n int) int64 { return 16<<10 + 256*int64(n) }

// gather cuts the clip out of the ring.
func (r *Recorder) gather(c *clip, now tick.Time, flush bool) (*content, error) {
	r.mu.Lock()
	asked := span{c.from, c.end()}
	lasting := c.lasting() && asked.to == c.limit
	there := c.track.before(c.policy.ID, asked)
	r.mu.Unlock()

	stop := tick.Never
	if flush {
		stop = now
	}
	cut := c.pin.cut(asked)
	out := &content{asked: asked, short: shortfalls(asked, &cut, there, stop, lasting), span: span{asked.from, asked.from}}
	if n := len(cut.samples); n > 0 {
		out.span.to = cut.samples[n-1].Capture
	}
	fresh := cut.samples
	for _, w := range there {
		out.follows = w.name
		fresh = slices.DeleteFunc(slices.Clone(fresh), func(s Sample) bool { return w.span.covers(s.Capture) })
	}
	out.frames = thin(fresh, c.policy.FPS)
	out.shot = c.shot
	q := &c.members[0].req
	at := shotTime(q)
	for i := range cut.samples {
		if s := &cut.samples[i]; out.shot.Bytes == nil || distance(s.Capture, at) < distance(out.shot.Capture, at) {
			out.shot = *s
		}
	}
	if out.shot.Bytes == nil {
		return nil, &dropError{CauseNoFrames, fmt.Errorf("camera %q gave no picture for clip %s: see the state of the camera", c.track.id, c.name)}
	}
	out.image, out.drawn, out.note = snapshot(&out.shot, q, c.policy.Quality)
	return out, nil
}

// write makes the clip's folder: under a temporary name first, durable before it gets its own. What a failed try left is
// removed.
func (r *Recorder) write(c *clip, now tick.Time, flush, last bool) (attempt, error) {
	body, err := r.gather(c, now, flush)
	if err != nil {
		return attempt{}, err
	}
	f, err := r.openFolder(c.policy.Dir)
	if err != nil {
		return attempt{}, err
	}
	defer func() { _ = f.Close() }() // nothing is buffered: every file was closed where it was written
	if err := r.makeRoom(f, &c.policy, body.size()); err != nil {
		return attempt{}, err
	}
	if there, err := f.Exists(c.name); err != nil {
		return attempt{}, err
	} else if there {
		return attempt{}, &dropError{CauseExists, fmt.Errorf("clip %s is there already and is not overwritten: write this run's evidence to another dir", c.name)}
	}
	tmp := tmpPrefix + c.name
	if err := f.RemoveAll(tmp); err != nil {
		return attempt{}, err
	}
	if err := f.Mkdir(tmp); err != nil {
		return attempt{}, err
	}
	a, err := r.fill(f, c, body, now, last)
	if err == nil {
		err = f.Rename(tmp, c.name)
	}
	if err != nil {
		return attempt{}, errors.Join(err, f.RemoveAll(tmp))
	}
	r.index(c.policy.Dir).add(c.name, entry{created: wall(c.members[0].req.Epoch, now), bytes: a.bytes, policy: c.policy.ID, own: true})
	// The clip is there and whole. That its name is durable too is worth a try, not a second clip.
	_ = f.Sync(".")
	return a, nil
}

// fill writes the files of the clip into its temporary folder and makes them durable.
func (r *Recorder) fill(f folder, c *clip, body *content, now tick.Time, last bool) (attempt, error) {
	tmp := tmpPrefix + c.name + "/"
	k := clock{c.members[0].req.Epoch}
	a := attempt{span: body.span, short: body.short}
	var files []ManifestFile
	put := func(name string, data []byte, s *Sample) error {
		if err := f.Write(tmp+name, data); err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		files = append(files, ManifestFile{
			Name: name, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), Capture: k.at(s.Capture), Frame: s.Frame,
		})
		a.bytes += int64(len(data))
		return nil
	}
	if err := put(SnapshotName, body.image, &body.shot); err != nil {
		return a, err
	}
	for i := range body.frames {
		s := &body.frames[i]
		name := fmt.Sprintf("frame_%04d.jpg", i)
		err := put(name, s.Bytes, s)
		if err == nil {
			continue
		}
		if !last || causeOf(err) != CauseFull {
			return a, err
		}
		// The last try on a full disk: the beginning is worth more than nothing, and the manifest needs room too.
		if rerr := f.RemoveAll(tmp + name); rerr != nil {
			return a, errors.Join(err, rerr)
		}
		for freed := int64(0); freed < manifestSize(len(files)) && len(files) > 1; {
			drop := files[len(files)-1]
			if rerr := f.RemoveAll(tmp + drop.Name); rerr != nil {
				return a, errors.Join(err, rerr)
			}
			freed += drop.Size
			a.bytes -= drop.Size
			files = files[:len(files)-1]
		}
		if len(files) < 2 {
			return a, err
		}
		kept := body.frames[:len(files)-1]
		a.short = append(a.short, Shortfall{ShortDisk, kept[len(kept)-1].Capture, body.asked.to})
		a.span.to = kept[len(kept)-1].Capture
		body.frames = kept
		break
	}
	a.frames = len(body.frames)
	data, err := r.manifest(c, body, &a, files, k, now)
	if err != nil {
		return a, err
	}
	if err := f.Write(tmp+ManifestName, data); err != nil {
		return a, err
	}
	a.bytes += int64(len(data))
	// All is written before anything is synced: by then most of it is on its way, and the first sync carries the rest.
	for _, file := range files {
		if err := f.Sync(tmp + file.Name); err != nil {
			return a, err
		}
	}
	return a, errors.Join(f.Sync(tmp+ManifestName), f.Sync(tmpPrefix+c.name))
}

// manifest returns the clip's meta.json.
func (r *Recorder) manifest(c *clip, body *content, a *attempt, files []ManifestFile, k clock, now tick.Time) ([]byte, error) {
	m := Manifest{
		Schema: ManifestSchema, Clip: c.name, Policy: c.policy.ID, Pipeline: r.pipeline, Run: r.run, Camera: c.track.id,
		Created: k.at(now), MoreEvents: c.more, Follows: body.follows,
		Asked:     AskedWindow{From: k.at(body.asked.from), To: k.at(body.asked.to), FPS: c.policy.FPS, Quality: c.policy.Quality},
		Delivered: DeliveredWindow{Frames: len(body.frames)},
		Short:     []ManifestShort{},
		Format:    body.shot.Codec, Encoder: body.shot.Encoder, Quality: body.shot.Quality,
		Width: body.shot.Width, Height: body.shot.Height,
		Snapshot: &ManifestSnapshot{
			File: SnapshotName, Frame: body.shot.Frame, Capture: k.at(body.shot.Capture), Drawn: body.drawn, Note: body.note,
		},
		Files: files, Bytes: a.bytes,
	}
	for i := range c.members {
		m.Events = append(m.Events, k.event(&c.members[i]))
	}
	if n := len(body.frames); n > 0 {
		m.Delivered.From, m.Delivered.To = k.at(body.frames[0].Capture), k.at(body.frames[n-1].Capture)
	}
	for _, s := range a.short {
		ms := ManifestShort{Reason: s.Reason, From: k.at(s.From)}
		if s.To != tick.Never {
			ms.To = k.at(s.To)
		}
		m.Short = append(m.Short, ms)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(&m); err != nil {
		return nil, fmt.Errorf("manifest of clip %s: %w", c.name, err)
	}
	return b.Bytes(), nil
}
