# Deskbridge. `make` alone lists what there is.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Pinned, so that a new release of the linter does not fail a build that
# nobody changed. Raise it in a commit of its own.
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

VERSION ?= dev

.PHONY: help demo build release test lint golangci-lint bench screenshots

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## run Deskbridge with sample people and a built-in desk
	go run ./cmd/deskbridge demo

build: ## build bin/deskbridge: one static file
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.release=$(VERSION)' -o bin/deskbridge ./cmd/deskbridge

release: ## make dist/: archives for Linux, bills of materials, checksums; VERSION=v1.2.3
	@VERSION=$(VERSION) deploy/release.sh

test: ## gofmt, vet, lint and all tests, on databases, help desks and identity providers of their own
	@test/run.sh

lint: ## gofmt, vet and golangci-lint
	test/format.sh
	go vet ./...
	go vet -tags services ./...
	$(GOLANGCI_LINT) run

golangci-lint:
	@$(GOLANGCI_LINT) run

bench: ## measure beside other servers; QUICK=1 for a first look, BENCH=name for Go benchmarks
	@test/bench.sh

screenshots: ## take the pictures of the documentation anew, docs/pictures; then look at each
	@mkdir -p docs/pictures
	@eval "$$(test/nodeclients.sh start)"; DESKBRIDGE_TEST_SCREENSHOTS=$(CURDIR)/docs/pictures CGO_ENABLED=0 go test -tags services -count=1 -run TestEveryPageInABrowser ./admin/console
