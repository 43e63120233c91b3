// Package check holds the files below deploy/ against the programs that read them, without any of these: Kubernetes' own types,
// the schema of compose files, BuildKit's parser. It is a module of its own, so that none of that is in the module graph
// of RVO.
//
//	cd deploy/check && go test ./...
package check
