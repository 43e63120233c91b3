package vet

// Checks returns every check, by code. What is missing here and could be checked: whether the cores suffice for the
// detectors (2xx), whether a condition can be yes at all (308, 309), whether memory suffices (401).
func Checks() []Check {
	return []Check{
		cycleCheck(),
		selfCheck(),
		unusedDetectorCheck(),
		unusedSignalCheck(),
		idleCameraCheck(),
		unusedNodeCheck(),
		absentSignalCheck(),
		paceCheck(),
		noCameraCheck(),
		ttlCheck(),
		pulseCheck(),
		prerollCheck(),
	}
}
