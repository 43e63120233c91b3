package node

// Identity says which network answers, as records of events tell it. What is not known is empty.
type Identity struct {
	// Name is what people call it: the name of its file, or what a service says of itself.
	Name string `json:"name,omitempty"`
	// Version is its version, where it has one.
	Version string `json:"version,omitempty"`
	// SHA256 is that of its file, as `sha256sum` writes it.
	SHA256 string `json:"sha256,omitempty"`
}

// Identifier is a Model that knows which network its instances ask. Identity may be called at any time, beside everything
// else; it neither waits nor computes. A service that is asked over a network may say another thing later, and nothing before
// its first answer.
type Identifier interface{ Identity() Identity }
