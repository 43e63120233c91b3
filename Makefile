# rvo. The work is done by .ci/setup, which CI calls too.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Passed on to `rvo run`: make run ARGS="--for 40s"
ARGS ?=

GOLANGCI := v2.13.1

.PHONY: help run test build lint clean

help:
	@echo 'make run [ARGS="--for 40s"]  install what is missing, build, run the demo pipeline'
	@echo 'make test                    install what is missing, run every test'
	@echo 'make build                   build bin/rvo, with OpenCV where it is installed'
	@echo 'make lint                    golangci-lint $(GOLANGCI), built from source on first use'
	@echo 'make clean                   remove what was built'

run:
	@bash .ci/setup run $(ARGS)

test:
	@bash .ci/setup test

build:
	@bash .ci/setup build

lint: bin/golangci-lint-$(GOLANGCI)
	CGO_ENABLED=0 ./$< run ./...
	if pkg-config --exists opencv4 2>/dev/null; then CGO_ENABLED=1 ./$< run --build-tags opencv ./...; fi

bin/golangci-lint-$(GOLANGCI):
	GOBIN=$(CURDIR)/bin/.lint CGO_ENABLED=0 go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)
	mv bin/.lint/golangci-lint $@

clean:
	rm -rf bin
