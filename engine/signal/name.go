package signal

import (
	"strings"
	"unicode"
)

// NameOf returns the signal name that stands for a service's name of it: its words in lower case with _ between them. A word
// begins at a capital after a small letter or a digit, and at the last of several capitals that a small letter follows; what
// is neither letter nor digit is between words. PersonDetected becomes person_detected, HTTPServer2Up http_server2_up,
// "face-score" face_score. A name that would begin with a digit gets an n before it; without any letter or digit there is no
// name.
func NameOf(wire string) string {
	var b strings.Builder
	in := []rune(wire)
	gap := false
	for i, r := range in {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			gap = b.Len() > 0
			continue
		}
		if begins(in, i) {
			gap = b.Len() > 0
		}
		if gap {
			b.WriteByte('_')
		}
		if b.Len() == 0 && unicode.IsDigit(r) {
			b.WriteByte('n')
		}
		b.WriteRune(unicode.ToLower(r))
		gap = false
	}
	return b.String()
}

// begins says whether the letter at i begins a word by its case.
func begins(in []rune, i int) bool {
	if i == 0 || !unicode.IsUpper(in[i]) {
		return false
	}
	before := in[i-1]
	if unicode.IsLower(before) || unicode.IsDigit(before) {
		return true
	}
	return unicode.IsUpper(before) && i+1 < len(in) && unicode.IsLower(in[i+1])
}
