#!/usr/bin/env bash
# Makes a release in dist/: for each architecture an archive with the static
# program, its documentation and what helps to install it, a bill of materials
# (CycloneDX), and SHA256SUMS of all of them.
#
#   VERSION=v1.2.3 deploy/release.sh           for amd64 and arm64
#   ARCHS=amd64 deploy/release.sh              for one of them
#   DIST=/elsewhere deploy/release.sh          into another folder
#
# The same sources, version, SOURCE_DATE_EPOCH (default: the time of the commit)
# and release of Go give the same bytes, in whatever folder and with whatever
# build cache. It needs Go, and GNU tar and gzip; nothing is published.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=${VERSION:-dev}
dist=${DIST:-$PWD/dist}
readonly sbom=github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export LC_ALL=C TZ=UTC

# What a developer has set for their own builds must not change a release's.
export GOFLAGS='-trimpath -buildvcs=false -mod=readonly' GOEXPERIMENT='' GOAMD64=v1 GOARM64=v8.0 GOWORK=off CGO_ENABLED=0

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
GOBIN=$tools go install "$sbom"
go build -o "$tools/licences" ./deploy/licences

rm -rf "${dist:?}"
mkdir -p "$dist"
dist=$(cd "$dist" && pwd)
for arch in ${ARCHS:-amd64 arm64}; do
	name=deskbridge_${version}_linux_$arch
	folder=$tools/$name
	mkdir "$folder"
	GOOS=linux GOARCH=$arch go build -trimpath -ldflags "-s -w -X main.release=$version" -o "$folder/deskbridge" ./cmd/deskbridge
	"$tools/licences" -arch "$arch" ./cmd/deskbridge >"$folder/THIRD-PARTY-LICENSES"
	"$tools/cyclonedx-gomod" bin -json -licenses -noserial -notimestamp -output-version 1.6 -version "$version" -output "$dist/$name.cdx.json" "$folder/deskbridge" 2>"$tools/sbom.log" ||
		{ cat "$tools/sbom.log" >&2; exit 1; }
	cp -R README.md CHANGELOG.md SECURITY.md LICENSE docs deploy "$folder/"
	rm -rf "$folder"/deploy/licences "$folder"/deploy/release.sh "$folder"/deploy/*_test.go
	chmod -R u=rwX,go=rX "$folder"
	tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$tools" -cf - "$name" |
		gzip -9 -n >"$dist/$name.tar.gz"
done
(cd "$dist" && sha256sum -- * >"$tools/SHA256SUMS" && mv "$tools/SHA256SUMS" SHA256SUMS)
echo "$dist:"
cat "$dist/SHA256SUMS"
