package bench

import _ "embed"

//go:embed report.html.tmpl
var reportHTML string

//go:embed readme.md.tmpl
var readmeText string
