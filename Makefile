# Each target says in its `##` comment what `make help` shows of it. The work is done by the scripts it calls.

PREFIX ?= /usr/local
DESTDIR ?=
PROGRAM := .build/release/wherry
RUNTIME ?= $(PROGRAM)

.DEFAULT_GOAL := help
.PHONY: help build demo test test-unit test-vm test-engines bench install uninstall format lint clean

help: ## list these targets
	@echo "wherry, an OCI runtime for Linux. Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: ## build the release program, .build/release/wherry (as root: installs the Debian packages it lacks)
	@scripts/build

demo: ## build, take a container through its life and show what it sees (root)
	@scripts/demo

test: ## build both ways and run every test (root)
	@scripts/test

test-unit: ## the tests that don't need root
	@scripts/test --unit

test-vm: ## the integration tests in a virtual machine with cgroup v2 and systemd
	@conformance/vm/test

test-engines: ## Docker, containerd, podman and buildah on the release program (root); RUNTIME=PATH chooses another
	@RUNTIME="$(RUNTIME)" conformance/engines/test

bench: ## compare with runc, crun and the kernel's own floor (root); RUNTIMES="PATH ..." chooses others
	@Benchmarks/bench

install: ## install the built program to $(DESTDIR)$(PREFIX)/bin
	@test -x $(PROGRAM) || { echo "wherry: there is no $(PROGRAM) yet: make build" >&2; exit 1; }
	install -D -m 0755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/wherry"

uninstall: ## remove it from there
	rm -f "$(DESTDIR)$(PREFIX)/bin/wherry"

format: ## format the sources
	swift format -i -r Sources Tests Package.swift

lint: ## check the sources' format and structure, for what nothing uses, and that the documents name only what exists
	@scripts/check-docs
	@scripts/check-structure
	@scripts/check-unused
	swift format lint --strict -r Sources Tests Package.swift

clean: ## remove all that was built
	rm -rf .build
