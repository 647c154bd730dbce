# Everything below sets itself up: Python environments and Node projects live in target/, and stamps in target/stamps say
# what is up to date. `make help` lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The scripts of the bindings look for what cargo built here, whatever the caller's environment says.
export CARGO_TARGET_DIR := $(CURDIR)/target
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

STAMPS := target/stamps
PACKAGE := target/package
# Maturin alone; and what a user has: the wheel, installed, with the tools of the tests beside it.
BUILD_PYTHON := target/python/build/bin
TRY_PYTHON := target/python/try/bin
# What the benchmark compares: the wheel beside what a script stands on.
BENCH_PYTHON := target/python/bench/bin

sources = $(shell find $(1) -type f -not -path '*/.*' -not -path '*/node_modules/*' -not -path '*/__pycache__/*')
CORE_SOURCES := Cargo.toml Cargo.lock $(call sources,core/Cargo.toml core/src sandbox)
PYTHON_SOURCES := $(call sources,bindings-python/Cargo.toml bindings-python/pyproject.toml bindings-python/src bindings-python/python)
NODE_SOURCES := $(call sources,bindings-node) LICENSE-MIT LICENSE-APACHE
SWIFT_SOURCES := $(call sources,bindings-swift)
PYTHON_CODE := bindings-python scripts examples/python benches

##@ First steps

.PHONY: help
help: ## Says what there is
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(STAMPS)/wheel-installed $(STAMPS)/example-tools ## Pulls a day of a simulated tenant's audit feed, and tells what is in it
	@$(TRY_PYTHON)/python examples/python/demo.py

.PHONY: test
test: ## Runs everything in all four languages, as CI does
	@scripts/tools.sh rust rust-lint python node
	@mkdir -p target/steps
	@# A machine without Swift fetches it meanwhile.
	@bindings-swift/scripts/swift.sh --version >target/steps/swift-toolchain.log 2>&1 & \
	"$${PYTHON:-python3}" scripts/steps.py lint-rust+package test-rust lint-python lint-node test-python test-node test-swift test-examples

.PHONY: package
package: package-python package-node package-swift ## Leaves what users install in target/package: wheel, npm tarball, Swift package

##@ While working on it

.PHONY: build
build: ## Builds all crates, without optimizing
	@scripts/tools.sh rust
	cargo build --workspace

.PHONY: codegen
codegen: ## Writes the typed faces of Python, Node and Swift anew, from the core's types
	cargo run --quiet -p m365kit-codegen

.PHONY: measure
measure: $(STAMPS)/wheel-installed $(STAMPS)/tarball $(STAMPS)/swift-package ## Prints figures: sizes, start-up, memory, lines of code
	@$(TRY_PYTHON)/python scripts/run_examples.py node >/dev/null
	$(TRY_PYTHON)/python scripts/measure/sizes.py
	$(TRY_PYTHON)/python scripts/measure/startup.py
	$(TRY_PYTHON)/python scripts/measure/memory.py
	$(TRY_PYTHON)/python scripts/measure/lines.py

.PHONY: bench
bench: $(STAMPS)/bench-python $(STAMPS)/bench-node $(STAMPS)/bench-swift ## The library beside a script and beside the machine: BENCH_RUNS (5), BENCH_ONLY (decode,scale,latency,limits,criterion)
	cargo build --quiet --locked --release -p m365kit-bench -p m365kit-sandbox
	@cd benches/program && ../../$(BENCH_PYTHON)/python -m bench

.PHONY: lint
lint: lint-rust lint-python lint-node ## Formatters and linters of Rust, Python and Node (Swift's run in test-swift)

.PHONY: clean
clean: ## Removes all that was built (not the Swift toolchain that bindings-swift/scripts/swift.sh keeps in the user's cache)
	rm -rf target bindings-node/node_modules bindings-swift/.build examples/swift/.build

##@ What takes longer

.PHONY: fuzz
fuzz: ## Coverage-guided fuzzing of all that reads bytes from outside: FUZZ_RUNS (200000) executions a target
	@scripts/tools.sh rust c++
	"$${PYTHON:-python3}" scripts/fuzz.py --runs $${FUZZ_RUNS:-200000} $(FUZZ_TARGETS)

.PHONY: kill
kill: ## A follower into files, killed KILLS (200) times at random moments: nothing is lost, doubled or torn
	@scripts/tools.sh rust
	cargo run --quiet --locked -p m365kit-tests --bin kill -- --sink jsonl --kills $${KILLS:-200}
	cargo run --quiet --locked -p m365kit-tests --bin kill -- --sink parquet --kills $${KILLS:-200}

.PHONY: soak
soak: ## Fifty tenants followed by one process for MINUTES (10): memory stays, and none starves
	@scripts/tools.sh rust
	cargo run --quiet --locked --release -p m365kit-tests --bin tenants -- --tenants 50 --minutes $${MINUTES:-10}

##@ The parts of test

.PHONY: lint-rust
lint-rust: ## rustfmt, clippy
	cargo fmt --check
	cargo fmt --check --manifest-path core/fuzz/Cargo.toml
	cargo clippy --quiet --locked --workspace --all-targets -- -D warnings

.PHONY: test-rust
test-rust: ## Unit tests, conformance, doctests, and that the generated faces and the table of coverage are up to date
	cargo test --quiet --locked --workspace
	"$${PYTHON:-python3}" scripts/coverage.py --check

