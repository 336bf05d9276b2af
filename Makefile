# `make help` shows the `##` comment of each target. Scripts do the work.

PREFIX ?= /usr/local
DESTDIR ?=
PROGRAM := .build/$(if $(ARCH),$(ARCH)/)release/wherry
PAGES := .build/pages
RUNTIME ?= $(PROGRAM)

.DEFAULT_GOAL := help
.PHONY: help build release demo test test-unit test-tutorial test-vm test-systemd test-selinux test-engines test-hosts test-release conformance teeth bench install uninstall format lint clean

help: ## list these targets
	@echo "wherry, an OCI runtime for Linux. Targets:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: ## build the release program, .build/release/wherry, its manual pages and completions (as root: installs missing Debian packages); with ARCH=arm64 .build/arm64/release/wherry
	@scripts/build

release: ## make the files of a release in dist: tarball, Debian package, SPDX document, checksums; needs MAINTAINER="Name <address>" (as root: installs packages)
	@scripts/release

demo: ## build, take a container through its life and show what the container sees (root)
	@scripts/demo

test: ## build debug and release and run every test (root)
	@scripts/test

test-unit: ## run the tests that don't need root
	@scripts/test --unit

test-tutorial: ## run the commands of docs/tutorial.md, but not those that install wherry or need Docker, and compare their output (root)
	@conformance/tutorial/test "$(RUNTIME)"

test-vm: ## run the integration tests in a virtual machine with cgroup v2 and systemd
	@conformance/vm/test

test-systemd: ## kill and delete containers in systemd's scopes at random moments, and look for what is left; in a container of Debian 13 (root)
	@conformance/systemd/test

test-selinux: ## run the integration tests for SELinux, in a virtual machine that has it
	@conformance/vm/test --selinux

test-engines: ## test Docker, containerd, podman and buildah with the release program (root); RUNTIME=PATH chooses another
	@RUNTIME="$(RUNTIME)" conformance/engines/test

test-hosts: ## test engines with their defaults on whole Debians with systemd, in virtual machines (hours); ARCH=arm64
	@conformance/hosts/test

test-release: ## test manual pages, completions and packages, in fresh Debians too (root)
	@scripts/test-release

conformance: ## check each rule of the specification with RUNTIME, beside runc and crun (root); with ARCH=arm64 in a virtual machine
	@RUNTIME="$(RUNTIME)" conformance/rules/test

teeth: ## break the sources in many places, one by one, and see a test fail for each (root); CHAPTERS="config/mounts ..."
	@conformance/teeth/test $(foreach chapter,$(CHAPTERS),"$(chapter)")

bench: ## compare with runc, crun and the kernel's own floor (root); RUNTIMES="[NAME=]PATH ..." chooses others
	@Benchmarks/bench

install: ## install the built program, manual pages and completions below $(DESTDIR)$(PREFIX)
	@test -x $(PROGRAM) || { echo "wherry: there is no $(PROGRAM) yet: make build" >&2; exit 1; }
	install -D -m 0755 $(PROGRAM) "$(DESTDIR)$(PREFIX)/bin/wherry"
	[ ! -d $(PAGES) ] || (cd $(PAGES) && find * -type f -exec install -D -m 0644 {} "$(DESTDIR)$(PREFIX)/share/{}" \;)

uninstall: ## remove what was installed
	rm -f "$(DESTDIR)$(PREFIX)/bin/wherry"
	if cd "$(DESTDIR)$(PREFIX)/share" 2>/dev/null; then rm -f man/man8/wherry.8 man/man8/wherry-*.8 man/man7/wherry-errors.7 \
		bash-completion/completions/wherry zsh/site-functions/_wherry fish/vendor_completions.d/wherry.fish; fi

format: ## format the sources
	swift format -i -r Sources Tests Package.swift

lint: ## check the sources' format and structure, unused code, that everything named in the documents exists, and the list of errors
	@scripts/check-docs
	@scripts/check-structure
	@scripts/check-unused
	@scripts/check-errors
	@conformance/teeth/run --check
	swift format lint --strict -r Sources Tests Package.swift

clean: ## remove everything that was built
	rm -rf .build dist
