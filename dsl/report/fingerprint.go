package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"rvo.dev/dsl"
)

// fingerprints tells findings of one report apart in a way that survives edits around them: a fault whose line has moved
// is the same fault, one more beside it is another. It counts those that are otherwise alike.
type fingerprints map[string]int

// of returns the fingerprint of a finding: from its code, its file and its path in the pipeline; without a path, what it
// says stands for that. Line and column do not count.
func (m fingerprints) of(r *Report, f dsl.Finding) string {
	what := f.Path
	if what == "" {
		what = f.Message
	}
	key := f.Code + "\x00" + r.file(f.Place) + "\x00" + what
	m[key]++
	if n := m[key]; n > 1 {
		key = fmt.Sprintf("%s\x00%d", key, n)
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16])
}
