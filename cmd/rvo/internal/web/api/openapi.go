package api

import _ "embed"

// openAPI is the document.
//
//go:embed openapi.yaml
var openAPI []byte

// OpenAPI returns the description of the API as an OpenAPI 3.1 document in YAML.
func OpenAPI() []byte { return openAPI }
