#!/bin/sh
# Makes the Go code of every .proto file here: proto/generate.sh [FOLDER], by default beside the files. It needs protoc
# (Debian: protobuf-compiler); the plugins are built from source at the versions below.
set -eu
cd "$(dirname "$0")"
out=${1:-.}
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
GOBIN=$bin go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 || exit 3
GOBIN=$bin go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2 || exit 3
find . -name '*.proto' | sed 's|^\./||' | LC_ALL=C sort | PATH=$bin:$PATH xargs protoc -I . \
	--go_out="$out" --go_opt=paths=source_relative --go-grpc_out="$out" --go-grpc_opt=paths=source_relative
