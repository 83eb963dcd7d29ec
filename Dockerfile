# syntax=docker/dockerfile:1

# One static file, the certificates of public CAs, the licences of what it is
# built from, and nothing else.
#
#   docker build -t deskbridge --build-arg VERSION=v1.2.3 .
#   docker run -p 127.0.0.1:8080:8080 -v deskbridge:/data -e DESKBRIDGE_PUBLIC_URL=http://127.0.0.1:8080 deskbridge

# The base image is named by its tag: what is in it changes with its releases, and
# with it the certificates and the release of Go. For a build that can be repeated
# put a digest behind it (golang:1.26-bookworm@sha256:…), as your registry shows it.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src

# Modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

COPY . .
ARG TARGETOS TARGETARCH VERSION=dev
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -ldflags "-s -w -X main.release=$VERSION" -o /out/deskbridge ./cmd/deskbridge \
    && go run ./deploy/licences -arch "$TARGETARCH" ./cmd/deskbridge >/out/THIRD-PARTY-LICENSES \
    && mkdir /out/data

FROM scratch
ARG VERSION=dev
LABEL org.opencontainers.image.title="Deskbridge" \
    org.opencontainers.image.description="Bridge between identity providers and help desks" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version=$VERSION \
    org.opencontainers.image.source="https://github.com/deskbridge/deskbridge" \
    org.opencontainers.image.documentation="https://github.com/deskbridge/deskbridge/blob/main/docs/install.md"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/deskbridge /usr/local/bin/deskbridge
COPY --from=build /out/THIRD-PARTY-LICENSES /usr/local/share/doc/deskbridge/
# A new named volume takes owner and mode from here.
COPY --from=build --chown=65532:65532 --chmod=0700 /out/data /data

# A number, so that a runtime can see that it is not root without a passwd file.
USER 65532:65532
WORKDIR /data
VOLUME /data
# Inside a container the port is only as open as the runtime makes it. SQLite
# sorts what is too large for memory in TMPDIR; there is no other place to write.
ENV PATH=/usr/local/bin \
    TMPDIR=/data \
    DESKBRIDGE_DATA_DIR=/data \
    DESKBRIDGE_LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["deskbridge", "healthcheck"]
ENTRYPOINT ["deskbridge"]
CMD ["serve"]
