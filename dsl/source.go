package dsl

import (
	"os"
	"path/filepath"
	"strings"

	"cuelang.org/go/cue/token"
)

// sources knows the text of files and how to name them to the user. It is owned by one Load and its Document.
type sources struct {
	dir   string            // the working directory, absolute
	base  string            // the pipeline's folder, absolute
	files map[string][]byte // texts that are not on disk, by absolute path
	lines map[string][]string

	sayings []saidBy // nil until a fault has to be told
}

func newSources(dir string, files map[string][]byte) *sources {
	return &sources{dir: dir, files: files, lines: map[string][]string{}}
}

// read returns the text of a file.
func (s *sources) read(file string) ([]byte, error) {
	if data, ok := s.files[file]; ok {
		return data, nil
	}
	return os.ReadFile(file)
}

// rel returns the file as the user would name it: relative to the working directory where it lies below it.
func (s *sources) rel(file string) string {
	// The evaluator names embedded data as the pipeline does: relative to its folder.
	if !filepath.IsAbs(file) {
		if at := filepath.Join(s.base, file); s.base != "" && exists(at) {
			file = at
		}
	}
	if r, err := filepath.Rel(s.dir, file); err == nil && filepath.IsLocal(r) {
		return r
	}
	return file
}

// ours reports whether a position is in the schema and not in the user's files.
func (s *sources) ours(p token.Pos) bool {
	return strings.HasSuffix(filepath.ToSlash(p.Filename()), schemaFile)
}

// users reports whether a position is known and in a user's file.
func (s *sources) users(p token.Pos) bool { return p.IsValid() && p.Filename() != "" && !s.ours(p) }

// place returns the position for the user, the zero Place for none and for those in the schema.
func (s *sources) place(p token.Pos) Place {
	if !s.users(p) {
		return Place{}
	}
	at := Place{File: s.rel(p.Filename()), Line: p.Line(), Col: p.Column()}
	if strings.HasSuffix(at.File, ".json") {
		at.Col -= s.insideQuotes(at)
	}
	return at
}

// insideQuotes returns 1 for a place right behind a quote: the evaluator says of the names in JSON where their first letter
// stands. No value begins there.
func (s *sources) insideQuotes(p Place) int {
	file := p.File
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.dir, file)
	}
	lines := s.text(file)
	if p.Line < 1 || p.Line > len(lines) || p.Col < 2 || p.Col > len(lines[p.Line-1]) || lines[p.Line-1][p.Col-2] != '"' {
		return 0
	}
	return 1
}

// line returns the source line at a place, credentials hidden; empty where that would move what the column points at.
func (s *sources) line(p Place) string {
	if p.Line < 1 || p.File == "" {
		return ""
	}
	file := p.File
	if !filepath.IsAbs(file) {
		file = filepath.Join(s.dir, file)
	}
	lines := s.text(file)
	if p.Line > len(lines) {
		return ""
	}
	line := strings.TrimRight(lines[p.Line-1], "\r")
	if p.Col < 1 || p.Col > len(line)+1 {
		return ""
	}
	// A very long line tells nobody anything, and hiding must not shift the caret.
	if len(line) > 400 || Redact(line[:p.Col-1]) != line[:p.Col-1] {
		return ""
	}
	return Redact(line)
}

// text returns the lines of a file, none where it cannot be read.
func (s *sources) text(file string) []string {
	lines, ok := s.lines[file]
	if !ok {
		if data, err := s.read(file); err == nil {
			lines = strings.Split(string(data), "\n")
		}
		s.lines[file] = lines
	}
	return lines
}

// finish redacts a finding and gives it its source line.
func (s *sources) finish(f Finding) Finding {
	f.Message, f.Hint = Redact(f.Message), Redact(f.Hint)
	for i := range f.Related {
		f.Related[i].Message = Redact(f.Related[i].Message)
	}
	if f.Line == "" {
		f.Line = s.line(f.Place)
	}
	return f
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