.PHONY: lint-python
lint-python: $(STAMPS)/wheel-installed $(STAMPS)/python-tools $(STAMPS)/example-tools ## ruff, mypy --strict
	$(TRY_PYTHON)/ruff format --check $(PYTHON_CODE)
	$(TRY_PYTHON)/ruff check $(PYTHON_CODE)
	$(TRY_PYTHON)/mypy --strict --config-file bindings-python/pyproject.toml bindings-python/python/m365kit
	$(TRY_PYTHON)/mypy --strict --config-file bindings-python/pyproject.toml scripts examples/python
	@# What only the benchmark needs is not there to be looked into.
	$(TRY_PYTHON)/mypy --strict --config-file bindings-python/pyproject.toml --disable-error-code import-not-found --disable-error-code import-untyped benches/program/bench
	$(TRY_PYTHON)/mypy --strict --config-file bindings-python/pyproject.toml --disable-error-code import-not-found --disable-error-code import-untyped benches/program/python

.PHONY: lint-node
lint-node: $(STAMPS)/node-tools ## tsc --strict, prettier
	cd bindings-node && npm run --silent check
	cd bindings-node && npx --no-install prettier --config .prettierrc.json --check ../examples/node ../benches/program/node

.PHONY: test-python
test-python: $(STAMPS)/wheel-installed $(STAMPS)/python-tools ## The Python package: conformance and its own tests, on the installed wheel
	cd bindings-python && ../$(TRY_PYTHON)/python -m pytest --quiet

.PHONY: test-node
test-node: $(STAMPS)/tarball $(STAMPS)/node-tools ## The Node package: conformance and its own tests, on the installed tarball
	node bindings-node/scripts/test.mjs

.PHONY: test-swift
test-swift: $(STAMPS)/swift-package ## The Swift package: conformance and its own tests
	bindings-swift/scripts/test.sh

.PHONY: test-examples
test-examples: $(STAMPS)/wheel-installed $(STAMPS)/example-tools $(STAMPS)/tarball $(STAMPS)/swift-package ## The README's examples and those in examples/, all four languages
	$(TRY_PYTHON)/python scripts/run_examples.py

##@ The parts of package

.PHONY: package-python package-node package-swift
package-python: $(STAMPS)/wheel ## target/package/m365kit-*.whl
package-node: $(STAMPS)/tarball ## target/package/m365kit-*.tgz
package-swift: $(STAMPS)/swift-package ## target/package/M365Kit

$(STAMPS)/wheel: $(CORE_SOURCES) $(PYTHON_SOURCES) $(STAMPS)/maturin
	@mkdir -p $(PACKAGE)
	rm -f $(PACKAGE)/m365kit-*.whl
	$(BUILD_PYTHON)/maturin build --quiet --release --locked --manifest-path bindings-python/Cargo.toml --out $(PACKAGE)
	@ls -l $(PACKAGE)/m365kit-*.whl | awk '{ printf "%s: %.1f MB\n", $$NF, $$5 / 1e6 }'
	@touch $@

$(STAMPS)/tarball: $(CORE_SOURCES) $(NODE_SOURCES) $(STAMPS)/node-tools
	node bindings-node/scripts/package.mjs
	@touch $@

$(STAMPS)/swift-package: $(CORE_SOURCES) $(SWIFT_SOURCES) | $(STAMPS)
	@scripts/tools.sh rust
	bindings-swift/scripts/package.sh
	@touch $@

# What the above stand on

$(STAMPS):
	@mkdir -p $@

$(STAMPS)/maturin: bindings-python/requirements-dev.txt | $(STAMPS)
	@scripts/tools.sh rust python
	scripts/venv.sh target/python/build
	$(BUILD_PYTHON)/python -m pip install --quiet maturin --constraint bindings-python/requirements-dev.txt
	@touch $@

$(STAMPS)/try-python: scripts/venv.sh | $(STAMPS)
	scripts/venv.sh target/python/try
	@touch $@

$(STAMPS)/wheel-installed: $(STAMPS)/wheel $(STAMPS)/try-python
	$(TRY_PYTHON)/python -m pip install --quiet --no-deps --no-index --force-reinstall $(PACKAGE)/m365kit-*.whl
	@touch $@

$(STAMPS)/example-tools: examples/python/requirements.txt $(STAMPS)/try-python
	$(TRY_PYTHON)/python -m pip install --quiet --requirement examples/python/requirements.txt
	@touch $@

$(STAMPS)/python-tools: bindings-python/requirements-dev.txt $(STAMPS)/try-python
	$(TRY_PYTHON)/python -m pip install --quiet --requirement bindings-python/requirements-dev.txt
	@touch $@

$(STAMPS)/bench-tools: benches/program/requirements.txt scripts/venv.sh | $(STAMPS)
	@scripts/tools.sh python
	scripts/venv.sh target/python/bench
	$(BENCH_PYTHON)/python -m pip install --quiet --requirement benches/program/requirements.txt
	@touch $@

$(STAMPS)/bench-python: $(STAMPS)/bench-tools $(STAMPS)/wheel
	$(BENCH_PYTHON)/python -m pip install --quiet --no-deps --no-index --force-reinstall $(PACKAGE)/m365kit-*.whl
	@touch $@

$(STAMPS)/bench-node: $(call sources,benches/program/node) $(STAMPS)/tarball
	rm -rf target/bench/node
	@mkdir -p target/bench/node
	echo '{ "name": "bench", "private": true }' >target/bench/node/package.json
	cp benches/program/node/*.mjs target/bench/node/
	cd target/bench/node && npm install --offline --no-audit --no-fund --loglevel=error $(CURDIR)/$(PACKAGE)/m365kit-*.tgz
	@touch $@

$(STAMPS)/bench-swift: $(call sources,benches/program/swift) $(STAMPS)/swift-package
	benches/program/swift/build.sh
	@touch $@

$(STAMPS)/node-tools: bindings-node/package-lock.json | $(STAMPS)
	@scripts/tools.sh rust node
	cd bindings-node && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
