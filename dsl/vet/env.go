package vet

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"rvo.dev/dsl"
	"rvo.dev/engine/node"
)

// node returns what resolves paths as a node's.
func (p *Pass) node() node.Env { return node.Env{Dir: p.Graph.Dir, StateDir: p.stateDir} }

// inputPath returns a path that a node reads as the engine would.
func (p *Pass) inputPath(name string) string {
	if at, err := p.node().InputPath(name); err == nil {
		return at
	}
	return name
}

// The checks of this file look at the machine: they run with Options.Env alone.

func secretCheck() Check {
	return Check{
		Code: "RVO604", Name: "secret that is not there", Built: true, Env: true,
		Doc: `A secret refers to an environment variable that is not set here, or to a file that cannot be read: the node would ` +
			`not start. A file that others may read is no secret: a warning. Only where vet is asked to look at the machine too.`,
		Run: func(p *Pass) {
			p.uses(func(n *pointing, u node.Uses) {
				for _, s := range u.Secrets {
					path := n.path + "." + s.Option
					if name := s.Secret.Env; name != "" {
						if _, ok := os.LookupEnv(name); !ok {
							p.Report(dsl.Finding{
								Path: path + ".env", Message: fmt.Sprintf("the environment variable %s is not set", name),
								Hint: "set it where rvo run is started",
							})
						}
						continue
					}
					p.secretFile(path+".file", s.Secret.File)
				}
			})
		},
	}
}

func (p *Pass) secretFile(path, name string) {
	file := p.inputPath(name)
	info, err := os.Stat(file)
	f := dsl.Finding{Path: path, Hint: "make it readable for whoever runs rvo, and for nobody else"}
	switch {
	case err != nil:
		f.Message = fmt.Sprintf("the secret's file %s: %s", name, why(err))
	case info.Mode().Perm()&0o004 != 0 && info.Mode().IsRegular():
		f.Severity = dsl.Warning
		f.Message = fmt.Sprintf("the secret's file %s can be read by everybody (%s)", name, info.Mode().Perm())
	default:
		return
	}
	p.Report(f)
}

func fileCheck() Check {
	return Check{
		Code: "RVO800", Name: "file or folder that is not there", Built: true, Env: true,
		Doc: `A node reads a file or a folder that does not exist here or cannot be read, so it would not start. Relative paths ` +
			`start at the pipeline's folder. Only where vet is asked to look at the machine too.`,
		Run: func(p *Pass) {
			p.uses(func(n *pointing, u node.Uses) {
				for _, r := range u.Reads {
					file := p.inputPath(r.Value)
					if err := readable(file); err != nil {
						hint := "relative paths start at the folder of the pipeline"
						if p.pulled(file) {
							hint = "rvo models pull brings what the catalogue has; rvo models list says what that is"
						}
						p.Report(dsl.Finding{
							Path:    n.path + "." + r.Option,
							Message: fmt.Sprintf("%s %s reads %s: %s", n.role, n.id, r.Value, why(err)),
							Hint:    hint,
						})
					}
				}
			})
		},
	}
}

func probeCheck() Check {
	return Check{
		Code: "RVO801", Name: "file that cannot be used so", Built: true, Env: true,
		Doc: `A detector's file is there and is not what its options say: no network at all, one of another family, one with ` +
			`another number of classes than there are labels, or one that cannot be of the size that is asked for; or the library ` +
			`that is to run it does not load. The detector would not start. The file is read and nothing is computed. Only where vet is asked to look at the machine too.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Detectors {
				d := &p.Graph.Detectors[i]
				c := &d.Kind.Contract
				if c.Probe == nil || slices.ContainsFunc(c.Uses(d.Options).Reads, func(u node.Use) bool { return readable(p.inputPath(u.Value)) != nil }) {
					continue // a file that is not there is told of elsewhere
				}
				if option, err := c.Probe(p.node(), d.Options); err != nil {
					path := "detectors." + d.ID + "." + d.DetectorSpec.Kind
					if option != "" && p.Doc.Has(path+"."+option) {
						path += "." + option
					}
					p.Report(dsl.Finding{Path: path, Message: fmt.Sprintf("detector %s: %v", d.ID, err)})
				}
			}
		},
	}
}

// readable returns why a file or folder cannot be read.
func readable(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}

// why returns the reason of an error of the file system without the path, which the message has.
func why(err error) string {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err.Error()
	}
	return err.Error()
}

func endpointCheck() Check {
	return Check{
		Code: "RVO802", Name: "endpoint that does not answer", Built: true, Env: true,
		Doc: `Nobody accepts a connection at the address from this machine: its name has no address, or nothing listens there. A ` +
			`warning, for it may come back: rvo run keeps trying. Only where vet is asked to look at the machine too.`,
		Run: func(p *Pass) {
			seen := map[string]error{}
			if p.dial == nil {
				return
			}
			p.uses(func(n *pointing, u node.Uses) {
				for _, e := range u.Endpoints {
					at := address(e.Value)
					if at == "" {
						continue
					}
					err, ok := seen[at]
					if !ok {
						err = p.dial(at)
						seen[at] = err
					}
					if err != nil {
						p.Report(dsl.Finding{
							Severity: dsl.Warning, Path: n.path + "." + e.Option,
							Message: fmt.Sprintf("%s %s: nobody answers at %s: %v", n.role, n.id, at, err),
							Hint:    "is the address right, and the other side on?",
						})
					}
				}
			})
		},
	}
}

// address returns the host and port of an address, empty where it has no host.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"rtsp": "554", "rtsps": "322", "http": "80", "https": "443", "mqtt": "1883", "mqtts": "8883"}[u.Scheme]
	}
	if port == "" {
		return ""
	}
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

func diskCheck() Check {
	return Check{
		Code: "RVO404", Name: "clips that the disk does not hold", Built: true, Env: true,
		Doc: `If an event came as often as it can, its clips would take more in a day, or in the time they are kept, than the ` +
			`disk has free: clips would go before their time or not be written. The estimate is made as for RVO401. Set ` +
			`maxBytes, keep less, or give the event a cooldown. Only where vet is asked to look at the machine too.`,
		Run: func(p *Pass) {
			for i := range p.Graph.Events {
				e := &p.Graph.Events[i]
				if p.free == nil || e.Evidence < 0 || p.Graph.Evidence[e.Evidence].MaxBytes > 0 {
					continue
				}
				ev := &p.Graph.Evidence[e.Evidence]
				dir, err := p.node().OutputPath(ev.Dir)
				if err != nil {
					continue // the recorder says so
				}
				free, ok := p.free(dir)
				if !ok {
					continue
				}
				kept := 24 * time.Hour
				if ev.Keep > 0 {
					kept = min(kept, ev.Keep)
				}
				total := int64(0)
				for _, m := range e.Machines {
					if c := p.Graph.Machines[m].Camera; c >= 0 {
						again := max(e.Hold+e.Cooldown, ev.Pre+ev.Post) // clips that overlap are one
						total += int64(float64(p.stream(&p.Graph.Cameras[c], ev.FPS).bytes(ev.Pre+ev.Post)) * float64(kept) / float64(max(again, time.Second)))
					}
				}
				if total > free {
					p.Report(dsl.Finding{
						Severity: dsl.Warning, Path: "evidence." + ev.ID, Place: p.Doc.Place("evidence." + ev.ID),
						Message: fmt.Sprintf("clips of event %s may take %s in %s (assumed), and %s are free (measured)", e.ID, size(total), short(kept), size(free)),
						Hint:    "set maxBytes, or give the event a cooldown",
					})
				}
			}
		},
	}
}
