package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/pflag"

	"rvo.dev/dsl"
	"rvo.dev/dsl/vet"
)

// inputFlags say which pipeline is run: paths, the file that --config or RVO_CONFIG name, or one made for a camera.
type inputFlags struct {
	config string
	device int
	uri    string
	remote []string
	tags   []string
}

func (f *inputFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.config, "config", "", "the pipeline, where no PATH is given (default $RVO_CONFIG)")
	fs.IntVar(&f.device, "camera-device", 0, "run a small pipeline on this local camera (see rvo cameras)")
	fs.StringVar(&f.uri, "camera-uri", "", "run a small pipeline on this stream or file: rtsp://, http:// or a path")
	fs.StringArrayVar(&f.remote, "detector", nil, "also ask the service at ENDPOINT=SIGNAL, such as http://localhost:50051=PersonDetected; may be repeated")
	addTags(fs, &f.tags)
}

// source is what the flags and paths name, before it is read.
type source struct {
	paths   []string
	opts    vet.Options
	secrets map[string]string
	made    bool // for a camera: there are no files
}

// load returns the pipeline that the flags and paths name.
func (f *inputFlags) load(ctx context.Context, a *app, fs *pflag.FlagSet, paths []string) (*input, error) {
	s, err := f.source(a, fs, paths)
	if err != nil {
		return nil, err
	}
	return s.load(ctx, a)
}

func (s *source) load(ctx context.Context, a *app) (*input, error) {
	in, err := a.loadWith(ctx, s.paths, s.opts)
	if err != nil {
		return nil, err
	}
	in.secrets = s.secrets
	return in, nil
}

// source returns what the flags and paths name.
func (f *inputFlags) source(a *app, fs *pflag.FlagSet, paths []string) (*source, error) {
	device, uri := fs.Changed("camera-device"), fs.Changed("camera-uri")
	if err := f.conflict(fs, paths); err != nil {
		return nil, err
	}
	remotes, err := parseRemotes(f.remote)
	if err != nil {
		return nil, err
	}
	// Taken once: a folder that is removed and made again is another one, in which this process does not stand.
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("the working folder: %w", err)
	}
	s := &source{opts: vet.Options{Tags: f.tags, Dir: dir}, made: device || uri}
	if len(remotes) > 0 {
		s.opts.Extra = dsl.AdHocRemotes(remotes, s.made)
	}
	var made *dsl.AdHoc
	switch {
	case device:
		made, err = dsl.AdHocDevice(f.device)
	case uri:
		made, err = dsl.AdHocURI(f.uri)
	case len(paths) > 0:
		s.paths = paths
	case f.config != "":
		s.paths = []string{f.config}
	case a.Env("RVO_CONFIG") != "":
		s.paths = []string{a.Env("RVO_CONFIG")}
	default:
		err = errors.New("run needs a pipeline: give a PATH (rvo run pipelines/quickstart), --camera-device N or --camera-uri URI")
	}
	if err != nil {
		return nil, err
	}
	if made != nil {
		s.paths, s.opts.Files, s.secrets = []string{made.Path}, made.Files, made.Secrets
	}
	return s, nil
}

// conflict refuses two answers to the same question.
func (f *inputFlags) conflict(fs *pflag.FlagSet, paths []string) error {
	var given []string
	if len(paths) > 0 {
		given = append(given, "PATH "+paths[0])
	}
	for _, name := range []string{"config", "camera-device", "camera-uri"} {
		if fs.Changed(name) {
			given = append(given, "--"+name)
		}
	}
	if len(given) > 1 {
		return fmt.Errorf("%s and %s both name what to run: give one", given[0], given[1])
	}
	if (fs.Changed("camera-device") || fs.Changed("camera-uri")) && len(f.tags) > 0 {
		return errors.New("--tag needs a pipeline of your own: one made for a camera has no tags")
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
