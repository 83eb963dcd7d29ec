# syntax=docker/dockerfile:1

# One static file, the certificates of public CAs, and nothing else.
#
#   docker build -t deskbridge --build-arg VERSION=v1.2.3 .
#   docker run -p 127.0.0.1:8080:8080 -v deskbridge:/data -e DESKBRIDGE_PUBLIC_URL=http://127.0.0.1:8080 deskbridge

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
    && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/deskbridge /usr/local/bin/deskbridge
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
