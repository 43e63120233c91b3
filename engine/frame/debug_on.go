//go:build rvodebug

package frame

// mangle overwrites a released picture, so that whoever still reads it sees garbage at once and not a later frame.
func mangle(mem []byte) {
	for i := range mem {
		mem[i] = 0xdb
	}
}
