package cv

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"rvo.dev/engine/node"
	"rvo.dev/engine/node/nodetest"
)

// TestContracts checks what holds in every build; the kinds at work are tested where OpenCV is built in.
func TestContracts(t *testing.T) {
	if _, err := node.NewSet(Kinds()...); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range Kinds() {
		c := k.Contract
		names = append(names, c.Name)
		if c.Needs == "" {
			t.Errorf("%s does not say what it needs", c.Name)
		}
		if live := c.Role == node.RoleCamera && c.Name != "file"; c.Live != live {
			t.Errorf("%s: Live is %t", c.Name, c.Live)
		}
		if c.Exclusive != (c.Name == "device") {
			t.Errorf("%s: Exclusive is %t", c.Name, c.Exclusive)
		}
		if _, ok := Codec(); k.Built() != ok {
			t.Errorf("%s: built is %t, the codec's %t", c.Name, k.Built(), ok)
		}
		if !k.Built() {
			t.Run(c.Name, func(t *testing.T) { nodetest.Run(t, k) })
		}
	}
	if got, want := strings.Join(names, " "), "device rtsp http file mog2 haar hog"; got != want {
		t.Errorf("kinds %s, want %s", got, want)
	}
}

// TestDefaults checks that the defaults in options.cue are those that the code fills in for options without them.
func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		name, cue string
		fill      func(raw json.RawMessage) (any, error)
		n         int // how many defaults there are
	}{
		{"mog2", mog2CUE, func(raw json.RawMessage) (any, error) { return parse[MOG2Options](raw).settings() }, 4},
		{"haar", haarCUE, func(raw json.RawMessage) (any, error) { return parse[HaarOptions](raw).withDefaults() }, 4},
		{"hog", hogCUE, func(raw json.RawMessage) (any, error) { return parse[HOGOptions](raw).settings() }, 7},
		{"device", deviceCUE, func(raw json.RawMessage) (any, error) {
			o := parse[DeviceOptions](raw)
			return o, o.check()
		}, 1},
		{"rtsp", rtspCUE, func(raw json.RawMessage) (any, error) {
			o := parse[RTSPOptions](raw)
			transport, err := o.transport()
			if err != nil {
				return nil, err
			}
			timeout, err := duration("timeout", o.Timeout, defaultTimeout)
			return fmt.Sprint(transport, timeout), err
		}, 2},
		{"http", httpCUE, func(raw json.RawMessage) (any, error) {
			return duration("timeout", parse[HTTPOptions](raw).Timeout, defaultTimeout)
		}, 1},
	} {
		found := regexp.MustCompile(`(?m)^\t(\w+): \*([^ ]+) \|`).FindAllStringSubmatch(c.cue, -1)
		var fields []string
		for _, m := range found {
			fields = append(fields, fmt.Sprintf("%q: %s", m[1], m[2]))
		}
		if len(fields) != c.n {
			t.Errorf("%s: options.cue has the defaults %v, want %d", c.name, fields, c.n)
		}
		want, err := c.fill(json.RawMessage("{" + strings.Join(fields, ",") + "}"))
		if err != nil {
			t.Errorf("%s: defaults of options.cue are refused: %v", c.name, err)
		}
		got, err := c.fill(json.RawMessage("{}"))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: without options the code takes %+v (%v), options.cue says %+v", c.name, got, err, want)
		}
	}
}

func TestOptionsRefused(t *testing.T) {
	bad := -1.0
	for _, c := range []struct {
		err  error
		want string
	}{
		{DeviceOptions{Index: 3, Path: "/dev/video3"}.check(), "both index and path"},
		{DeviceOptions{Index: 256}.check(), "index 256: must be from 0 to 255"},
		{second(RTSPOptions{Transport: "sctp"}.transport()), `transport "sctp": must be tcp or udp`},
		{second(duration("timeout", "5", 0)), `timeout "5": must be a duration`},
		{second(duration("timeout", "0s", 0)), `timeout "0s": must be a duration above 0`},
		{second(MOG2Options{History: "x"}.settings()), `history "x"`},
		{second(MOG2Options{VarThreshold: 0.5}.settings()), "varThreshold 0.5: must be from 1 to 1000"},
		{second(MOG2Options{MinArea: &bad}.settings()), "minArea -1: must be from 0 to 1"},
		{second(HaarOptions{Step: 1}.withDefaults()), "step 1: must be from 1.01 to 2"},
		{second(HaarOptions{MinNeighbors: 101}.withDefaults()), "minNeighbors 101"},
		{second(HaarOptions{MinSize: 2}.withDefaults()), "minSize 2: must be from 0.01 to 1"},
		{second(HOGOptions{Enlarge: 5}.settings()), "enlarge 5: must be from 0.1 to 4"},
		{second(HOGOptions{Threshold: 11}.settings()), "threshold 11"},
		{second(HOGOptions{TrimWidth: &bad}.settings()), "trimWidth -1"},
		{second(HOGOptions{MinNeighbors: -1}.settings()), "minNeighbors -1"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", c.err, c.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }
