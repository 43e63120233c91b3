package dsl

// Syntax returns every fault in the text of a CUE file: what keeps it from being read at all. Dir is the working directory
// that a relative file lies in and that places are relative to, absolute; file need not exist.
func Syntax(dir, file string, text []byte) []Finding {
	file = absIn(dir, file)
	src := newSources(dir, map[string][]byte{file: text})
	return src.done(syntax(src, []string{file}))
}
