// Package models is a small catalogue of networks that find things in pictures, and of the library that runs them: what each is
// for, under which licence, where it comes from, and the checksum that it must have.
//
//	entry, err := models.Find("yolox-nano")
//	store, err := models.DefaultStore()
//	puller := &models.Puller{Store: store, Client: client, Registry: models.Registry(ctx, os.Getenv)}
//	err = puller.Pull(ctx, entry)
//
// Nothing of it is part of the program: a file is fetched when a user asks for it by name, from where its makers publish it, and is
// in its place only once its checksum was right. The package starts no goroutine and reads no clock.
package models

import (
	"fmt"
	"runtime"
	"strings"
)

// Entry is one thing that can be pulled.
type Entry struct {
	// Name is what a user calls it.
	Name string
	// Task is what it is for, in a few words.
	Task string
	// Licence is the licence of the files, as an SPDX expression.
	Licence string
	// Library is set for what rvo loads as code, which lies in a folder of its own.
	Library bool
	// Files are what belongs to it; those for other platforms too.
	Files []File
}

// File is one file of an entry.
type File struct {
	// Name is what it is called here.
	Name string
	// Platform is the system that it is for, as in "linux/amd64"; empty: every one.
	Platform string
	// Size is in bytes, SHA256 in lower case hexadecimal digits.
	Size   int64
	SHA256 string
	// URL is where it is; empty for what a package holds.
	URL string
	// Package is an npm package with its version, as in "name@1.2.0", and Path where the file is in it.
	Package, Path string
}

// From is where a file comes from, for people.
func (f *File) From() string {
	if f.Package != "" {
		return "npm " + f.Package
	}
	return f.URL
}

// Platform is the system that this program runs on.
func Platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// On returns the files that a platform needs.
func (e *Entry) On(platform string) []File {
	var out []File
	for _, f := range e.Files {
		if f.Platform == "" || f.Platform == platform {
			out = append(out, f)
		}
	}
	return out
}

// Size is how many bytes the files for a platform have.
func (e *Entry) Size(platform string) int64 {
	n := int64(0)
	for _, f := range e.On(platform) {
		n += f.Size
	}
	return n
}

// Names returns the names of all entries, in the order of the catalogue.
func Names() []string {
	var out []string
	for _, e := range Catalogue() {
		out = append(out, e.Name)
	}
	return out
}

// Find returns the entry with a name, or says which there are.
func Find(name string) (*Entry, error) {
	for _, e := range Catalogue() {
		if e.Name == name {
			return &e, nil
		}
	}
	return nil, fmt.Errorf("no model %q: there are %s", name, strings.Join(Names(), ", "))
}
