#!/bin/sh
# Makes the code of every .proto file here: proto/generate.sh [ROOT], by default into the tree it stands in. Go comes beside the
# files, for all of them; Python and TypeScript come into proto/sdk/, for rvo's own. Each file made ends with the name and the SHA-256
# of the .proto that it is from, which a test compares without any of these tools.
#
# It needs protoc and gRPC's plugins for it (Debian: protobuf-compiler, protobuf-compiler-grpc), go and npm; the other plugins
# are fetched at the versions below. It exits with 3 where one of them is not to be had.
set -eu
cd "$(dirname "$0")"
root=${1:-..}
ts_proto=ts-proto@2.18.0
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
for tool in protoc grpc_python_plugin npm; do
	command -v "$tool" >/dev/null || { echo "generate.sh: $tool is not installed" >&2; exit 3; }
done
GOBIN=$bin go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12 || exit 3
GOBIN=$bin go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2 || exit 3
npm install --silent --no-audit --no-fund --prefix "$bin" "$ts_proto" >&2 || exit 3

python=$root/proto/sdk/python ts=$root/proto/sdk/typescript
mkdir -p "$root/proto" "$python" "$ts"

# sign ends files with what they were made from.
sign() { # PROTO COMMENT FILE...
	sum=$(sha256sum "$1") proto=$1 comment=$2
	shift 2
	for made in "$@"; do
		printf '\n%s From proto/%s, SHA-256 %s.\n' "$comment" "$proto" "${sum%% *}" >>"$made"
	done
}

find . -path ./sdk -prune -o -name '*.proto' -print | sed 's|^\./||' | LC_ALL=C sort | while read -r proto; do
	base=${proto%.proto}
	PATH=$bin:$PATH protoc -I . "$proto" \
		--go_out="$root/proto" --go_opt=paths=source_relative --go-grpc_out="$root/proto" --go-grpc_opt=paths=source_relative
	set -- "$root/proto/$base.pb.go"
	if [ -e "$root/proto/${base}_grpc.pb.go" ]; then set -- "$@" "$root/proto/${base}_grpc.pb.go"; fi
	sign "$proto" // "$@"
	case $proto in rvo/*) ;; *) continue ;; esac
	# Whole numbers of 64 bits are bigint in TypeScript: a number would be wrong from 2^53 on, which frame ids need not reach and
	# times do.
	protoc -I . "$proto" \
		--python_out="$python" --pyi_out="$python" --plugin=protoc-gen-py-grpc="$(command -v grpc_python_plugin)" --py-grpc_out="$python" \
		--plugin=protoc-gen-ts="$bin/node_modules/.bin/protoc-gen-ts_proto" --ts_out="$ts" \
		--ts_opt=outputServices=grpc-js,env=node,forceLong=bigint,oneof=unions-value,esModuleInterop=true,useOptionals=none
	sign "$proto" '#' "$python/${base}_pb2.py" "$python/${base}_pb2.pyi" "$python/${base}_pb2_grpc.py"
	sign "$proto" // "$ts/$base.ts"
done
